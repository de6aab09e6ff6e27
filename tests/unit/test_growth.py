"""What is kept while servers, rooms, people and sentences come and go, and does not grow."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest

from bot.chat.board import ChannelBoard
from bot.chat.budget import Budget, own_budget
from bot.chat.transport import MessageRef, Posted
from bot.domain.events import Echoed, Final, Member, Partial, Source, Speech, TurnEnded, Usage
from bot.domain.glossary import Glossary
from bot.domain.notices import Announcement, Notice
from bot.domain.plan import RoomPlan
from bot.domain.ports import Listener, Look
from bot.domain.stored import ConsentMode
from bot.errors import RoomError
from bot.guild.settings import SettingsService
from bot.records.transcripts import Transcripts
from bot.tasks import TaskOwner
from bot.usage.daily_allowance import Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from tests.support.clock import ManualClock
from tests.support.growth import grown, sizes
from tests.support.records import MemorySettings, MemoryTranscripts
from tests.support.room import MemoryConsent, MemoryInterpreter, MemoryLink
from tests.support.rooms import RoomParts
from tests.support.usage_in_memory import Calendar, MemoryUsage, daily

DAY_S = 24 * 3600.0
FRAME = bytes(640)


class Channel:
    """A text channel that takes whatever is posted and keeps nothing."""

    def __init__(self) -> None:
        self.own = own_budget()
        self.posted = 0

    def own_budget(self) -> Budget:
        return self.own

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        assert content
        self.posted += 1
        return Posted(MessageRef(self.posted, None if own or speaker is None else 1))

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        del ref, speaker, content

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        raise AssertionError((speaker, content))

    async def delete(self, ref: MessageRef) -> None:
        del ref

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        return bool(refs)


class Words:
    """Notices that everybody reads."""

    def __init__(self) -> None:
        self.posted: set[int] = set()  # servers with a notice that is not to be removed yet
        self.after: Callable[[], None] = lambda: None

    async def post(self, notice: Notice) -> None:
        self.posted.add(notice.plan.guild_id)
        self.after()

    async def announce(self, text_channel_id: int, announcement: Announcement) -> frozenset[int]:
        assert text_channel_id
        return frozenset((*announcement.heard, *announcement.others))

    def over(self, guild_id: int) -> None:
        self.posted.discard(guild_id)

    async def farewell(self, plan: RoomPlan, starter_id: int, reason: str) -> None:
        raise AssertionError((plan, starter_id, reason))


class Town:
    """Everything of the bot that lives as long as the process, and its servers."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        wall = Calendar(self.clock)
        self.words = Words()
        self.interpreter = MemoryInterpreter()
        self.ledger = Ledger(
            MemoryUsage(), model="m", text_model="t", tts_model="a-tts", clock=self.clock, wall=wall
        )
        store = MemorySettings()
        self.settings = SettingsService(store, languages=self.interpreter.languages())
        self.accounts = Accounts(
            self.ledger,
            Prices(),
            host=daily(100_000, self.clock),
            clock=self.clock,
            settings=self.settings.settings,
        )
        self.transcripts = Transcripts(
            MemoryTranscripts(), self.settings, clock=self.clock, wall=wall
        )
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=MemoryConsent(),
            join_voice=self._join,
            open_board=self._open,
            clock=self.clock,
            accounts=self.accounts,
            settings=self.settings,
            notices=self.words,
            own_terms=self._glossary,
            record=self.transcripts.record,
        ).rooms()
        self.settings.listen(self.accounts.settings_changed)
        self.settings.listen(lambda guild, now: self.rooms.use_consent_mode(guild, now.consent))
        self.link = MemoryLink()
        self.listener: Listener | None = None
        self.tasks = TaskOwner("test")

    async def _join(self, channel_id: int, listener: Listener, *, speaks: bool) -> MemoryLink:
        assert not speaks
        self.link, self.listener = MemoryLink(), listener
        self.link.channel_id = channel_id
        return self.link

    async def _open(self, _: int, look: Look, __: Callable[[str], None]) -> ChannelBoard:
        return ChannelBoard(Channel(), self.clock, look)

    async def _glossary(self, _: int) -> Glossary:
        return {"en": {"Haus": "house"}}

    def kept(self) -> Counter[str]:
        return sizes(self.rooms, self.accounts, self.ledger, self.settings, self.transcripts)

    async def wait(self, seconds: float) -> None:
        while seconds > 0:
            self.clock.advance(min(seconds, 1.0))
            seconds -= 1.0
            for _ in range(8):
                await asyncio.sleep(0)

    async def day(self) -> None:
        """So many hours later: nothing is under way any more."""
        await self.wait(60)
        self.clock.advance(DAY_S)
        assert self.ledger.guilds() == ()
        await self.wait(30)

    # Servers

    async def change(self, guild: int) -> None:
        mode = ConsentMode.ANNOUNCED if guild % 2 else ConsentMode.OPT_IN
        await self.settings.change(guild, lambda now: replace(now, transcript_days=0))
        await self.settings.change(guild, lambda now: replace(now, transcript_days=3, consent=mode))

    async def start(self, guild: int, starter: int) -> None:
        await self.rooms.start(RoomPlan(guild, guild * 10, guild * 10 + 1, ("en", "es")), starter)

    async def stop(self, guild: int) -> None:
        # The board delivers what it has yet to.
        stopping = self.tasks.start(self.rooms.stop(guild, by_hand=True), "stop")
        while not stopping.done():
            await self.wait(1)
        stopping.result()
        self.interpreter.conversations.clear()
        self.link, self.listener = MemoryLink(), None

    async def leave(self, guild: int) -> None:
        self.rooms.guild_left(guild)
        self.accounts.forget(guild)
        self.settings.forget(guild)
        await self.rooms._tasks.drain()

    # People

    async def enter(self, guild: int, *members: Member) -> None:
        assert self.listener is not None
        for member in members:
            self.link.present[member.id] = member
            self.listener.joined(member)
            if (await self.settings.settings(guild)).consent is ConsentMode.OPT_IN:
                await (await self.rooms.consent(guild)).agree(member.id)
        await self.wait(25)  # they are told

    async def exit(self, *members: Member) -> None:
        assert self.listener is not None
        for member in members:
            self.link.present.pop(member.id, None)
            self.listener.left(member.id)
        await self.wait(1)

    async def speak(self, turn: int, *members: Member) -> None:
        """All at once, so that the captions have to share messages."""
        assert self.listener is not None
        for member in members:
            self.listener.heard(Speech(member.id, FRAME, self.clock.now()))
        await self.wait(1)
        for member in members:
            for language in ("en", "es"):
                say = self.interpreter.of(member.id, language).say
                if turn % 4 == 0 and language == "en":
                    say(Echoed(turn))
                    say(TurnEnded(turn))
                    continue
                say(Partial(turn, "wo"))
                say(Source(turn, "Wörter.", "de", final=True))
                say(Final(turn, f"{language} words."))
                say(TurnEnded(turn))
                say(Usage(audio_in_s=1.0))
            self.listener.fell_silent(member.id, self.clock.now())
        await self.wait(2)

    async def close(self) -> None:
        await self.tasks.close()
        await self.rooms.close()
        await self.transcripts.close()
        await self.ledger.close()


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    made = Town()
    yield made
    await made.close()


def people(first: int, count: int) -> list[Member]:
    return [Member(first + number, f"P{first + number}") for number in range(count)]


async def visit(town: Town, guild: int) -> None:
    """A server that has a room, with people who speak, changes its mind, and stops it."""
    here = people(guild * 1000, 3)
    await town.change(guild)
    await town.start(guild, here[0].id)
    await town.enter(guild, *here)
    await (await town.rooms.consent(guild)).agree(here[1].id)
    await town.speak(1, *here)
    town.rooms.use_glossary(guild, {"en": {"Haus": "home"}})
    await town.rooms.forget(guild, here[0].id)
    await town.exit(here[1])
    await (await town.rooms.consent(guild)).withdraw(here[1].id)
    await town.stop(guild)
    town.rooms.use_glossary(guild, {"en": {"Haus": "home", "Hof": "yard"}})
    assert not await town.rooms.forget(guild, here[0].id)
    assert not await town.rooms.forget(guild + 1, here[0].id)


async def test_of_servers_that_are_left_nothing_is_kept_in_memory(town: Town) -> None:
    for guild in range(1, 4):
        await visit(town, guild)
        await town.leave(guild)
    await town.day()
    before = town.kept()
    for guild in range(4, 24):
        await visit(town, guild)
        await town.leave(guild)
    await town.day()
    assert grown(before, town.kept()) == {}


BY_SERVER = {
    # Small, needed by nearly every command, and gone when the server removes the bot.
    "SettingsService._known",
    "GuildSettings.targets",
    "Accounts._guilds",
    "Consents._guilds",
    "Consents._modes",
    "Consent._yes",
    "Consent._agreed",
    "Consent._no",
    "Consent._unstored_no",  # who is not heard again while this process runs, unless they say so
    "Rooms._turned_down",  # until everybody has left
}
BY_PERSON = {"Consent._yes", "Consent._agreed", "Consent._told", "Newcomers._named"}  # ids alone


async def test_of_servers_without_a_room_only_what_they_set_is_kept(town: Town) -> None:
    for guild in range(1, 4):
        await visit(town, guild)
    await town.day()
    before = town.kept()
    for guild in range(4, 24):
        await visit(town, guild)
    await town.day()
    assert grown(before, town.kept()).keys() <= BY_SERVER


async def test_room_after_room_of_a_server_keeps_no_more_than_the_first(town: Town) -> None:
    for _ in range(2):
        await visit(town, 1)
    await town.day()
    before = town.kept()
    for _ in range(20):
        await visit(town, 1)
    await town.day()
    assert grown(before, town.kept()) == {}


async def test_a_start_that_fails_keeps_nothing(town: Town) -> None:
    await visit(town, 2)
    await town.day()
    before = town.kept()
    town.words.after = lambda: town.rooms.deafen(3)  # stopped while it starts
    with pytest.raises(RoomError):
        await town.start(3, 1)
    await town.day()
    assert grown(before, town.kept()).keys() <= BY_SERVER
    assert town.words.posted == set()


@pytest.mark.parametrize("guild", [1, 2])  # each has another way to agree
async def test_a_room_that_never_ends_keeps_ids_of_who_left_and_nothing_of_what_was_said(
    town: Town, guild: int
) -> None:
    await town.change(guild)
    await town.start(guild, 1)

    async def guests(first: int, groups: int) -> None:
        for group in range(groups):
            here = people(first + group * 8, 8)
            await town.enter(guild, *here)
            for turn in range(1, 5):
                await town.speak(turn, *here)
            await town.exit(*here)
        await town.wait(4000)
        kept = [one for one in town.interpreter.conversations if not one.closed]
        town.interpreter.conversations = kept

    async def on_and_on() -> None:
        for _ in range(50):
            count["turn"] += 1
            await town.speak(count["turn"], Member(7, "Here"))

    count = Counter[str]()
    await town.enter(guild, Member(7, "Here"))
    await guests(10_000, 75)
    await on_and_on()
    before = town.kept()
    await guests(20_000, 40)
    await on_and_on()
    assert grown(before, town.kept()).keys() <= BY_PERSON
    await town.stop(guild)
