"""No path from a person without consent to a conversation, a caption, a log or a table.

People come and go, speak, agree, withdraw and have themselves forgotten, servers change how consent
is given and who can view the text channel, rooms start, pause and stop, messages fail, the channel
is lost, the process is killed: in any order. Each person speaks at one pitch while they may be
heard and at another while they may not; who may is worked out here, from what they said and what
they could read, and not asked of the bot.
"""

import asyncio
import logging
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.domain.events import Member
from bot.domain.stored import ConsentMode, GuildSettings, MemberLanguages
from bot.errors import ChatError
from bot.store.database import Database
from tests.support.expected_consent import ExpectedConsent
from tests.support.speech_by_pitch import words
from tests.support.whole_bot import GUILD, WholeBot

T = TypeVar("T")

HOST, ANA, BEN, UNKNOWN, BOT = (900_000_011 * n for n in range(1, 6))
PEOPLE = (HOST, ANA, BEN)
EVERYBODY = (*PEOPLE, UNKNOWN, BOT)  # of UNKNOWN, Discord does not say whether it is a bot
MEMBERS = {user_id: Member(user_id, f"Surname{user_id % 97}") for user_id in EVERYBODY}
OPEN = {user_id: 300 * n for n, user_id in enumerate(EVERYBODY, 1)}  # hertz
SECRET = {user_id: 1800 + 300 * n for n, user_id in enumerate(EVERYBODY)}
SILENCE_S = 1.6  # after which all that was said is translated, when nothing else happens

people = st.sampled_from(PEOPLE)
everybody = st.sampled_from(EVERYBODY)


class Log(logging.Handler):
    """All that is logged, at any level; by the database's driver what `bot.logs` lets through."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "aiosqlite" or record.levelno >= logging.WARNING:
            self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[Log]:
    log, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.removeHandler(log)
        root.setLevel(level)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row."""
    file = tmp_path_factory.mktemp("empty") / "parley.db"

    async def make() -> None:
        await (await Database.open(f"sqlite+aiosqlite:///{file}")).close()

    asyncio.run(make())
    return file


class Server(RuleBasedStateMachine):
    """Anything that can happen in one server."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "parley.db"
        shutil.copy(self.empty, file)
        self.runner = asyncio.Runner()
        self.log = Log()
        logging.getLogger().addHandler(self.log)
        self.expected = ExpectedConsent()
        self.read = 0  # announcements
        self.runs = self.paused = False
        self.whole = self.do(self._made(file))
        self.do(self.whole.open())
        self.set_mode(ConsentMode.OPT_IN)
        self.whole.enter(MEMBERS[HOST], bot=False, known=True)

    async def _made(self, file: Path) -> WholeBot:
        pitches = [*OPEN.values(), *SECRET.values()]
        return WholeBot(file, pitches, frozenset({UNKNOWN, BOT}))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def call(self, action: Callable[[], None]) -> None:
        """On the event loop."""

        async def act() -> None:
            action()
            await self.whole.settle()

        self.do(act())

    def go(self, work: Coroutine[Any, Any, T]) -> T:
        return self.do(self.whole.through(work))

    @property
    def now(self) -> float:
        return self.whole.clock.now()

    # Who is there

    @precondition(lambda self: len(self.whole.inside) < len(EVERYBODY))
    @rule(data=st.data(), known=st.booleans(), told=st.booleans())
    def enter(self, data: st.DataObject, known: bool, told: bool) -> None:  # noqa: FBT001 - a rule's arguments
        user_id = data.draw(st.sampled_from(sorted(set(EVERYBODY) - self.whole.inside)))
        member, bot = MEMBERS[user_id], user_id == BOT
        self.call(lambda: self.whole.enter(member, bot=bot, known=known, told=told))

    @precondition(lambda self: len(self.whole.inside) > 1)
    @rule(data=st.data(), told=st.booleans())
    def leave(self, data: st.DataObject, told: bool) -> None:  # noqa: FBT001 - a rule's argument
        user_id = data.draw(st.sampled_from(sorted(self.whole.inside - {HOST})))
        self.call(lambda: self.whole.leave(user_id, told=told))

    @rule()
    def look_again(self) -> None:
        """The session with Discord was lost and made anew; who came or left meanwhile is seen."""
        self.call(self.whole.look_again)
        assert self.whole.present.keys() == self.whole.there.keys()

    @rule(data=st.data(), ends=st.booleans())
    def speak(self, data: st.DataObject, ends: bool) -> None:  # noqa: FBT001 - a rule's argument
        user_id = data.draw(st.sampled_from(sorted(self.whole.inside)))
        may = user_id in self._heard
        if not may and self._hears and not self._stays_forbidden(user_id):
            return
        if may:
            self.expected.counted.add(user_id)
        hertz = (OPEN if may else SECRET)[user_id]
        self.do(self.whole.say(user_id, hertz, frames=12, ends=ends))

    @property
    def _hears(self) -> bool:
        return self.runs and not self.paused

    @property
    def _heard(self) -> set[int]:
        """Who may be heard: those present who agreed, and can read that they are."""
        if not self._hears:
            return set()
        readers = self.whole.present.keys() - self.whole.blind
        return {user_id for user_id in readers if self.expected.may(user_id, self.now)}

    def _stays_forbidden(self, user_id: int) -> bool:
        """Whether the ten seconds are not over in the middle of what would be said."""
        return user_id in self.whole.blind or not self.expected.may(user_id, self.now + 2)

    # What they say of it

    @rule(user_id=people)
    def agree(self, user_id: int) -> None:
        self.go(self._agreed(user_id))
        self.expected.agree(user_id)

    async def _agreed(self, user_id: int) -> None:
        await (await self.whole.rooms.consent(GUILD)).agree(user_id)

    @rule(user_id=people, in_a_word=st.booleans())
    def withdraw(self, user_id: int, in_a_word: bool) -> None:  # noqa: FBT001 - a rule's argument
        if in_a_word and user_id in self.whole.inside:
            self._unfinished(user_id)
        received = self.whole.service.received.copy()
        self.expected.withdraw(user_id)
        self.do(self._withdrawn(user_id))
        self._nothing_more(user_id, received[OPEN[user_id]])

    async def _withdrawn(self, user_id: int) -> None:
        await (await self.whole.rooms.consent(GUILD)).withdraw(user_id)

    @rule(user_id=people, in_a_word=st.booleans())
    def forget(self, user_id: int, in_a_word: bool) -> None:  # noqa: FBT001 - a rule's argument
        if in_a_word and user_id in self.whole.inside:
            self._unfinished(user_id)
        received = self.whole.service.received.copy()
        self.expected.forget(user_id)
        self.do(self.whole.forgetting.forget(GUILD, user_id))
        self._nothing_more(user_id, received[OPEN[user_id]])

    def _unfinished(self, user_id: int) -> None:
        """Speech that is decoded and still on its way to the room."""
        if user_id in self._heard:
            self.expected.counted.add(user_id)
            self.do(self.whole.say(user_id, OPEN[user_id], frames=12, ends=False))

    def _nothing_more(self, user_id: int, received: int) -> None:
        self.do(self.whole.wait(SILENCE_S))
        assert self.whole.service.received[OPEN[user_id]] == received, "heard after the no"

    @rule(user_id=people, speaks=st.sampled_from([None, "es", "fr"]))
    def wish(self, user_id: int, speaks: str | None) -> None:
        self.go(self.whole.rooms.wishes.put(GUILD, user_id, MemberLanguages(speaks=speaks)))
        (self.expected.wished.discard if speaks is None else self.expected.wished.add)(user_id)

    # What the server does

    @rule(mode=st.sampled_from(ConsentMode))
    def set_mode(self, mode: ConsentMode) -> None:
        self.go(
            self.whole.settings.put_settings(GUILD, GuildSettings(consent=mode, transcript_days=1))
        )
        self._read_announcements()  # until then the earlier mode was in force
        if mode is not self.expected.mode:
            self.expected.named.clear()
        self.expected.mode = mode
        self.call(lambda: self.whole.rooms.use_consent_mode(GUILD, mode))

    @precondition(lambda self: not self.runs)
    @rule(user_id=people)
    def start(self, user_id: int) -> None:
        if user_id not in self.expected.no | self.expected.unstored_no:  # whose no stands
            self.expected.agree(user_id)
        self.expected.counted.add(user_id)
        self._start(user_id, agrees=True)

    @precondition(lambda self: not self.runs)
    @rule()
    def start_by_itself(self) -> None:
        self._start(0, agrees=False)

    def _start(self, starter_id: int, *, agrees: bool, paused: bool = False) -> None:
        self.expected.named.clear()
        self.expected.starter = starter_id
        self.paused = paused
        try:
            self.do(self.whole.start(starter_id, agrees=agrees, paused=paused))
        except ChatError:
            assert self.whole.unreachable
            self._over()
        else:
            assert not self.whole.unreachable, "begun, and nobody could read it"
            self.runs = True

    def _over(self) -> None:
        self.runs = self.paused = False
        self.expected.named.clear()
        self.expected.starter = 0

    @precondition(lambda self: self.runs)
    @rule()
    def stop(self) -> None:
        self.go(self.whole.rooms.stop(GUILD))
        self._over()

    @precondition(lambda self: self.runs)
    @rule(less=st.sampled_from(["stop", "pause", "removed"]))
    def less_while_the_database_is_held(self, less: str) -> None:
        """Nothing that is said after it is sent, however long the rest of it takes."""
        with closing(sqlite3.connect(self.whole.file, timeout=0)) as held:
            self.go(self._hold(held))
            self.do(self._begin(less))
            assert self.whole.desk.hearing.allowed == frozenset()
            for speaker in sorted(self.whole.inside):
                self.do(self.whole.say(speaker, SECRET[speaker], frames=12, ends=True))
            held.rollback()
        if less == "pause":
            self.paused = True
            return
        self.go(self._ended())
        self._over()
        if less == "removed":
            self.expected.unstored_no.clear()  # nothing of the server stays in memory

    async def _hold(self, database: sqlite3.Connection) -> None:
        while True:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:  # the bot is writing
                await asyncio.sleep(0.002)
            else:
                return

    async def _begin(self, less: str) -> None:
        rooms = self.whole.rooms
        match less:
            case "stop":
                self.whole.tasks.start(rooms.stop(GUILD), "stop")
            case "pause":
                rooms.pause(GUILD)
            case _:
                rooms.guild_left(GUILD)
        await self.whole.settle()

    @rule(user_id=everybody, in_a_word=st.booleans())
    def text_channel_is_hidden(self, user_id: int, in_a_word: bool) -> None:  # noqa: FBT001 - a rule's argument
        if in_a_word and user_id in self.whole.inside:
            self._unfinished(user_id)
        received = self.whole.service.received.copy()
        self.whole.blind.add(user_id)
        self.call(lambda: self.whole.rooms.text_channels_changed(GUILD))
        self._nothing_more(user_id, received[OPEN[user_id]])

    @precondition(lambda self: self.whole.blind)
    @rule(data=st.data())
    def text_channel_is_shown(self, data: st.DataObject) -> None:
        self.whole.blind.discard(data.draw(st.sampled_from(sorted(self.whole.blind))))
        self.call(lambda: self.whole.rooms.text_channels_changed(GUILD))

    @precondition(lambda self: self.runs)
    @rule()
    def text_channel_is_lost(self) -> None:
        said = len(self.whole.farewells)
        self.whole.lost = "It was deleted."

        def lost() -> None:
            for _ in range(2):  # as a channel and its roles change together
                self.whole.rooms.text_channels_changed(GUILD)

        self.call(lost)
        assert self.whole.desk.hearing.allowed == frozenset()
        self.go(self._ended())
        assert len(self.whole.farewells) == said + 1
        self.whole.lost = None
        self._over()

    async def _ended(self) -> None:
        while self.whole.rooms.runs(GUILD):  # noqa: ASYNC110 - the database's thread tells nobody
            await asyncio.sleep(0.002)

    @precondition(lambda self: self.runs)
    @rule()
    def pause_or_resume(self) -> None:
        room = self.whole.rooms.find(GUILD)
        assert room is not None
        self.paused = not self.paused
        self.call(room.pause if self.paused else room.resume)

    @rule(unreachable=st.booleans())
    def channel_fails(self, unreachable: bool) -> None:  # noqa: FBT001 - a rule's argument
        self.whole.unreachable = unreachable

    @rule()
    def kill(self) -> None:
        self.do(self.whole.kill())
        self.expected.named.clear()
        self.expected.unstored_no.clear()
        self.do(self.whole.open())
        # Whether the last change of the room was written before is up to the disk.
        if self.runs:
            self.runs = False
            self._start(self.expected.starter, agrees=False, paused=self.paused)
        else:
            self.go(self.whole.rooms.remembered.drop(GUILD))

    @rule(seconds=st.sampled_from([0.5, 3.0, 9.0, 14.0]))
    def wait(self, seconds: float) -> None:
        self.do(self.whole.wait(seconds))

    # What must hold

    def _read_announcements(self) -> None:
        announced, self.read = self.whole.announced[self.read :], len(self.whole.announced)
        for at, announcement in announced:
            assert announcement.mode is self.expected.mode
            for user_id in {*announcement.heard, *announcement.others} - {UNKNOWN, BOT}:
                assert user_id not in self.expected.named, "told twice"
                assert user_id not in self.whole.blind, "told where they can't read it"
                self.expected.named[user_id] = at

    @invariant()
    def those_are_heard_who_may_be_and_nobody_else(self) -> None:
        self._read_announcements()
        assert len(self.whole.rooms) == self.runs
        consent = self.go(self.whole.rooms.consent(GUILD))
        may = {user_id for user_id in EVERYBODY if self.expected.may(user_id, self.now)}
        assert consent.agreed == may
        assert self.whole.desk.hearing.allowed == self._heard

    @invariant()
    def nothing_of_the_others_is_anywhere(self) -> None:
        self.go(self.whole.ledger.flush())
        secret = re.compile("|".join(rf"\b{words(hertz)}\d" for hertz in SECRET.values()))
        spoken = re.compile("|".join(rf"\b{words(hertz)}\d" for hertz in OPEN.values()))
        names = re.compile("|".join(member.name for member in MEMBERS.values()))
        assert not set(SECRET.values()) & {p for p, n in self.whole.service.received.items() if n}
        assert not secret.search("\n".join(self.whole.channel.written))
        told = "\n".join(self.log.lines)
        tables = self.whole.tables()
        assert not secret.search(f"{told}{tables}")
        others = {name: rows for name, rows in tables.items() if name != "transcripts"}
        for pattern in (spoken, names):
            assert not pattern.search(f"{told}{others}")
        self._tables(tables)

    def _tables(self, tables: dict[str, list[tuple[Any, ...]]]) -> None:
        assert {row[1] for row in tables["consent"]} == self.expected.yes
        assert {row[1] for row in tables["declined"]} == self.expected.no
        kept = str(tables)
        for user_id in set(EVERYBODY) - self.expected.may_be_in_tables:
            assert str(user_id) not in kept

    def teardown(self) -> None:
        self.do(self.whole.close())
        self.runner.close()
        logging.getLogger().removeHandler(self.log)
        self.folder.cleanup()


@pytest.mark.timeout(300)
def test_no_order_of_events_lets_anything_through_of_those_who_did_not_agree(empty: Path) -> None:
    machine = type("ServerHere", (Server,), {"empty": empty})
    with logged():
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=30,
                deadline=None,
                phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_those_who_may_be_heard_reach_the_service_the_channel_and_the_usage(empty: Path) -> None:
    """What the property forbids for others does happen for them: it can fail."""
    machine = type("ServerHere", (Server,), {"empty": empty})
    server = machine()
    try:
        server.set_mode(ConsentMode.ANNOUNCED)
        server.start_by_itself()
        for user_id in (ANA, UNKNOWN, BOT):
            member, bot = MEMBERS[user_id], user_id == BOT
            server.call(partial(server.whole.enter, member, bot=bot, known=True))
        server.wait(14.0)
        server.those_are_heard_who_may_be_and_nobody_else()
        for user_id in (HOST, ANA, UNKNOWN, BOT):
            hertz = OPEN if user_id in (HOST, ANA) else SECRET
            server.do(server.whole.say(user_id, hertz[user_id], frames=12, ends=True))
        server.wait(9.0)
        server.expected.counted |= {HOST, ANA}
        server.nothing_of_the_others_is_anywhere()
        shown = "\n".join(server.whole.channel.written)
        for user_id in (HOST, ANA):
            assert server.whole.service.received[OPEN[user_id]] > 0
            assert words(OPEN[user_id]) in shown
            tables = server.whole.tables()
            assert str(user_id) in str(tables["usage"])
            assert words(OPEN[user_id]) in str(tables["transcripts"])
    finally:
        server.teardown()
