"""Taking down what a room shows: who, what, when, and for how long."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.consent.consent import Consent
from bot.domain.events import Caption, Member
from bot.domain.plan import RoomPlan
from bot.domain.ports import CaptionBoard
from bot.domain.stored import TranscriptLine
from bot.errors import StoreError, UsageError
from bot.records.batches import BATCH_S, Batches
from bot.records.documents import Format, document
from bot.records.transcripts import Transcripts
from bot.tasks import TaskOwner
from bot.wall_clock import STEADY_S, Wall, WallClock
from tests.support.clock import ManualClock, SetClock
from tests.support.records import MemorySettings, MemoryTranscripts
from tests.support.room import MemoryBoard, MemoryConsent
from tests.support.usage_in_memory import Calendar

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
START = datetime(2026, 11, 22, 19, tzinfo=UTC)


class TranscriptsInMemory:
    """Transcripts of one guild with everything around them in memory."""

    def __init__(
        self, days: int, *agreed: int, wall: Callable[[ManualClock], Wall] | None = None
    ) -> None:
        self.clock = ManualClock()
        self.store = MemoryTranscripts()
        self.settings = MemorySettings(days=days)
        self.consent = Consent(1, MemoryConsent(), frozenset(agreed))
        self.shown = MemoryBoard()
        self.board: CaptionBoard = self.shown
        self.wall = wall(self.clock) if wall is not None else Calendar(self.clock, hour=19)
        self.transcripts = Transcripts(self.store, self.settings, clock=self.clock, wall=self.wall)

    async def open(self, session: str = "run") -> None:
        self.board = await self.transcripts.record(
            self.shown, RoomPlan(1, 10, 20, ("en",), session=session), self.consent
        )

    def caption(
        self, key: int, text: str, *, who: Member = ANA, final: bool = True, source: str = ""
    ) -> None:
        at = self.clock.now() - 1.0
        caption = Caption(key, who, "en", text, source, "es", final, at, utterance=key)
        self.board.show(caption)

    async def written(self) -> list[str]:
        self.clock.advance(BATCH_S)
        await asyncio.sleep(0)
        await self.transcripts._batches.flush()
        return [line.text for line in self.store.rows.values()]


async def test_nothing_is_taken_down_unless_the_server_wants_it() -> None:
    memory = TranscriptsInMemory(0, ANA.id)
    await memory.open()
    memory.caption(1, "Hello.")
    assert await memory.written() == []
    assert memory.shown.notices == []
    assert [caption.text for caption in memory.shown.shown] == ["Hello."]


async def test_finals_are_taken_down_in_batches() -> None:
    memory = TranscriptsInMemory(3, ANA.id)
    await memory.open()
    memory.caption(1, "Hel", final=False)
    memory.clock.advance(1)
    memory.caption(1, "Hello.")
    memory.caption(1, "Hello.", source="Hola.")
    memory.caption(2, "Bye.")
    assert await memory.written() == ["Hello.", "Bye."]
    assert memory.store.batches == [2]
    first = next(iter(memory.store.rows.values()))
    assert first == TranscriptLine(
        session="20.run",
        utterance=1,
        at=START.timestamp() - 1,
        until=START.timestamp() + 1,
        user_id=ANA.id,
        name="Ana",
        language="en",
        text="Hello.",
        source_language="es",
        source_text="Hola.",
    )


async def test_an_original_that_comes_later_replaces_the_line() -> None:
    memory = TranscriptsInMemory(3, ANA.id)
    await memory.open()
    memory.caption(1, "Hello.")
    await memory.written()
    memory.clock.advance(5)
    memory.caption(1, "Hello.", source="Hola.")
    await memory.written()
    (line,) = memory.store.rows.values()
    assert (line.source_text, line.until) == ("Hola.", START.timestamp())


async def test_what_was_taken_back_has_no_words_left() -> None:
    memory = TranscriptsInMemory(3, ANA.id)
    await memory.open()
    memory.caption(1, "Hello.")
    await memory.written()
    memory.caption(1, "")
    assert await memory.written() == [""]
    (session,) = await memory.transcripts.sessions(1)
    with pytest.raises(UsageError, match="Nothing is left"):
        await memory.transcripts.utterances(1, session)


async def test_nobody_is_taken_down_without_agreeing_and_withdrawing_counts_at_once() -> None:
    memory = TranscriptsInMemory(3, ANA.id)
    await memory.open()
    memory.caption(1, "Mine.")
    memory.caption(2, "Not mine.", who=BEN)
    await memory.consent.withdraw(ANA.id)
    memory.caption(3, "Later.")
    assert await memory.written() == []


async def test_forgetting_removes_what_is_written_and_what_waits() -> None:
    memory = TranscriptsInMemory(3, ANA.id, BEN.id)
    await memory.open()
    memory.caption(1, "Old.")
    memory.caption(2, "Other.", who=BEN)
    await memory.written()
    memory.caption(3, "New.")
    assert await memory.transcripts.forget(1, ANA.id) == 2
    assert await memory.written() == ["Other."]


async def test_a_run_that_is_taken_up_again_goes_on_in_its_transcript() -> None:
    memory = TranscriptsInMemory(3, ANA.id)
    await memory.open()
    memory.caption(1, "Before.")
    await memory.transcripts.close()
    await memory.board.close()
    memory.transcripts = Transcripts(
        memory.store, memory.settings, clock=memory.clock, wall=memory.wall
    )
    memory.clock.advance(30)
    memory.shown = MemoryBoard()
    await memory.open()
    memory.caption(1, "After.")
    (session,) = await memory.transcripts.sessions(1)
    assert (session.text_channel_id, session.lines) == (20, 2)
    assert (session.began, session.ended) == (
        START - timedelta(seconds=1),
        START + timedelta(seconds=30),
    )
    said = await memory.transcripts.utterances(1, session)
    assert [one.in_language("en") for one in said] == ["Before.", "After."]


async def test_the_setting_takes_effect_in_a_running_room_and_off_deletes() -> None:
    memory = TranscriptsInMemory(0, ANA.id)
    await memory.open()
    memory.caption(1, "Off.")
    memory.transcripts.keep_for(1, 1)
    memory.caption(2, "On.")
    assert await memory.written() == ["On."]
    memory.transcripts.keep_for(1, 0)
    memory.caption(3, "Off again.")
    await memory.transcripts._tasks.drain()
    assert await memory.written() == []
    on, off = memory.shown.notices
    assert on == (
        "A transcript of this call is kept for 1 day. Anyone who can see this "
        "channel can get it with /translate transcript."
    )
    assert off == "Transcripts are no longer kept, and existing ones have been deleted."
    await memory.board.close()
    memory.transcripts.keep_for(1, 5)
    assert len(memory.shown.notices) == 2  # the room is over
    await memory.transcripts.close()


async def test_lines_go_after_their_days_and_are_not_handed_out_before_that_either() -> None:
    memory = TranscriptsInMemory(2, ANA.id)
    await memory.open()
    memory.caption(1, "Old.")
    await memory.written()
    memory.transcripts.expire_daily(lambda: [1, 2])
    await memory.transcripts._tasks.drain()
    assert len(memory.store.rows) == 1
    memory.clock.advance(86_400.0)
    await memory.transcripts._tasks.drain()
    memory.caption(2, "Newer.")
    await memory.written()
    memory.clock.advance(86_399.0)
    (session,) = await memory.transcripts.sessions(1)
    said = await memory.transcripts.utterances(1, session)
    assert [one.in_language("en") for one in said] == ["Newer."]
    memory.clock.advance(10.0)
    await memory.transcripts._tasks.drain()
    assert [line.text for line in memory.store.rows.values()] == ["Newer."]
    await memory.transcripts.close()


class Stranger:
    """Transcripts on a machine whose clock is set, with Discord's answers."""

    def __init__(self, off: timedelta) -> None:
        self.memory = TranscriptsInMemory(2, ANA.id, wall=self._wall)
        self.machine.off = off

    def _wall(self, clock: ManualClock) -> Wall:
        self.machine = SetClock(clock)
        self.wall = WallClock(clock, self.machine)
        return self.wall

    async def rounds(self, seconds: float) -> None:
        self.memory.clock.advance(seconds)
        await self.memory.transcripts._tasks.drain()

    def texts(self) -> list[str]:
        return [line.text for line in self.memory.store.rows.values()]


@pytest.mark.parametrize("days", [365, -365, -20_000, 3, -3])
async def test_lines_stay_their_days_whatever_the_clock_of_the_machine_reads(days: int) -> None:
    here = Stranger(timedelta(days=days))
    for _ in range(2):
        here.wall.heard(here.machine.truth())
    await here.memory.open()
    here.memory.caption(1, "Said.")
    await here.memory.written()
    here.memory.transcripts.expire_daily(lambda: [1])
    await here.rounds(0)
    here.machine.off = timedelta()
    await here.rounds(86_400.0)
    assert here.texts() == ["Said."]
    await here.rounds(86_400.0)
    await here.rounds(86_400.0)
    assert here.texts() == []
    await here.memory.transcripts.close()


async def test_a_room_that_the_machine_slept_through_dates_its_lines_by_the_day_they_are_said() -> (
    None
):
    here = Stranger(timedelta())
    here.wall.heard(here.machine.truth())
    await here.memory.open()
    here.memory.caption(1, "Before.")
    here.machine._began += timedelta(days=3)  # only the date went on
    here.wall.heard(here.machine.truth())
    here.memory.caption(2, "After.")
    await here.memory.written()
    await here.memory.transcripts.expire([1])
    assert here.texts() == ["After."]
    await here.memory.transcripts.close()


async def test_while_no_time_is_sure_only_what_nobody_wants_kept_is_removed() -> None:
    here = Stranger(timedelta())
    await here.memory.open()
    here.memory.caption(1, "Said.")
    await here.memory.written()
    here.machine._began += timedelta(days=3)
    here.memory.transcripts.expire_daily(lambda: [1])
    await here.rounds(0)
    for _ in range(round(STEADY_S / 600)):
        assert here.texts() == ["Said."]
        await here.rounds(600)
    await here.rounds(600)
    assert here.texts() == []
    here.memory.caption(2, "Again.")
    await here.memory.written()
    here.machine.off = timedelta(days=-300)
    here.memory.transcripts.keep_for(1, 0)
    await here.rounds(0)
    assert here.texts() == []
    await here.memory.transcripts.close()


def line(number: int) -> TranscriptLine:
    return TranscriptLine("20.run", number, 0.0, 1.0, 1, "Ana", "en", str(number), None, "")


async def test_lines_wait_for_a_store_that_fails_and_the_oldest_are_left_out() -> None:
    store, clock = MemoryTranscripts(), ManualClock()
    batches = Batches(store, clock=clock, most_lines=3)
    store.broken = True
    for number in range(5):
        batches.keep(1, line(number))
    assert not await batches.flush()
    assert (len(batches), batches.dropped) == (3, 2)
    store.broken = False
    await batches.close()
    await batches.close()
    assert [one.text for one in store.rows.values()] == ["2", "3", "4"]


async def test_a_line_that_changes_while_it_is_written_is_written_again() -> None:
    clock, writing, go_on = ManualClock(), asyncio.Event(), asyncio.Event()

    class Slow(MemoryTranscripts):
        async def append(self, guild_id: int, lines: Sequence[TranscriptLine]) -> None:
            writing.set()
            await go_on.wait()
            await super().append(guild_id, lines)

    store = Slow()
    batches = Batches(store, clock=clock)
    batches.keep(1, line(1))
    clock.advance(BATCH_S)
    await writing.wait()
    newer = TranscriptLine("20.run", 1, 0.0, 1.0, 1, "Ana", "en", "newer", None, "")
    batches.keep(1, newer)
    go_on.set()
    await batches.close()
    assert list(store.rows.values()) == [newer]


class ChoosyTranscripts(MemoryTranscripts):
    """Refuses for good whatever has these texts, and holds up the guilds it is told to."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.refused = set(refused)
        self.held: set[int] = set()
        self.tried: list[list[str]] = []

    async def append(self, guild_id: int, lines: Sequence[TranscriptLine]) -> None:
        texts = [one.text for one in lines]
        self.tried.append(texts)
        if guild_id in self.held:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        if self.refused & set(texts):
            raise StoreError("No column holds that.")
        await super().append(guild_id, lines)

    def texts(self, guild: int) -> set[str]:
        return {one.text for key, one in self.rows.items() if key[0] == guild}


async def test_a_line_that_is_refused_keeps_no_other_line_back() -> None:
    store, clock = ChoosyTranscripts("2"), ManualClock()
    batches = Batches(store, clock=clock)
    for number in range(4):
        batches.keep(1, line(number))
    batches.keep(2, line(2))
    batches.keep(3, line(7))
    clock.advance(BATCH_S)
    await batches._writer._tasks.drain()
    assert (store.texts(1), store.texts(2), store.texts(3)) == ({"0", "1", "3"}, set(), {"7"})
    assert len(batches) == 2
    store.refused.clear()
    await batches.close()
    assert (store.texts(1), store.texts(2)) == ({"0", "1", "2", "3"}, {"2"})


async def test_a_store_that_refuses_everything_is_not_asked_for_each_line() -> None:
    store = ChoosyTranscripts(*map(str, range(300)))
    batches = Batches(store, clock=ManualClock())
    for number in range(300):
        batches.keep(1, line(number))
    assert not await batches.flush()
    assert len(store.tried) <= 4
    assert len(batches) == 300


async def test_a_guild_whose_lines_are_being_written_holds_up_no_other() -> None:
    store, clock = ChoosyTranscripts(), ManualClock()
    batches = Batches(store, clock=clock)
    store.held = {1}
    batches.keep(1, line(1))
    batches.keep(2, line(2))
    clock.advance(BATCH_S)
    async with asyncio.timeout(1):
        await batches.flush(2)
        assert store.texts(2) == {"2"}
        assert await batches.forget(2, 1) == 1
        assert await batches.expire(2, 9.0) == 0
    await batches._writer._tasks.close()


async def test_a_guild_whose_lines_wait_makes_no_other_lose_one() -> None:
    store = MemoryTranscripts()
    batches = Batches(store, clock=ManualClock(), most_lines=10)
    batches.keep(2, line(1))
    for number in range(50):
        batches.keep(1, line(number))
    batches.keep(2, line(2))
    await batches.close()
    assert {key[2] for key in store.rows if key[0] == 2} == {1, 2}
    assert {key[2] for key in store.rows if key[0] == 1} == set(range(42, 50))
    assert batches.dropped == 42


async def test_many_lines_are_written_some_at_a_time_and_none_that_was_dropped_meanwhile() -> None:
    store = ChoosyTranscripts()
    batches = Batches(store, clock=ManualClock())
    for number in range(1100):
        batches.keep(1, line(number))
    writing = asyncio.get_running_loop().create_task(batches.flush())
    while not store.tried:  # noqa: ASYNC110 - the first is under way
        await asyncio.sleep(0)
    assert batches.drop(1, lambda one: one.utterance >= 1000) == 100
    assert await writing
    assert [len(texts) for texts in store.tried] == [500, 500]
    assert len(store.texts(1)) == 1000


async def test_a_line_that_was_dropped_is_not_tried_alone_either() -> None:
    store = ChoosyTranscripts("0")
    batches = Batches(store, clock=ManualClock())
    for number in range(3):
        batches.keep(1, line(number))
    writing = asyncio.get_running_loop().create_task(batches.flush())
    while ["0"] not in store.tried:  # noqa: ASYNC110 - the batch was refused, the first is tried alone
        await asyncio.sleep(0)
    batches.drop(1, lambda one: one.utterance == 2)
    assert not await writing
    assert store.texts(1) == {"1"}


@pytest.mark.parametrize("form", list(Format))
async def test_a_file_has_all_pages_and_languages_in_order_of_speech(form: Format) -> None:
    memory = TranscriptsInMemory(30)
    at = START.timestamp()
    for number in range(7):
        for language in ("de", "en", "fr"):
            text = f"{language} {number}"
            said = TranscriptLine(
                "20.run", number, at + number, at + number + 1, 1, "Ana", language, text, "es", ""
            )
            await memory.store.append(1, [said])
    (session,) = await memory.transcripts.sessions(1)
    assert await memory.transcripts.languages(1, session) == ["de", "en", "fr"]
    made = await memory.transcripts.document(1, session, form)
    assert made.utterances == 7
    text = made.data.decode("utf-8-sig")
    found = [
        text.index(f"{language} {number}") for number in range(7) for language in ("de", "en", "fr")
    ]
    assert found == sorted(found)
    whole = await memory.transcripts.utterances(1, session)
    assert made.data == document(form, whole)
    only = await memory.transcripts.document(1, session, form, "en")
    assert only.data == document(form, whole, "en")


async def test_of_a_transcript_without_words_there_is_no_file() -> None:
    memory = TranscriptsInMemory(30)
    at = START.timestamp()
    await memory.store.append(
        1, [TranscriptLine("20.run", 1, at, at + 1, 1, "Ana", "en", "", "es", "")]
    )
    (session,) = await memory.transcripts.sessions(1)
    with pytest.raises(UsageError, match="Nothing is left"):
        await memory.transcripts.document(1, session, Format.TXT)


async def test_a_guild_whose_file_is_read_slowly_holds_up_no_other() -> None:
    class Slow(MemoryTranscripts):
        async def pages(
            self, guild_id: int, session: str, since: float
        ) -> AsyncGenerator[Sequence[TranscriptLine], None]:
            async for page in super().pages(guild_id, session, since):
                yield page
                if guild_id == 1:
                    await asyncio.Event().wait()

    memory = TranscriptsInMemory(30)
    memory.store = Slow()
    memory.settings.guilds[2] = memory.settings.guilds[1]
    memory.transcripts = Transcripts(
        memory.store, memory.settings, clock=memory.clock, wall=memory.wall
    )
    at = START.timestamp()
    for guild in (1, 2):
        said = TranscriptLine("20.run", 1, at, at + 1, 1, "Ana", "en", "Hello.", "es", "")
        await memory.store.append(guild, [said, replace(said, utterance=2)])
    (session,) = await memory.transcripts.sessions(1)
    tasks = TaskOwner("test")
    for _ in range(5):
        tasks.start(memory.transcripts.document(1, session, Format.TXT), "slow")
    await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        assert (await memory.transcripts.document(2, session, Format.TXT)).utterances == 2
    await tasks.close()


async def test_what_comes_while_a_batch_is_written_has_a_batch_of_its_own() -> None:
    store, clock = ChoosyTranscripts(), ManualClock()
    batches = Batches(store, clock=clock)
    batches.keep(1, line(0))
    clock.advance(BATCH_S)
    while not store.tried:  # noqa: ASYNC110 - the first is under way
        await asyncio.sleep(0)
    batches.keep(1, line(1))
    clock.advance(BATCH_S)
    await batches._writer._tasks.drain()
    assert (store.texts(1), len(batches), clock.pending) == ({"0", "1"}, 0, 0)
    batches.keep(1, line(2))
    clock.advance(BATCH_S)
    await batches._writer._tasks.drain()
    assert store.texts(1) == {"0", "1", "2"}
    assert batches._lines == {}
    await batches.close()
