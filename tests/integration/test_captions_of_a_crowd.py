"""Five minutes of talk in time that jumps, against the limits of the loopback Discord."""

import random

import pytest

from bot.chat.render import Style
from bot.chat.schedule import Schedule
from bot.chat.steps import Step
from bot.loopback.rest.limits import Rule
from tests.support.crowd import Hall, Shown, Talk, spoken_words

FIVE_MINUTES = 300.0
CROWD = Talk(8, ("en", "es", "de"), at_once=True, seconds=FIVE_MINUTES)
TURNS = Talk(2, ("en", "es", "de"), at_once=False, seconds=FIVE_MINUTES)


def listened(talk: Talk, seed: int, rule: Rule | None = None) -> tuple[Hall, dict[int, Shown]]:
    chance = random.Random(seed)
    hall = Hall(Schedule(style=Style(talk.languages)), chance)
    if rule is not None:
        hall.limits.shared = rule
    return hall, hall.hear(talk.events(chance))


def late_s(shown: dict[int, Shown], share: float) -> float:
    """Seconds from final to standing, below which so many are."""
    lateness = sorted(
        (one.whole_at if one.whole_at is not None else float("inf")) - one.final_at
        for one in shown.values()
    )
    return lateness[int(len(lateness) * share)]


def check(hall: Hall, talk: Talk, shown: dict[int, Shown]) -> None:
    """Every final once, whole, in order, under its name and language; nothing unfinished."""
    rows = hall.rows()
    assert not [text for _, _, text in rows if text.endswith("…")], "no stale interim"
    stood: dict[tuple[str, str], list[int]] = {}
    for name, label, text in rows:
        (language, speaker, number), count = spoken_words(text)
        assert name == f"speaker{speaker}"
        assert label == (language.upper() if len(talk.languages) > 1 else "")
        assert count >= 4
        stood.setdefault((name, language), []).append(number)
    assert sum(map(len, stood.values())) == len(shown), "each once"
    for numbers in stood.values():
        assert numbers == list(range(len(numbers))), "in order"


@pytest.mark.parametrize("seed", [1, 2])
def test_eight_people_at_once_in_three_languages_are_shown_whole_and_soon(seed: int) -> None:
    hall, shown = listened(CROWD, seed)
    check(hall, CROWD, shown)
    assert len(shown) > 1000
    assert late_s(shown, 0.95) <= 4.0
    assert hall.refused == []
    assert hall.schedule.figures()["step"] == Step.DIGEST


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_people_in_turns_are_shown_live_and_at_once(seed: int) -> None:
    hall, shown = listened(TURNS, seed)
    check(hall, TURNS, shown)
    assert late_s(shown, 0.95) <= 1.5
    assert hall.refused == []
    assert max(step for _, step in hall.steps) <= Step.FINALS
    assert len(hall.steps) <= 13, "once in 25 s at most: it does not flap"


def test_a_crowd_does_not_make_the_steps_flap() -> None:
    hall, _ = listened(CROWD, 4)
    assert len(hall.steps) <= 6


def test_after_a_crowd_one_person_is_live_again() -> None:
    chance = random.Random(5)
    crowd = Talk(8, ("en",), at_once=True, seconds=60)
    one = Talk(1, ("en",), at_once=True, seconds=180, first_key=10_000, starts_at=70.0)
    hall = Hall(Schedule(style=Style(("en",))), chance)
    hall.hear(crowd.events(chance) + one.events(chance))
    assert max(step for _, step in hall.steps) == Step.DIGEST
    assert hall.schedule.figures()["step"] == Step.LIVE


def test_a_lower_limit_is_learned_from_one_refusal() -> None:
    hall, shown = listened(Talk(8, ("en",), at_once=True, seconds=180), 6, Rule(20, 60.0))
    check(hall, Talk(8, ("en",), at_once=True, seconds=180), shown)
    assert 1 <= len(hall.refused) <= 3, "the learning"
    assert max(hall.refused) < 120
