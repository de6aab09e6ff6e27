"""A process that does nothing but hold a database's lease."""

import asyncio

from bot.errors import StoreError
from bot.store.ownership import lease


def hold(url: str, _order: str) -> None:
    """Say "held", or why not, and stay."""
    asyncio.run(_held(url))


async def _held(url: str) -> None:
    try:
        await lease.take(url)
    except StoreError as error:
        print(error, flush=True)  # noqa: T201 - what the test reads
    else:
        print("held", flush=True)  # noqa: T201 - the same
    await asyncio.Event().wait()
