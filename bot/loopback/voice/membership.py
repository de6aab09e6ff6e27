"""A member's side of DAVE: what it answers to the gateway, and its frames' encryption.

`Membership` knows the order of messages; the cryptography is a `GroupSession`, of which
`DaveySession` is the one that Parley runs. Source: the DAVE whitepaper (daveprotocol.com),
protocol version 1.
"""

import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import davey

from bot.errors import LoopbackError
from bot.loopback.voice.opcodes import Body, Op


class GroupSession(Protocol):
    """One member's cryptography in the group of one call.

    Every method may raise ValueError or RuntimeError for what it can't digest.
    """

    @property
    def ready(self) -> bool:
        """Whether it is in a group and has keys."""

    def restart(self) -> bytes:
        """Forget any group; a fresh key package."""

    def external_sender(self, package: bytes) -> None:
        """Take the gateway's signature key, of op 25."""

    def proposals(self, body: bytes, call: frozenset[int]) -> bytes | None:
        """Take the body of op 27; the body of op 28 when there is something to commit.

        `call` are the users known to be in the call, the only ones who may be added.
        """

    def commit(self, message: bytes, upcoming: Iterable[bytes]) -> None:
        """Take a winning commit. `upcoming` are frames that may be wanted before `switch`."""

    def welcome(self, message: bytes, call: frozenset[int]) -> None:
        """Take the welcome into a group."""

    def switch(self) -> None:
        """Encrypt with the newest epoch's key from now on."""

    def encrypt(self, frame: bytes) -> bytes:
        """Encrypt an Opus frame for the others of the group."""

    def decrypt(self, user_id: int, frame: bytes) -> bytes:
        """Decrypt a frame of another member."""

    def privacy_code(self) -> str:
        """Return what members compare to know that they share the group; 30 digits."""


class DaveySession:
    """DaveSession by davey, which discord.py uses as well.

    davey has no way to hold the newest key back until all switch: it encrypts with it from the
    commit on. So the frames that are due before then are encrypted in advance with the old one.
    """

    def __init__(self, user_id: int, channel_id: int) -> None:
        self._user_id = user_id
        self._channel_id = channel_id
        self._session = davey.DaveSession(1, user_id, channel_id)
        self._in_advance: deque[tuple[bytes, bytes]] = deque()  # bounded by what commit() is given

    @property
    def ready(self) -> bool:
        """Whether it is in a group and has keys."""
        return self._session.ready

    def restart(self) -> bytes:
        """Forget any group; a fresh key package."""
        self._in_advance.clear()
        self._session.reinit(1, self._user_id, self._channel_id)
        return self._session.get_serialized_key_package()

    def external_sender(self, package: bytes) -> None:
        """Take the gateway's signature key."""
        self._session.set_external_sender(package)

    def proposals(self, body: bytes, call: frozenset[int]) -> bytes | None:
        """Take proposals; a commit and maybe a welcome."""
        kind = davey.ProposalsOperationType
        operation = kind.append if body[:1] == b"\x00" else kind.revoke
        answer = self._session.process_proposals(operation, body[1:], sorted(call))
        return None if answer is None else answer.commit + (answer.welcome or b"")

    def commit(self, message: bytes, upcoming: Iterable[bytes]) -> None:
        """Take a winning commit."""
        if self.ready and not self._in_advance:
            encrypt = self._session.encrypt_opus
            self._in_advance.extend((frame, encrypt(frame)) for frame in upcoming)
        self._session.process_commit(message)

    def welcome(self, message: bytes, call: frozenset[int]) -> None:  # noqa: ARG002 - the port's
        """Take the welcome into a group."""
        self._session.process_welcome(message)

    def switch(self) -> None:
        """Encrypt with the newest epoch's key from now on."""
        self._in_advance.clear()

    def encrypt(self, frame: bytes) -> bytes:
        """Encrypt an Opus frame for the others of the group."""
        if self._in_advance:
            plain, sealed = self._in_advance.popleft()
            if plain == frame:
                return sealed
            self._in_advance.clear()
        return self._session.encrypt_opus(frame)

    def decrypt(self, user_id: int, frame: bytes) -> bytes:
        """Decrypt a frame of another member."""
        return bytes(self._session.decrypt(user_id, davey.MediaType.audio, frame))

    def privacy_code(self) -> str:
        """Return what members compare to know that they share the group."""
        return self._session.voice_privacy_code or ""


class Membership:
    """Answers the gateway's messages about DAVE as a client does.

    Args:
        user_id: The member.
        session: The implementation of DAVE's cryptography.
        upcoming: The Opus frames it will send next, for at most some seconds.
    """

    def __init__(
        self, user_id: int, session: GroupSession, upcoming: Callable[[], Iterable[bytes]] = tuple
    ) -> None:
        self.session = session
        self._upcoming = upcoming
        self._call = {user_id}
        self._pending: set[int] = set()
        self._recovering = False
        self.recoveries = 0  # commits and welcomes that could not be read
        self.out_of_date = 0  # proposals for the group that was given up in a recovery

    @property
    def ready(self) -> bool:
        """Whether it is in the group, and no change of keys is under way."""
        return self.session.ready and not self._pending

    def receive(self, op: Op, body: Body) -> list[tuple[Op, Body]]:
        """Return what to answer to a message of the gateway.

        Raises:
            LoopbackError: The session refused what only the gateway can have got wrong.
        """
        if isinstance(body, bytes):
            return self._binary(op, body)
        if body is None:
            return []
        if op is Op.CLIENTS_CONNECT:
            self._call.update(int(user_id) for user_id in body["user_ids"])
        elif op is Op.CLIENT_DISCONNECT:
            self._call.discard(int(body["user_id"]))
        elif op is Op.EXECUTE_TRANSITION:
            self._pending.discard(body["transition_id"])
            if not self._pending:
                self.session.switch()
        elif op is Op.PREPARE_EPOCH and body["epoch"] == 1:
            return self.start()
        return []

    def start(self) -> list[tuple[Op, Body]]:
        """Begin outside of any group: the key package with which to be added."""
        self._pending.clear()
        return [(Op.KEY_PACKAGE, self.session.restart())]

    def _binary(self, op: Op, body: bytes) -> list[tuple[Op, Body]]:
        if op in {Op.ANNOUNCE_COMMIT, Op.WELCOME}:
            return self._transition(op, body)
        commit = None
        try:
            if op is Op.EXTERNAL_SENDER:
                self.session.external_sender(body)
            elif op is Op.PROPOSALS:
                commit = self.session.proposals(body, frozenset(self._call))
        except (ValueError, RuntimeError) as error:
            if self._recovering:
                self.out_of_date += 1
                return []
            raise LoopbackError(f"A member's DAVE session refused op {op:d}: {error}") from error
        return [] if commit is None else [(Op.COMMIT_WELCOME, commit)]

    def _transition(self, op: Op, body: bytes) -> list[tuple[Op, Body]]:
        (transition_id,) = struct.unpack_from(">H", body)
        try:
            if op is Op.WELCOME:
                self.session.welcome(body[2:], frozenset(self._call))
            else:
                self.session.commit(body[2:], self._upcoming())
        except (ValueError, RuntimeError):
            # A member that can't follow says so and asks to be added anew; that is its protocol.
            self.recoveries += 1
            self._recovering = True
            return [
                (Op.INVALID_COMMIT_WELCOME, {"transition_id": transition_id}),
                *self.start(),
            ]
        self._recovering = False
        self._pending.add(transition_id)
        return [(Op.TRANSITION_READY, {"transition_id": transition_id})]
