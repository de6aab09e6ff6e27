"""Glossaries, on both databases."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.stored import Term
from bot.domain.stores import GlossaryStore
from bot.errors import GlossaryFullError
from bot.store.database import Database
from bot.store.glossary import GlossaryTable

GUILD = 2**62 + 1


def numbered(count: int, start: int = 0) -> list[Term]:
    return [Term("ja", f"word {n}", f"translation {n}") for n in range(start, start + count)]


async def test_terms_come_by_source_of_one_language_or_all(database_url: str) -> None:
    terms = [
        Term("ja", "zebra", "シマウマ"),
        Term("fr", "Éclair", "éclair"),
        Term("ja", "Ant", "蟻"),
    ]
    async with await Database.open(database_url) as database:
        store: GlossaryStore = GlossaryTable(database)
        assert await store.put_terms(GUILD, terms, most=3) == (3, 0)
        assert await store.put_terms(7, [Term("ja", "ant", "x")], most=3) == (1, 0)
        assert [term.source for term in await store.terms(GUILD)] == ["Ant", "zebra", "Éclair"]
        assert await store.terms(GUILD, "fr") == [terms[1]]
        assert await store.terms(GUILD, "ko") == []


async def test_a_known_source_is_given_its_new_translation(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = GlossaryTable(database)
        await store.put_terms(GUILD, [Term("ja", "a", "1"), Term("ja", "b", "2")], most=3)
        again = [Term("ja", "a", "new"), Term("ja", "b", "2"), Term("fr", "a", "3")]
        assert await store.put_terms(GUILD, again, most=3) == (1, 1)
        assert await store.terms(GUILD) == [
            Term("fr", "a", "3"),
            Term("ja", "a", "new"),
            Term("ja", "b", "2"),
        ]
        assert await store.put_terms(GUILD, [], most=0) == (0, 0)


async def test_of_one_source_given_twice_the_last_holds(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = GlossaryTable(database)
        twice = [Term("ja", "a", "first"), Term("ja", "a", "last")]
        assert await store.put_terms(GUILD, twice, most=1) == (1, 0)
        assert await store.terms(GUILD) == [Term("ja", "a", "last")]


async def test_a_glossary_that_would_be_too_full_stays_as_it_was(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = GlossaryTable(database)
        await store.put_terms(GUILD, numbered(900), most=1000)
        with pytest.raises(GlossaryFullError, match="have 1001 words; the maximum is 1000"):
            await store.put_terms(
                GUILD, [*numbered(101, 900), Term("ja", "word 1", "x")], most=1000
            )
        assert await store.terms(GUILD) == sorted(numbered(900), key=lambda term: term.source)
        assert await store.put_terms(GUILD, numbered(1000), most=1000) == (100, 0)
        # One that is full already may still change.
        assert await store.put_terms(GUILD, [Term("ja", "word 1", "x")], most=10) == (0, 1)


async def test_two_imports_at_once_do_not_both_find_room(database_url: str) -> None:
    async with (
        await Database.open(database_url) as one,
        await Database.open(database_url) as two,
    ):
        stores = [GlossaryTable(one), GlossaryTable(two)]
        done = await asyncio.gather(
            *(stores[n % 2].put_terms(GUILD, numbered(60, n * 60), most=100) for n in range(6)),
            return_exceptions=True,
        )
        assert [result for result in done if not isinstance(result, GlossaryFullError)] == [(60, 0)]
        assert len(await stores[0].terms(GUILD)) == 60


async def test_words_are_removed_of_one_language_or_of_all(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = GlossaryTable(database)
        terms = [Term(target, source, "x") for target in ("ja", "fr") for source in ("a", "b", "c")]
        await store.put_terms(GUILD, [*terms, *numbered(990)], most=1000)
        assert await store.remove_terms(GUILD, "ja", ["a", "a", "nothing"]) == 1
        assert await store.remove_terms(GUILD, None, ["a", "b"]) == 3
        assert await store.remove_terms(7, None, ["c"]) == 0
        assert await store.remove_terms(GUILD, "ja", (term.source for term in numbered(990))) == 990
        assert await store.terms(GUILD) == [Term("fr", "c", "x"), Term("ja", "c", "x")]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.lists(st.text(st.characters(), min_size=1, max_size=20), max_size=8))
async def test_any_words_are_kept_but_for_what_no_text_can_hold(
    database_url: str, words: list[str]
) -> None:
    def holdable(word: str) -> str:
        return word.replace("\0", "").encode("utf-8", "replace").decode()

    async with await Database.open(database_url) as database:
        store = GlossaryTable(database)
        await store.remove_terms(GUILD, None, [term.source for term in await store.terms(GUILD)])
        await store.put_terms(GUILD, [Term("ja", word, word) for word in words], most=1000)
        kept = {(term.source, term.translation) for term in await store.terms(GUILD)}
        assert kept == {(holdable(word), holdable(word)) for word in words}
