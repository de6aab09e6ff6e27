"""The keys of a voice connection, read from discord.py for each packet."""

from collections.abc import Sequence

from discord.utils import MISSING

from bot.voice.discord_internals import ConnectionState
from bot.voice.receive.dave import DaveSession


class LiveKeys:
    """The keys of a connection as they are now; see `bot.voice.receive.dave.Keys`."""

    def __init__(self, connection: ConnectionState) -> None:
        self._connection = connection
        self._loop = connection.voice_client.loop

    @property
    def mode(self) -> str | None:
        """The mode of the transport encryption; None until it is known."""
        mode: str | None = self._connection.mode
        return None if mode is MISSING else mode

    @property
    def secret_key(self) -> Sequence[int] | None:
        """The key of the transport encryption; None until it is known."""
        key = self._connection.secret_key
        return None if key is MISSING else key

    @property
    def session(self) -> DaveSession | None:
        """The DAVE session."""
        session: DaveSession | None = self._connection.dave_session
        return session

    @property
    def dave_version(self) -> int:
        """The call's version of DAVE; 0 without it."""
        return self._connection.dave_protocol_version

    @property
    def plain_allowed(self) -> bool:
        """Whether the call is changing between plain and encrypted."""
        connection = self._connection
        pending = connection.dave_pending_transitions
        return (bool(pending) and 0 in tuple(pending.values())) or (
            connection.plain_until > 0 and self._loop.time() < connection.plain_until
        )
