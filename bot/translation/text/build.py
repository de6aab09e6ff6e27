"""Builds text translation: the queue, and the client that sends what is in it."""

import random
from collections.abc import Awaitable, Callable, Collection

from bot.clock import Clock
from bot.translation.ports import Endpoint, Reach
from bot.translation.protocol.models import look_at_text_model
from bot.translation.text import qwen_mt
from bot.translation.text.queue import TextQueue


def build(
    endpoint: Endpoint,
    *,
    languages: Collection[str],
    per_minute: int,
    clock: Clock,
    reach: Reach,
) -> tuple[TextQueue, Callable[[], Awaitable[None]]]:
    """Return text translation, and what ends it.

    Args:
        endpoint: The service, the account, and the name of a Qwen-MT model.
        languages: Codes of those that conversations translate into.
        per_minute: Requests that the account may make in each minute.
        clock: Tells the time and calls back.
        reach: Learns whether the service can be used.

    Raises:
        SettingsError: The model's name can't be one.
    """
    look_at_text_model(endpoint.model)
    client = qwen_mt.QwenMt(
        url=endpoint.url,
        api_key=endpoint.api_key,
        model=endpoint.model,
        workspace=endpoint.workspace,
    )
    queue = TextQueue(
        client.send,
        languages=qwen_mt.languages(frozenset(languages)),
        per_minute=per_minute,
        clock=clock,
        chance=random.Random(),  # noqa: S311 - jitter, no secret
        reach=reach,
    )

    async def close() -> None:
        await queue.close()
        await client.close()

    return queue, close
