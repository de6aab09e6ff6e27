"""Consent, on both databases."""

import asyncio

from bot.domain.ports import ConsentStore
from bot.domain.stores import DeclineStore
from bot.store.consent import ConsentTable
from bot.store.database import Database

GUILD, OTHER_GUILD = 2**62 + 1, 7
USER = 2**63 - 1  # as large as an id of Discord can get in the database


async def test_consent_is_remembered_per_guild_until_it_is_withdrawn(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store: ConsentStore = ConsentTable(database)
        await store.agree(GUILD, USER)
        await store.agree(GUILD, 2)
        await store.agree(OTHER_GUILD, 3)
        assert await store.consenting(GUILD) == {USER, 2}
        await store.withdraw(GUILD, USER)
        assert await store.consenting(GUILD) == {2}
        assert await store.consenting(OTHER_GUILD) == {3}
        assert await store.consenting(1) == frozenset()


async def test_agreeing_and_withdrawing_twice_is_as_once(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = ConsentTable(database)
        await store.agree(GUILD, USER)
        await store.agree(GUILD, USER)
        assert await store.consenting(GUILD) == {USER}
        await store.withdraw(GUILD, USER)
        await store.withdraw(GUILD, USER)
        assert await store.consenting(GUILD) == frozenset()


async def test_consent_outlives_the_process_that_stored_it(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        await ConsentTable(database).agree(GUILD, USER)
    async with await Database.open(database_url) as database:
        assert await ConsentTable(database).consenting(GUILD) == {USER}


async def test_many_at_once_are_all_stored(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = ConsentTable(database)
        await asyncio.gather(*(store.agree(GUILD, user) for user in range(50)))
        assert await store.consenting(GUILD) == set(range(50))


async def test_two_processes_may_write_one_file(database_url: str) -> None:
    async with (
        await Database.open(database_url) as one,
        await Database.open(database_url) as two,
    ):
        stores = ConsentTable(one), ConsentTable(two)
        await asyncio.gather(*(stores[user % 2].agree(GUILD, user) for user in range(20)))
        assert await stores[0].consenting(GUILD) == set(range(20))


async def test_a_no_is_remembered_and_ends_an_agreement(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = ConsentTable(database)
        declines: DeclineStore = store
        await store.agree(GUILD, USER)
        await declines.decline(GUILD, USER)
        await declines.decline(GUILD, USER)
        await declines.decline(OTHER_GUILD, 3)
        assert await declines.declining(GUILD) == {USER}
        assert await store.consenting(GUILD) == frozenset()
        await store.agree(GUILD, USER)
        assert await declines.declining(GUILD) == frozenset()
        assert await store.consenting(GUILD) == {USER}
        await declines.undecline(OTHER_GUILD, 3)
        assert await declines.declining(OTHER_GUILD) == frozenset()
