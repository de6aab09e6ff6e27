"""Five minutes of talk in time that jumps, against the limits of the loopback Discord."""

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.chat.detail import Step
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.loopback.rest.limits import Rule
from tests.support.crowd import Hall, Shown, Talk, spoken_words

FIVE_MINUTES = 300.0
CROWD = Talk(8, ("en", "es", "de"), at_once=True, seconds=FIVE_MINUTES)
TURNS = Talk(2, ("en", "es", "de"), at_once=False, seconds=FIVE_MINUTES)
TOGETHER, THREADS = Layout.TOGETHER, Layout.THREADS


async def listened(talk: Talk, layout: Layout, seed: int, *, posts_own: bool = True) -> Hall:
    chance = random.Random(seed)
    hall = Hall(Look(talk.languages, layout=layout), chance, posts_own=posts_own)
    await hall.hear(talk.events(chance))
    return hall


def late_s(shown: Mapping[int, Shown], share: float) -> float:
    """Seconds from final to standing, below which so many are."""
    lateness = sorted(
        (one.whole_at if one.whole_at is not None else float("inf")) - one.final_at
        for one in shown.values()
    )
    return lateness[min(int(len(lateness) * share), len(lateness) - 1)]


def check(hall: Hall, talk: Talk) -> None:
    """Every final once, whole, in order, under its name and language; nothing unfinished."""
    apart = hall.look.layout is THREADS
    stood: dict[tuple[str, str], list[int]] = {}
    for place in talk.languages if apart else ("",):
        for name, label, text in hall.rows(place):
            assert not text.endswith("…"), "no stale interim"
            (language, speaker, number), count = spoken_words(text)
            assert name == f"speaker{speaker}"
            labelled = len(talk.languages) > 1 and not apart
            assert label == (language.upper() if labelled else "")
            assert not apart or language == place
            assert count >= 4
            stood.setdefault((name, language), []).append(number)
    assert sum(map(len, stood.values())) == len(hall.shown), "each once"
    for numbers in stood.values():
        assert numbers == list(range(len(numbers))), "in order"
    assert max(len(written.content) for written in hall.messages.values()) <= 2000


@pytest.mark.parametrize("layout", list(Layout))
async def test_eight_people_at_once_in_three_languages_are_shown_whole_and_soon(
    layout: Layout,
) -> None:
    hall = await listened(CROWD, layout, 2)
    check(hall, CROWD)
    assert len(hall.shown) > 1000
    assert late_s(hall.shown, 0.95) <= 2.5
    assert late_s(hall.shown, 1.0) <= 4.0
    assert hall.refused == []
    assert hall.steps[-1][1] == Step.DIGEST
    assert len(hall.steps) <= 6, "it does not flap"


@pytest.mark.parametrize("seed", range(1, 6))
async def test_a_request_is_left_for_who_speaks_next(seed: int) -> None:
    """Interims of the one don't spend what the first words of the other need."""
    hall = await listened(replace(TURNS, languages=("en",), seconds=30.0), TOGETHER, seed)
    assert len(hall.shown) >= 5
    for shown in hall.shown.values():
        assert shown.seen_at is not None
        assert shown.seen_at - shown.heard_at <= 1.3  # the request itself takes up to 0.3


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("seed", [1, 2])
async def test_two_people_in_turns_are_shown_live_and_at_once(seed: int, layout: Layout) -> None:
    hall = await listened(TURNS, layout, seed)
    check(hall, TURNS)
    assert late_s(hall.shown, 0.95) <= 1.5
    assert hall.refused == []
    assert max(step for _, step in hall.steps) <= Step.FINALS
    assert hall.steps[-1][1] == Step.LIVE
    assert len(hall.steps) <= 13, "once in 25 s at most: it does not flap"
    if layout is TOGETHER:
        assert all(written.by_webhook for written in hall.messages.values())
    else:  # three finals in 4 s are above the webhook's limit, which all threads share
        turned = [written.by_webhook for written in hall.messages.values()]
        assert turned == sorted(turned, reverse=True), "the look changes once"


async def test_where_the_bot_may_not_write_itself_digests_go_by_the_webhook() -> None:
    hall = await listened(CROWD, TOGETHER, 1, posts_own=False)
    check(hall, CROWD)
    assert late_s(hall.shown, 0.95) <= 4.0
    assert hall.refused == []
    assert all(written.by_webhook for written in hall.messages.values())


async def test_threads_without_it_share_the_webhook_and_lose_nothing() -> None:
    hall = await listened(CROWD, THREADS, 1, posts_own=False)
    check(hall, CROWD)
    assert late_s(hall.shown, 0.95) <= 10.0
    assert hall.refused == []


@pytest.mark.parametrize("layout", list(Layout))
async def test_after_a_crowd_one_person_is_live_again_under_their_name(layout: Layout) -> None:
    chance = random.Random(5)
    languages = ("en", "es") if layout is THREADS else ("en",)
    crowd = Talk(8, languages, at_once=True, seconds=60)
    one = Talk(1, languages, at_once=True, seconds=12, first_key=10_000, starts_at=240.0)
    hall = Hall(Look(languages, layout=layout), chance)
    await hall.hear(crowd.events(chance) + one.events(chance))
    assert max(step for _, step in hall.steps) == Step.DIGEST
    assert hall.steps[-1][1] == Step.LIVE
    assert not all(written.by_webhook for written in hall.messages.values())
    later = [written for written in hall.messages.values() if written.posted_at > 240.0]
    assert {written.author for written in later} == {"speaker0"}


@pytest.mark.parametrize("layout", list(Layout))
async def test_a_lower_limit_of_webhooks_is_learned_from_one_refusal(layout: Layout) -> None:
    talk = Talk(8, ("en",), at_once=True, seconds=180)
    chance = random.Random(6)
    hall = Hall(Look(talk.languages, layout=layout), chance, posts_own=False)
    hall.limits.shared = Rule(20, 60.0)
    await hall.hear(talk.events(chance))
    check(hall, talk)
    assert 1 <= len(hall.refused) <= 3, "the learning"
    assert max(hall.refused) < 120


async def test_a_lower_limit_of_own_messages_is_heard_of_before_it_refuses() -> None:
    chance = random.Random(7)
    hall = Hall(Look(CROWD.languages, layout=THREADS), chance)
    hall.limits.buckets["message-send"] = Rule(2, 5.0)
    await hall.hear(CROWD.events(chance))
    check(hall, CROWD)
    assert hall.refused == []
    assert late_s(hall.shown, 0.95) <= 6.0
