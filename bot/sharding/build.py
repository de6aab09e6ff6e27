"""Builds the bot's part in the processes that share its database."""

from bot.clock import Clock
from bot.domain.processes import Processes
from bot.settings import TranslationSettings
from bot.sharding.alone import OneProcess
from bot.sharding.shares import Shares
from bot.store.database import is_postgresql
from bot.store.ownership import lease
from bot.store.ownership.processes import SharingProcess
from bot.translation.interpreter import LiveTranslate
from bot.translation.quota.shared import SharedRequests
from bot.translation.text.queue import TextQueue
from bot.translation.tts.reading import PER_MINUTE, ReadAloud


async def join(url: str, clock: Clock) -> Processes:
    """Join the processes that share the database at `url`, before anything else is done with it.

    Raises:
        StoreError: It can't be reached, or serves one process and another one uses it.
    """
    if is_postgresql(url):
        return await SharingProcess.join(url)
    return OneProcess(await lease.take(url), clock)


def divide(
    url: str,
    limits: TranslationSettings,
    interpreter: LiveTranslate,
    texts: TextQueue,
    reading: ReadAloud | None,
    *,
    clock: Clock,
) -> Shares:
    """Return this process's share of the account's limits; all of them where it is the only one."""
    shares = Shares(clock)
    if is_postgresql(url):
        connects, conversations, tokens = interpreter.shared_limits()
        requests = SharedRequests(texts.used, lambda: texts.waiting, texts.limit_to)
        shares.add("connects", connects, limits.connects_per_minute, rate=True)
        shares.add("conversations", conversations, limits.open_conversations, rate=False)
        shares.add("tokens", tokens, limits.tokens_per_minute, rate=True)
        shares.add("texts", requests, limits.text_requests_per_minute, rate=True)
        if reading is not None:
            aloud = SharedRequests(reading.used, lambda: reading.waiting, reading.limit_to)
            shares.add("read_aloud", aloud, PER_MINUTE, rate=True)
    return shares
