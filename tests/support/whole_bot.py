"""A whole bot without sockets: from datagrams to the service, the channel, the logs, the tables.

Real are the hearing, the rooms, consent, LiveTranslate, the captions' schedule, the ledger and the
database. Discord's gateway, the text channel and the service are in memory; time is held.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import bot.translation.interpreter
from bot.audio.opus import SILENCE
from bot.chat.board import ChannelBoard
from bot.chat.budget import Budget
from bot.chat.transport import MessageRef, Posted
from bot.domain.events import Member, Speech
from bot.domain.notices import Announcement, Notice, Sight
from bot.domain.plan import RoomPlan
from bot.domain.ports import Listener
from bot.errors import ChatError
from bot.records.forgetting import Forgetting
from bot.records.transcripts import Transcripts
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable
from bot.store.voices import VoiceTable
from bot.store.wishes import WishTable
from bot.tasks import TaskOwner
from bot.usage.daily_allowance import Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from tests.support.clock import ManualClock
from tests.support.live_translate import live_translate
from tests.support.rooms import RoomParts
from tests.support.speech_by_pitch import Ear, PitchService
from tests.support.tracks import MemoryTrack
from tests.support.usage_in_memory import Calendar, daily
from tests.unit.voice.voice_call import Desk, Talker

GUILD, VOICE, TEXT = 1, 2, 3
MODEL = "qwen3-livetranslate-flash-realtime"
T = TypeVar("T")


class HearingLink:
    """The port `VoiceLink` on a hearing without sockets; hands on whatever was decoded."""

    def __init__(self, whole: "WholeBot", listener: Listener) -> None:
        self._whole = whole
        self._listener = listener
        self.channel_id = VOICE
        self.closed = False

    def allow(self, user_ids: frozenset[int]) -> None:
        if not self.closed:
            self._whole.desk.hearing.allowed = user_ids

    def pump(self) -> None:
        for user_id, pcm, at in self._whole.desk.hearing.take():
            if self.closed:
                continue
            if pcm is None:
                self._listener.fell_silent(user_id, at)
            else:
                self._listener.heard(Speech(user_id, pcm, at))

    def joined(self, member: Member) -> None:
        if not self.closed:
            self._listener.joined(member)

    def left(self, user_id: int) -> None:
        if not self.closed:
            self._listener.left(user_id)

    def members(self) -> tuple[Member, ...]:
        return tuple(self._whole.present.values())

    def begin(self, *, gain: float = 1.0) -> MemoryTrack:
        raise AssertionError(gain)

    def someone_speaks(self) -> bool:
        return False

    def figures(self) -> dict[str, float]:
        return dict(self._whole.desk.figures.as_mapping())

    async def close(self) -> None:
        self.allow(frozenset())
        self.closed = True


class Channel:
    """A text channel that keeps all that was ever written into it."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def own_budget(self) -> Budget | None:
        return None

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        assert not own
        self.written.append(content)
        return Posted(MessageRef(len(self.written), None if speaker is None else 1))

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        del ref, speaker
        self.written.append(content)

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        raise AssertionError((speaker, content))  # nothing goes unanswered here

    async def delete(self, ref: MessageRef) -> None:
        assert ref.id

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        return bool(refs)


class WholeBot:
    """One guild's voice channel, and the bot.

    Args:
        file: The database.
        pitches: That may be spoken.
        unknown: Members of whom Discord does not say who they are, and bots.
    """

    def __init__(self, file: Path, pitches: list[int], unknown: frozenset[int]) -> None:
        self.file = file
        self.desk = Desk()
        self.clock = ManualClock(self.desk.now)
        self.service = PitchService(self.clock, Ear(pitches))
        self.channel = Channel()
        self.announced: list[tuple[float, Announcement]] = []
        self.notices: list[tuple[float, Notice]] = []
        self.farewells: list[str] = []
        self.unreachable = False
        self.blind: set[int] = set()  # who can't view the text channel
        self.lost: str | None = None  # why nothing can be written there any more
        self.there: dict[int, Member] = {}  # people in the voice channel
        self.present: dict[int, Member] = {}  # of whom Discord told the bot so
        self.links: list[HearingLink] = []
        self._unknown = unknown
        self._talkers: dict[int, Talker] = {}
        self._ssrcs = iter(range(1000, 1 << 31))
        self._patch = mock.patch.object(bot.translation.interpreter, "Link", self.service.link)
        self._patch.start()

    async def open(self) -> None:
        """The process begins."""
        self.tasks = TaskOwner("test")
        self.database = await Database.open(f"sqlite+aiosqlite:///{self.file}")
        self.settings = SettingsTable(self.database)
        self.ledger = Ledger(
            UsageTable(self.database),
            model=MODEL,
            text_model="none",
            tts_model="a-tts",
            clock=self.clock,
            wall=Calendar(self.clock),
        )
        self.transcripts = Transcripts(
            TranscriptTable(self.database),
            self.settings,
            clock=self.clock,
            wall=Calendar(self.clock),
        )
        self.rooms = RoomParts(
            interpreter=live_translate(
                url="ws://127.0.0.1:9/x", api_key="none", model=MODEL, clock=self.clock
            ),
            answers=ConsentTable(self.database),
            join_voice=self._join,
            open_board=self._open_board,
            clock=self.clock,
            accounts=Accounts(
                self.ledger,
                Prices({}),
                host=daily(0, self.clock),
                clock=self.clock,
                settings=self.settings.settings,
            ),
            settings=self.settings,
            wishes=WishTable(self.database),
            voices=VoiceTable(self.database),
            saved=RoomTable(self.database),
            notices=self,
            readers=self,
            record=self.transcripts.record,
        ).rooms()
        self.forgetting = Forgetting(self.rooms, self.ledger, self.transcripts)

    async def _join(self, channel_id: int, listener: Listener, *, speaks: bool) -> HearingLink:
        assert channel_id == VOICE
        assert not speaks
        self.links.append(HearingLink(self, listener))
        return self.links[-1]

    async def _open_board(
        self, channel_id: int, _: object, refused: Callable[[str], None]
    ) -> ChannelBoard:
        assert channel_id == TEXT
        return ChannelBoard(self.channel, self.clock, refused=refused)

    # The text channel, as the room asks of it

    def sight(self, text_channel_id: int, user_id: int) -> Sight:
        assert text_channel_id == TEXT
        return Sight.NOTHING if user_id in self.blind else Sight.EVERYTHING

    async def ask(self, text_channel_id: int, user_ids: Iterable[int]) -> bool:
        assert text_channel_id == TEXT
        return bool(list(user_ids))

    def refusal(self, text_channel_id: int) -> str | None:
        assert text_channel_id == TEXT
        return self.lost

    async def post(self, notice: Notice) -> None:
        if self.unreachable:
            raise ChatError("No.", retryable=True)
        self.notices.append((self.clock.now(), notice))

    def over(self, guild_id: int) -> None:
        assert guild_id == GUILD

    async def farewell(self, plan: RoomPlan, starter_id: int, reason: str) -> None:
        assert plan.guild_id == GUILD
        self.farewells.append(f"{starter_id}: {reason}")

    async def announce(self, channel_id: int, announcement: Announcement) -> frozenset[int]:
        assert channel_id == TEXT
        if self.unreachable:
            raise ChatError("No.", retryable=True)
        self.announced.append((self.clock.now(), announcement))
        return frozenset({*announcement.heard, *announcement.others}) - self._unknown

    # Time

    async def wait(self, seconds: float) -> None:
        """Let time pass; what was heard is handed on, and what falls due is done."""
        for step in range(round(seconds * 100)):
            self.desk.now += 0.01
            self.clock.advance_to(self.desk.now)
            self.desk.hearing.tick(self.desk.now)
            if self.links:
                self.links[-1].pump()
            if step % 10 == 9:
                await self.settle()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    async def through(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of something that may take time, held or of the database."""
        task = self.tasks.start(work, "step")
        while not task.done():
            await asyncio.wait({task}, timeout=0.002)
            if not task.done():
                await self.wait(0.1)
        return task.result()

    # People

    def enter(self, member: Member, *, bot: bool, known: bool, told: bool = True) -> None:
        """Into the voice channel; with a stream that Discord announced, or did not.

        Of whom it is not told, the bot learns when it looks again.
        """
        talker = self.desk.join(member.id, next(self._ssrcs), announced=known)
        self._talkers[member.id] = talker
        if not bot:
            self.there[member.id] = member
            if told:
                self._joined(member)

    def leave(self, user_id: int, *, told: bool = True) -> None:
        del self._talkers[user_id]
        self.desk.hearing.leave(user_id)
        self.there.pop(user_id, None)
        if told:
            self._left(user_id)

    def look_again(self) -> None:
        """The session with Discord was made anew."""
        for user_id in self.present.keys() - self.there.keys():
            self._left(user_id)
        for member in [self.there[i] for i in self.there.keys() - self.present.keys()]:
            self._joined(member)

    def _joined(self, member: Member) -> None:
        known = member.id in self.present
        self.present[member.id] = member
        if self.links and not known:
            self.links[-1].joined(member)

    def _left(self, user_id: int) -> None:
        if self.present.pop(user_id, None) is not None and self.links:
            self.links[-1].left(user_id)

    @property
    def inside(self) -> frozenset[int]:
        """Everybody in the channel, bots too."""
        return frozenset(self._talkers)

    async def say(self, user_id: int, hertz: int, *, frames: int, ends: bool) -> None:
        """Speech; without an end it is still on its way to the room when this returns."""
        talker = self._talkers[user_id]
        # An encoder of its own: one that goes on puts 6.5 ms of before into its next packet.
        for frame in Talker(self.desk.keys, user_id, talker.ssrc).tone(hertz, frames):
            self.desk.hearing.packet(talker.packet(frame), self.desk.now)
            if ends:
                await self.wait(0.02)
            else:
                self.desk.now += 0.02
        if ends:
            for _ in range(5):
                self.desk.hearing.packet(talker.packet(SILENCE), self.desk.now)
                await self.wait(0.02)
            await self.wait(0.2)

    # The room

    async def start(self, starter_id: int, *, agrees: bool = True, paused: bool = False) -> None:
        plan = RoomPlan(GUILD, VOICE, TEXT, ("en", "es"))
        await self.through(self.rooms.start(plan, starter_id, agrees=agrees, paused=paused))

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        with closing(sqlite3.connect(self.file)) as file:
            names = file.execute("select name from sqlite_master where type = 'table'").fetchall()
            return {name: file.execute(f'select * from "{name}"').fetchall() for (name,) in names}  # noqa: S608 - the database's own names

    # The end

    async def kill(self) -> None:
        """The process is gone, with whatever it was about to do."""
        await asyncio.sleep(0)  # what was begun has its first step, or Python complains
        here = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not here]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)
        await self.database.close()
        for link in self.links:
            await link.close()
        self.present = dict(self.there)
        self.clock = ManualClock(self.desk.now)  # what was to fall due never does
        self.service.clock = self.clock

    async def close(self) -> None:
        await self.through(self.rooms.close())
        await self.through(self.transcripts.close())
        await self.through(self.ledger.close())
        await self.database.close()
        await self.tasks.close()
        self._patch.stop()
