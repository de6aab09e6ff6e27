"""The service is killed in mid-sentence; the people read the sentence whole, and once."""

import asyncio
import random

import pytest

from bot.domain.events import TurnEnded
from tests.integration.translation.translation_room import (
    FLAT,
    NESTED,
    Heard,
    QuickClock,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Service, Session, translate

KILLS = 20
WORDS = 8
PACE_S = 0.01
SENTENCE_S = 0.25  # its words, the silence that ends it, and what the service says then


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize("voice", [False, True])
async def test_a_service_killed_in_each_of_twenty_sentences_loses_and_doubles_none(
    model: str,
    voice: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    chance = random.Random(f"{model} {voice}")
    heard = Heard()
    said = []
    killed = 0
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard, model, voice=voice, clock=QuickClock()) as talk,
    ):
        for sentence in range(KILLS):
            words = range(sentence * WORDS + 1, (sentence + 1) * WORDS + 1)
            said.append(" ".join(map(str, words)))
            before = len(service.sessions)

            async def kill() -> None:
                await asyncio.sleep(chance.uniform(0, SENTENCE_S))
                await service.crash(chance.uniform(0, 0.1))

            async with asyncio.TaskGroup() as group:
                group.create_task(kill())
                group.create_task(say(talk, *words, pace_s=PACE_S))
            await heard.until_ended(sentence + 1)
            killed += len(service.sessions) > before
        assert service.handshakes > KILLS
    assert heard.captions() == said
    assert heard.ended() == [*range(1, KILLS + 1)]
    assert killed > KILLS // 2, "most were killed before they were done"
    assert isinstance([e for e in heard.events if getattr(e, "turn", None)][-1], TurnEnded)


@pytest.mark.parametrize("model", [FLAT, NESTED])
async def test_twenty_calls_killed_at_random_moments_in_real_time_read_the_whole_sentence(
    model: str,
) -> None:
    chance = random.Random(7)
    words = range(1, 16)

    async def call(at_s: float, down_s: float) -> Heard:
        heard = Heard()
        async with Service(translate) as service, conversation(service, heard, model) as talk:
            async with asyncio.TaskGroup() as group:
                group.create_task(say(talk, *words, pace_s=0.1))
                await asyncio.sleep(at_s)
                await service.crash(down_s)
            await heard.until(lambda h: h.ended() == [1])
        return heard

    async with nothing_left():
        calls = [call(chance.uniform(0.05, 2.3), chance.uniform(0, 0.5)) for _ in range(KILLS)]
        for heard in await asyncio.gather(*calls):
            assert heard.captions() == [" ".join(map(str, words))]
            assert [notice for notice in heard.failures() if notice.fatal] == []


async def test_two_hundred_conversations_with_a_moody_service_leave_nothing_behind() -> None:
    chance = random.Random(12)

    async def moody(session: Session) -> None:
        match chance.randrange(6):
            case 0:
                await translate(session, stop_after=chance.randint(1, 12))
                session.reset()
            case 1:
                await translate(session, stop_after=chance.randint(1, 12))
                await session.end(1011, "Internal server error")
            case 2:
                await session.end(1000, "")
            case _:
                await translate(session)

    async def talk_once(service: Service, model: str) -> list[str]:
        heard = Heard()
        async with conversation(service, heard, model, clock=QuickClock()) as talk:
            await say(talk, 1, 2, 3)
            await heard.until_ended(1)
        # After seven breaks in a row a sentence is given up as it stands, with a mark.
        return [caption.removesuffix(" …").removesuffix(" […]") for caption in heard.captions()]

    async with nothing_left(), Service(moody) as service:
        for turn in range(8):
            model = (FLAT, NESTED)[turn % 2]
            at_once = [talk_once(service, model) for _ in range(25)]
            assert await asyncio.gather(*at_once) == [["1 2 3"]] * 25
    assert service.handshakes > 200
