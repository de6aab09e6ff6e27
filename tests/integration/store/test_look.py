"""A look at a database changes nothing, and tells where its tables are and who uses it."""

from bot.clock import LoopClock
from bot.sharding.build import join
from bot.store.database import Database
from bot.store.look import look


async def test_tables_and_their_user_are_seen(database_url: str) -> None:
    before = await look(database_url)
    assert not before.held
    assert before.steps is None or before.steps.current is None
    held = await join(database_url, LoopClock())
    async with await Database.open(database_url):
        during = await look(database_url)
    await held.close()
    assert during.held
    assert during.exists
    assert during.steps is not None
    assert during.steps.current == during.steps.newest
    assert during.steps.pending == ()
    assert not (await look(database_url)).held
