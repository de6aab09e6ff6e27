"""Transcripts, on both databases."""

from dataclasses import replace

from bot.domain.stored import TranscriptLine
from bot.domain.stores import TranscriptStore
from bot.store.database import Database
from bot.store.transcripts import TranscriptTable

GUILD, USER = 2**62 + 1, 2**63 - 1
AT = 1_795_345_678.123456  # a time that a database with microseconds alone would round


def line(session: str, utterance: int, language: str = "en", user: int = USER) -> TranscriptLine:
    return TranscriptLine(
        session=session,
        utterance=utterance,
        at=AT + utterance * 10,
        until=AT + utterance * 10 + 2.5,
        user_id=user,
        name="Aña 🎤\0",
        language=language,
        text=f"{session} {utterance}: schöne Grüße\n\0 @everyone",
        source_language=None,
        source_text="",
    )


async def lines_of(store: TranscriptStore, guild: int, session: str) -> list[TranscriptLine]:
    return [line async for page in store.pages(guild, session, 0.0) for line in page]


def kept(given: TranscriptLine) -> TranscriptLine:
    return replace(given, name=given.name.replace("\0", ""), text=given.text.replace("\0", ""))


async def test_lines_come_back_in_order_of_speech(database_url: str) -> None:
    lines = [line("noon", n, language) for n in (10, 9, 2) for language in ("ja", "en")]
    async with await Database.open(database_url) as database:
        store: TranscriptStore = TranscriptTable(database)
        await store.append(GUILD, [])
        await store.append(GUILD, lines)
        await store.append(GUILD, [line("evening", 1)])
        await store.append(7, [line("noon", 3)])
    async with await Database.open(database_url) as database:
        store = TranscriptTable(database)
        expected = [line("noon", n, language) for n in (2, 9, 10) for language in ("en", "ja")]
        assert await lines_of(store, GUILD, "noon") == [kept(given) for given in expected]
        assert await lines_of(store, GUILD, "nothing") == []


async def test_a_line_that_is_there_is_replaced(database_url: str) -> None:
    first = line("noon", 1)
    second = replace(first, text="Hello.", source_language="de", source_text="Hallo.")
    async with await Database.open(database_url) as database:
        store = TranscriptTable(database)
        await store.append(GUILD, [first, line("noon", 2)])
        await store.append(GUILD, [second])
        assert await lines_of(store, GUILD, "noon") == [kept(second), kept(line("noon", 2))]


async def test_the_newest_sessions_are_listed_first(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = TranscriptTable(database)
        for number, session in enumerate(("one", "two", "three")):
            await store.append(GUILD, [line(session, number * 10 + n) for n in range(3)])
        assert await store.sessions(GUILD, 2) == [
            ("three", AT + 200, AT + 220 + 2.5, 3),
            ("two", AT + 100, AT + 120 + 2.5, 3),
        ]
        assert await store.sessions(7, 2) == []


async def test_nothing_stays_of_who_is_forgotten(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = TranscriptTable(database)
        mine = [line("noon", n, language) for n in range(3) for language in ("en", "ja")]
        await store.append(GUILD, [*mine, line("noon", 9, user=2)])
        await store.append(7, [line("noon", 1)])
        assert await store.forget_lines(GUILD, USER) == 6
        assert await store.forget_lines(GUILD, USER) == 0
        assert await lines_of(store, GUILD, "noon") == [kept(line("noon", 9, user=2))]
        assert len(await lines_of(store, 7, "noon")) == 1


async def test_what_was_said_before_a_time_expires_to_the_line(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = TranscriptTable(database)
        await store.append(GUILD, [line("noon", n) for n in range(5)])
        await store.append(7, [line("noon", 0)])
        assert await store.expire(GUILD, AT + 30) == 3
        assert [kept.utterance for kept in await lines_of(store, GUILD, "noon")] == [3, 4]
        assert len(await lines_of(store, 7, "noon")) == 1


async def test_pages_have_all_lines_in_order_of_speech_and_no_empty_ones(database_url: str) -> None:
    said = [line("noon", n, language) for n in range(500) for language in ("zh", "en", "de")]
    said += [replace(line("noon", 900), at=AT - 5.0)]  # numbered late, said first
    silent = replace(line("noon", 901), text="")
    original = replace(silent, utterance=902, at=AT + 9020.0, source_text="Hola.")
    async with await Database.open(database_url) as database:
        store = TranscriptTable(database)
        await store.append(GUILD, [*said[::-1], silent, original])
        pages = [list(page) async for page in store.pages(GUILD, "noon", 0.0)]
        assert len(pages) == 4
        order = [(one.utterance, one.language) for page in pages for one in page]
        assert order == [
            (900, "en"),
            *((n, language) for n in range(500) for language in ("de", "en", "zh")),
            (902, "en"),
        ]
        later = [one async for page in store.pages(GUILD, "noon", AT + 4985.0) for one in page]
        assert [one.utterance for one in later] == [499, 499, 499, 902]


async def test_languages_and_the_last_number_are_asked_for_alone(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = TranscriptTable(database)
        await store.append(GUILD, [line("noon", 1, "ja"), line("noon", 7, "en")])
        await store.append(GUILD, [replace(line("noon", 9, "fr"), text=""), line("eve", 20, "de")])
        await store.append(7, [line("noon", 30, "ko")])
        assert await store.languages(GUILD, "noon", 0.0) == ["en", "ja"]
        assert await store.languages(GUILD, "noon", AT + 70) == ["en"]
        assert await store.last_utterance(GUILD, "noon") == 9
        assert await store.last_utterance(GUILD, "nothing") == 0
