"""A DAVE call in memory: the gateway's role, members of either implementation, queues between."""

import datetime as dt
import itertools
import random
from collections import deque
from collections.abc import Iterable

import dave

from bot.loopback.voice.dave import DaveGroup, Send
from bot.loopback.voice.membership import DaveySession, GroupSession, Membership
from bot.loopback.voice.opcodes import Body, Op

CHANNEL = 555_000_000_000_000_001


class LibdaveSession:
    """DaveSession by libdave, Discord's own implementation."""

    def __init__(self, user_id: int, channel_id: int) -> None:
        self._me = user_id
        self._channel_id = channel_id
        self._failures: list[tuple[str, str]] = []
        self._session = dave.Session(lambda *failure: self._failures.append(failure))
        self._encryptor = dave.Encryptor()
        self._encryptor.assign_ssrc_to_codec(1, dave.Codec.opus)
        self._decryptors: dict[int, dave.Decryptor] = {}
        self._sender = b""

    @property
    def ready(self) -> bool:
        return bool(self._session.has_established_group())

    def restart(self) -> bytes:
        self._session.reset()
        self._session.init(1, self._channel_id, str(self._me))
        if self._sender:
            self._session.set_external_sender(self._sender)
        key_package = self._session.get_marshalled_key_package()
        assert key_package is not None
        return bytes(key_package)

    def external_sender(self, package: bytes) -> None:
        self._sender = package
        self._session.set_external_sender(package)

    def proposals(self, body: bytes, call: frozenset[int]) -> bytes | None:
        answer = self._session.process_proposals(body, {str(one) for one in call})
        return None if answer is None else bytes(answer)

    def commit(self, message: bytes, upcoming: Iterable[bytes]) -> None:  # noqa: ARG002
        roster = self._session.process_commit(message)
        if not isinstance(roster, dict):
            raise ValueError(f"libdave rejected the commit: {roster} {self._failures}")  # noqa: TRY004
        self._prepare()

    def welcome(self, message: bytes, call: frozenset[int]) -> None:
        if self._session.process_welcome(message, {str(one) for one in call}) is None:
            raise ValueError(f"libdave rejected the welcome: {self._failures}")
        self._prepare()

    def _prepare(self) -> None:
        """Be able to read the new epoch at once, and the old one for ten seconds."""
        for one in self.known:
            ratchet = self._session.get_key_ratchet(str(one))
            if ratchet is not None and one != self._me:
                decryptor = self._decryptors.setdefault(one, dave.Decryptor())
                decryptor.transition_to_key_ratchet(ratchet, dt.timedelta(seconds=10))

    known: Iterable[int] = ()

    def switch(self) -> None:
        self._encryptor.set_key_ratchet(self._session.get_key_ratchet(str(self._me)))

    def encrypt(self, frame: bytes) -> bytes:
        sealed = self._encryptor.encrypt(dave.MediaType.audio, 1, frame)
        if sealed is None:
            raise ValueError("libdave did not encrypt")
        return bytes(sealed)

    def decrypt(self, user_id: int, frame: bytes) -> bytes:
        decryptor = self._decryptors.get(user_id)
        opened = None if decryptor is None else decryptor.decrypt(dave.MediaType.audio, frame)
        if opened is None:
            raise ValueError("libdave did not decrypt")
        return bytes(opened)

    def privacy_code(self) -> str:
        authenticator = self._session.get_last_epoch_authenticator()
        return dave.generate_displayable_code(authenticator, 30, 5) if authenticator else ""


class DaveCall:
    """The group and its members; messages wait in one queue per member and direction.

    Args:
        seed: Chooses which queue moves next; each is in order, as a websocket is.
        libdave: The user ids whose sessions are libdave's; the others' are davey's.
    """

    def __init__(self, seed: int = 0, libdave: frozenset[int] = frozenset()) -> None:
        self._random = random.Random(seed)
        self._libdave = libdave
        self.group = DaveGroup(CHANNEL)
        self.members: dict[int, Membership] = {}
        self._down: dict[int, deque[tuple[Op, Body]]] = {}
        self._up: dict[int, deque[tuple[Op, Body]]] = {}
        self.upcoming: dict[int, list[bytes]] = {}
        self.executed: list[tuple[int, int]] = []

    def join(self, user_id: int) -> None:
        session: GroupSession
        if user_id in self._libdave:
            session = LibdaveSession(user_id, CHANNEL)
            session.known = self.members
        else:
            session = DaveySession(user_id, CHANNEL)
        upcoming = self.upcoming.setdefault(user_id, [])
        member = Membership(user_id, session, lambda: upcoming)
        others = [str(one) for one in self.members]
        for other in self.members:
            self._down[other].append((Op.CLIENTS_CONNECT, {"user_ids": [str(user_id)]}))
        self.members[user_id] = member
        self._down[user_id] = deque([(Op.CLIENTS_CONNECT, {"user_ids": others})])
        self._up[user_id] = deque()
        self._post(self.group.join(user_id))
        self._up[user_id].extend(member.start())

    def leave(self, user_id: int) -> None:
        for queues in (self.members, self._down, self._up):
            del queues[user_id]
        for other in self.members:
            self._down[other].append((Op.CLIENT_DISCONNECT, {"user_id": str(user_id)}))
        self._post(self.group.leave(user_id))

    def steps(self, count: int | None = None) -> None:
        """Move messages, each time of a queue chosen at random, until none is left."""
        for done in itertools.count():
            queues = [
                (u, up)
                for u in self.members
                for up in (True, False)
                if (self._up if up else self._down)[u]
            ]
            if not queues or done == count:
                return
            assert done < 20_000, "the members never stop answering each other"
            user_id, up = self._random.choice(queues)
            op, body = (self._up if up else self._down)[user_id].popleft()
            if up:
                self._post(self._gateway(user_id, op, body))
            else:
                if op is Op.EXECUTE_TRANSITION:
                    assert isinstance(body, dict)
                    self.executed.append((user_id, body["transition_id"]))
                self._up[user_id].extend(self.members[user_id].receive(op, body))

    def _gateway(self, user_id: int, op: Op, body: Body) -> list[Send]:
        if isinstance(body, bytes):
            handle = {Op.KEY_PACKAGE: self.group.key_package, Op.COMMIT_WELCOME: self.group.commit}
            return handle[op](user_id, body)
        assert body is not None
        answer = {Op.TRANSITION_READY: self.group.ready}.get(op, self.group.invalid)
        return answer(user_id, body["transition_id"])

    def _post(self, sends: list[Send]) -> None:
        for send in sends:
            self._down[send.user_id].append((send.op, send.body))

    def check(self) -> None:
        """Everybody shares the group and hears everybody."""
        if len(self.members) < 2:
            return
        codes = {member.session.privacy_code() for member in self.members.values()}
        assert len(codes) == 1
        assert "" not in codes
        assert self.group.in_group() == set(self.members)
        assert all(member.ready for member in self.members.values())
        assert all(self.group.must_encrypt(user_id) for user_id in self.members)
        for speaker, hearer in itertools.permutations(self.members, 2):
            frame = b"\xfc" + self._random.randbytes(60)
            sealed = self.members[speaker].session.encrypt(frame)
            assert frame not in sealed
            assert self.members[hearer].session.decrypt(speaker, sealed) == frame
