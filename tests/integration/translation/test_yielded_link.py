"""A conversation that gives its place to another server in the middle of speech, by the SDK."""

import asyncio
from itertools import chain, count

import pytest

from bot.clock import LoopClock
from bot.domain.events import ConversationRequest, ConversationState
from bot.translation.speech.conversation import LiveConversation
from tests.integration.translation.translation_room import (
    FLAT,
    KEY,
    NESTED,
    Heard,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Service, spoken, translate
from tests.support.live_translate import live_translate


async def speak(talk: LiveConversation, said: list[int], done: asyncio.Event) -> None:
    """Words without a pause."""
    for word in count(1):
        if done.is_set():
            break
        talk.feed(spoken(word))
        said.append(word)
        await asyncio.sleep(0.05)
    talk.fell_silent()


@pytest.mark.parametrize("model", [FLAT, NESTED])
async def test_a_server_that_comes_is_heard_while_another_never_rests_and_no_word_is_lost(
    model: str,
) -> None:
    busy, calm = (Heard(), Heard()), Heard()
    said: tuple[list[int], list[int]] = ([], [])
    done = asyncio.Event()
    async with nothing_left(), Service(translate) as service:
        live = live_translate(
            url=service.url,
            api_key=KEY,
            model=model,
            clock=LoopClock(),
            connects_per_minute=100,
            open_conversations=2,
            idle_s=1.0,
        )
        talks = [
            live.converse(ConversationRequest(speaker, "en", guild_id=1), heard)
            for speaker, heard in enumerate(busy)
        ]
        other = live.converse(ConversationRequest(9, "en", guild_id=2), calm)
        async with asyncio.TaskGroup() as speaking:
            for talk, words in zip(talks, said, strict=True):
                speaking.create_task(speak(talk, words, done))
            await busy[1].until(lambda heard: "open" in heard.states())
            await say(other, 7, 8)
            await calm.until(lambda heard: heard.ended() == [1])
            assert not any(words == [] for words in said)
            assert ConversationState.WAITING in {talk.state for talk in talks}
            assert live.budget().open <= 2
            done.set()
        for heard, words in zip(busy, said, strict=True):
            await heard.until(lambda h, w=words: _read(h) == w)  # type: ignore[misc] # bound now
        for talk in (*talks, other):
            await talk.close()
        await live.close()
    assert calm.finals() == {1: "7 8"}
    assert [heard.failures() for heard in (*busy, calm)] == [[], [], []]


def _read(heard: Heard) -> list[int]:
    words = chain.from_iterable(text.split() for _, text in sorted(heard.finals().items()))
    return [int(word) for word in words]
