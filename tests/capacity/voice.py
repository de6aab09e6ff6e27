"""Voice servers in processes of their own, whose people talk in packets that were encoded before.

The one real `VoiceServer` runs in each, for the gateway and the group's keys. Only the way of the
audio is shorter than there: an encoded frame is encrypted twice and sent.
"""

import asyncio
import itertools
import secrets
import statistics
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, cast

from bot.audio.opus import SILENCE
from bot.loopback.voice import VoiceMember, VoiceServer
from bot.loopback.voice.member import NewSession
from bot.loopback.voice.membership import DaveySession
from bot.loopback.voice.opcodes import Close
from bot.loopback.voice.session import VoiceSession
from bot.tasks import TaskOwner
from tests.bench.measure import Child
from tests.bench.scene import speech_packets

FRAME_S: Final = 0.02
SPOKEN: Final = 400  # frames of an utterance: 8 s
CYCLE: Final = 800  # frames from one to the next: each talks half of the time
_SLOTS: Final = 10  # parts of 20 ms: whoever has the same one talks in it
_EXTENSION: Final = struct.pack(">HH", 0xBEDE, 2)
_WORDS: Final = bytes.fromhex("5100000010ff0000")
_TRAIL: Final = 5  # frames of silence after speech
_LATE: Final = 5_000  # ticks whose lateness is kept


class _Talker:
    """One person: says the same speech again and again.

    Args:
        member: The person in the call.
        frames: Opus packets of the speech.
        phase: Frames from the beginning of the cycle at which it starts.
    """

    def __init__(self, member: VoiceMember, frames: tuple[bytes, ...], phase: int) -> None:
        self._member = member
        self._frames = frames
        self._at = phase
        self._sequence = secrets.randbits(16)
        self._timestamp = secrets.randbits(32)
        self.sent = 0

    def tick(self) -> None:
        """Send what is due in these 20 ms."""
        member, at = self._member, self._at % CYCLE
        self._at += 1
        self._timestamp = (self._timestamp + 960) & 0xFFFF_FFFF
        if at >= SPOKEN + _TRAIL or member._gone:
            return
        if at == 0:
            member._say_that(on=True)
        elif at == SPOKEN + _TRAIL - 1:
            member._say_that(on=False)
        dave = member.membership
        if dave is None or not dave.ready:
            return
        frame = SILENCE if at >= SPOKEN else dave.session.encrypt(self._frames[self._at % SPOKEN])
        self._sequence = (self._sequence + 1) & 0xFFFF
        head = struct.pack(">BBHII", 0x90, 120, self._sequence, self._timestamp, member.ssrc)
        for seat in member._call._seats.values():
            if (
                isinstance(seat, VoiceSession)
                and seat.transport is not None
                and seat.address is not None
            ):
                seat._send(seat.transport.seal(head + _EXTENSION, _WORDS + frame), seat.address)
                self.sent += 1


def serve(pipe: Connection) -> None:
    """Serve until the pipe says "end"."""
    asyncio.run(_Voice(pipe).run())


class _Voice:
    """One process with a voice server."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._talks = [talk[:SPOKEN] for talk in speech_packets(SPOKEN * FRAME_S)]
        self._slots: list[list[_Talker]] = [[] for _ in range(_SLOTS)]
        self._numbers = itertools.count()
        self._late: list[float] = []
        self._over = asyncio.Event()
        self._complaints: list[str] = []

    async def run(self) -> None:
        self._server = VoiceServer(complain=self._complaints.append)
        await self._server.start()
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._asked)
        self._pipe.send((self._server.endpoint, self._server.ca_file.read_text(encoding="ascii")))
        tasks = TaskOwner("voice")
        tasks.start(self._talk(), "talk")
        await self._over.wait()
        await tasks.close()
        await self._server.close()

    def _asked(self) -> None:
        name, *given = self._pipe.recv()
        if name == "end":
            self._over.set()
            return
        self._pipe.send(getattr(self, f"_{name}")(*given))

    def _admit(self, guild_id: int, channel_id: int, user_id: int, session_id: str) -> str:
        return self._server.admit(
            guild_id=guild_id, channel_id=channel_id, user_id=user_id, session_id=session_id
        )

    def _expel(self, channel_id: int, user_id: int, code: int) -> None:
        self._server.expel(channel_id, user_id, code)

    def _enter(self, channel_id: int, user_id: int) -> None:
        number = next(self._numbers)
        frames = self._talks[number % len(self._talks)]
        # The golden ratio spreads them evenly, however many there will be.
        phase = round(number * 0.618 * CYCLE)
        talker = _Talker(self._server.enter(channel_id, user_id), frames, phase % CYCLE)
        self._slots[round(number * 0.618 * _SLOTS) % _SLOTS].append(talker)

    def _figures(self) -> tuple[float, int, list[str]]:
        late, self._late = self._late, []
        sent = sum(talker.sent for slot in self._slots for talker in slot)
        p99 = statistics.quantiles(late, n=100)[98] if len(late) > 1 else 0.0
        return p99, sent, self._complaints

    async def _talk(self) -> None:
        due = time.monotonic()
        for slot in itertools.cycle(self._slots):
            due += FRAME_S / _SLOTS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._late = self._late[-_LATE:] if len(self._late) > 2 * _LATE else self._late
            self._late.append(time.monotonic() - due)
            for talker in slot:
                talker.tick()


class VoiceProcess:
    """The other end of the pipe to `serve`."""

    def __init__(self) -> None:
        self._child = Child(serve)
        found = self._child.result()
        assert isinstance(found, tuple)
        self.endpoint, self.certificate = found

    def ask(self, name: str, *given: object) -> Any:
        """Have it do something, and return what it answers."""
        self._child.pipe.send((name, *given))
        return self._child.result()

    def end(self) -> None:
        """End it. Idempotent."""
        with suppress(OSError):
            self._child.pipe.send(("end",))
            self._child.end()


class _Elsewhere:
    """A member of another process."""

    async def ready(self) -> None:
        """Return at once: it talks as soon as it can."""


class SpreadVoice(VoiceServer):
    """Stands for one voice server: each channel's call is held by one of many.

    Args:
        processes: Those that hold them.
        ca_file: Where to write the certificates to trust.
        complain: Is told what a client did that Discord would refuse.
        spoke: As `VoiceServer` has it; never called.
    """

    def __init__(
        self,
        processes: list[VoiceProcess],
        ca_file: Path,
        *,
        complain: Callable[[str], None],
        spoke: Callable[[int, bool], None],
    ) -> None:
        super().__init__(complain=complain, spoke=spoke)
        self._processes = processes
        self._channels: dict[int, VoiceProcess] = {}
        self.ca_file = ca_file

    async def start(self) -> None:
        certificates = "".join(process.certificate for process in self._processes)
        self.ca_file.write_text(certificates, encoding="ascii")

    async def close(self) -> None:
        for process in self._processes:
            process.end()

    def _of(self, channel_id: int) -> VoiceProcess:
        turn = self._processes[len(self._channels) % len(self._processes)]
        return self._channels.setdefault(channel_id, turn)

    def admit(self, *, guild_id: int, channel_id: int, user_id: int, session_id: str) -> str:
        process = self._of(channel_id)
        self.endpoint = process.endpoint
        return str(process.ask("admit", guild_id, channel_id, user_id, session_id))

    def expel(self, channel_id: int, user_id: int, code: int = Close.DISCONNECTED) -> None:
        self._of(channel_id).ask("expel", channel_id, user_id, int(code))

    def enter(
        self,
        channel_id: int,
        user_id: int,
        new_session: NewSession = DaveySession,
    ) -> VoiceMember:
        assert new_session is DaveySession
        self._of(channel_id).ask("enter", channel_id, user_id)
        return cast(VoiceMember, _Elsewhere())


def voice_of(processes: list[VoiceProcess], ca_file: Path) -> Callable[..., VoiceServer]:
    """Return what makes a `SpreadVoice`."""
    return partial(SpreadVoice, processes, ca_file)
