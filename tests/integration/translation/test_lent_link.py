"""A link that goes on to another speaker, through the real SDK."""

import pytest

from bot.clock import LoopClock
from bot.domain.events import ConversationRequest, Usage, Voice
from tests.integration.translation.translation_room import (
    FLAT,
    FLAT_NEWER,
    KEY,
    NESTED,
    Heard,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Service, translate
from tests.support.live_translate import live_translate


@pytest.mark.parametrize("model", [FLAT, FLAT_NEWER, NESTED])
async def test_two_speakers_in_turn_need_one_connect_and_each_is_told_their_own(
    model: str,
) -> None:
    first, second = Heard(), Heard()
    async with nothing_left(), Service(translate) as service:
        live = live_translate(
            url=service.url, api_key=KEY, model=model, clock=LoopClock(), connects_per_minute=1
        )
        talks = [
            live.converse(ConversationRequest(speaker, "en", spoken=True, guild_id=1), heard)
            for speaker, heard in enumerate((first, second))
        ]
        await say(talks[0], 1, 2, 3)
        await first.until(lambda h: h.ended() == [1])
        await say(talks[1], 4, 5)
        await second.until(lambda h: h.ended() == [1])
        await say(talks[0], 6)
        await first.until(lambda h: h.ended() == [1, 2])
        assert len(service.sessions) == 1
        assert (live.budget().lent, live.budget().open) == (2, 1)
        for talk in talks:
            await talk.close()
        await live.close()
    assert (first.finals(), second.finals()) == ({1: "1 2 3", 2: "6"}, {1: "4 5"})
    assert {event.turn for event in second.events if isinstance(event, Voice)} == {1}
    used = [
        sum((event for event in heard.events if isinstance(event, Usage)), Usage())
        for heard in (first, second)
    ]
    assert [usage.connects for usage in used] == [1, 0]
    assert (first.failures(), second.failures()) == ([], [])
