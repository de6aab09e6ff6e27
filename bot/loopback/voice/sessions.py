"""Who was admitted to a call, and who has come."""

import secrets
from collections.abc import Callable

from bot.errors import RefusedError
from bot.loopback.voice.opcodes import Close
from bot.loopback.voice.session import Address, Grant, VoiceSession

_UNDER_WAY = 10  # datagrams: 200 ms, which may come after the message that ended their session
_ENDED = 256  # addresses that are remembered


class Sessions:
    """Grants by user and guild, of which each has one at a time, and the sessions that used them.

    Args:
        open_session: Makes the session of a grant; it ends an earlier one of the same user.
    """

    def __init__(self, open_session: Callable[[Grant], VoiceSession]) -> None:
        self.udp_port = 0
        self._open_session = open_session
        self._grants: dict[tuple[int, int], Grant] = {}
        self._sessions: dict[Grant, VoiceSession] = {}
        self._by_ssrc: dict[int, VoiceSession] = {}
        self._by_address: dict[Address, VoiceSession] = {}
        self._under_way: dict[Address, int] = {}  # of sessions that ended

    def admit(self, guild_id: int, channel_id: int, user_id: int, session_id: str) -> str:
        """Let a user in; the token for it, the same while nothing else changed.

        An earlier token of this user in this guild is void.
        """
        known = self._grants.get((guild_id, user_id))
        if known is not None and (known.channel_id, known.session_id) == (channel_id, session_id):
            return known.token
        token = secrets.token_hex(8)
        self._grants[guild_id, user_id] = Grant(guild_id, channel_id, user_id, session_id, token)
        return token

    def revoke(self, channel_id: int, user_id: int) -> None:
        """Revoke what this user was given for a channel."""
        for key, grant in list(self._grants.items()):
            if (grant.channel_id, grant.user_id) == (channel_id, user_id):
                del self._grants[key]

    def all(self) -> tuple[VoiceSession, ...]:
        """Return the sessions that have not ended."""
        return tuple(self._sessions.values())

    def ended(self, session: VoiceSession) -> None:
        """Forget a session that ended."""
        self._sessions = {g: one for g, one in self._sessions.items() if one is not session}
        self._by_ssrc.pop(session.ssrc, None)
        for address in [a for a, one in self._by_address.items() if one is session]:
            del self._by_address[address]
            self._under_way[address] = _UNDER_WAY
        while len(self._under_way) > _ENDED:
            del self._under_way[next(iter(self._under_way))]

    # For the gateway

    def identify(self, server_id: str, user_id: str, session_id: str, token: str) -> VoiceSession:
        """Open a new session.

        Raises:
            RefusedError: The token is not one, or was given to another or for another session.
        """
        grant = self._grant(token)
        if str(grant.user_id) != user_id:
            raise RefusedError("voice: the token is another user's", Close.AUTHENTICATION_FAILED)
        self._match(grant, server_id, session_id)
        session = self._open_session(grant)
        self._sessions[grant] = session
        self._by_ssrc[session.ssrc] = session
        return session

    def find(self, server_id: str, session_id: str, token: str) -> VoiceSession:
        """Return the session to resume.

        Raises:
            RefusedError: There is none with these.
        """
        grant = self._grant(token, unknown=Close.SESSION_INVALID)
        self._match(grant, server_id, session_id)
        session = self._sessions.get(grant)
        if session is None:
            raise RefusedError("voice: resumed no session", Close.SESSION_INVALID)
        return session

    def _grant(self, token: str, unknown: Close = Close.AUTHENTICATION_FAILED) -> Grant:
        for grant in self._grants.values():
            if secrets.compare_digest(grant.token.encode(), token.encode()):
                return grant
        raise RefusedError("voice: an unknown token", unknown)

    def _match(self, grant: Grant, server_id: str, session_id: str) -> None:
        if (str(grant.guild_id), grant.session_id) != (server_id, session_id):
            raise RefusedError("voice: another server or session", Close.SESSION_INVALID)

    # For the UDP port

    def by_ssrc(self, ssrc: int) -> VoiceSession | None:
        """Return the session whose SSRC this is, or None."""
        return self._by_ssrc.get(ssrc)

    def by_address(self, address: Address) -> VoiceSession | None:
        """Return the session that sends from there, or None."""
        return self._by_address.get(address)

    def was_under_way(self, address: Address) -> bool:
        """Return whether a datagram may have been sent before its session ended; few may."""
        left = self._under_way.get(address, 0)
        if left:
            self._under_way[address] = left - 1
        return left > 0

    def moved(self, session: VoiceSession, address: Address) -> None:
        """Record that a session sends from there from now on."""
        if session.address is not None and self.by_address(session.address) is session:
            del self._by_address[session.address]
        session.address = address
        self._by_address[address] = session
