"""How often anything may be used, and that nobody is ever refused to be heard less."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import CooldownError
from bot.ui.cooldowns import ALWAYS, DONE_S, MOST_DONE, PACES, TYPING, Cooldowns, Done
from tests.support.clock import ManualClock
from tests.support.rooms_in_memory import ANA, BEN, House
from tests.words.commands import menus, paths

ROOT = Path(__file__).parents[3]
START, JOIN, OUT = "translate start", "parley:consent:join", "parley:consent:leave"
STOPS = {"translate stop", "parley:panel:stop", "parley:stop:confirm"}
LESS = {OUT, "privacy leave", "translate pause", *STOPS}


def cooldowns(clock: ManualClock | None = None) -> Cooldowns:
    return Cooldowns(House().rooms, clock or ManualClock())


def served(of: Cooldowns, name: str, times: int, *, guild: int = 1, user: int = 1) -> int:
    """How often something is done of so many times that it is asked for."""
    done = 0
    for _ in range(times):
        try:
            of.use(name, guild, user)
        except CooldownError:
            continue
        done += 1
    return done


def test_every_command_and_component_has_a_pace() -> None:
    known = paths()
    done = {path for path in known if not any(other.startswith(f"{path} ") for other in known)}
    ids = {
        found
        for folder in ("bot/ui", "cogs")
        for file in (ROOT / folder).rglob("*.py")
        if file.name != "cooldowns.py"
        for found in re.findall(r'"(parley:[a-z:]+)"', file.read_text(encoding="utf-8"))
    }
    assert set(PACES) == done | ids | menus()


def test_what_ends_hearing_is_done_in_a_server_that_is_denied_too() -> None:
    assert set(PACES) > ALWAYS > LESS


@pytest.mark.parametrize("name", sorted({*PACES, TYPING}))
def test_one_person_is_served_so_often_and_again_when_the_time_is_over(name: str) -> None:
    clock = ManualClock()
    of = cooldowns(clock)
    first = served(of, name, 1200)
    assert 1 <= first <= 40
    with pytest.raises(CooldownError) as refused:
        of.use(name, 1, 1)
    assert 1 <= refused.value.retry_after <= 60
    clock.advance(refused.value.retry_after + 0.01)
    assert served(of, name, 1200) == first


def test_the_refusal_says_how_long_to_wait() -> None:
    clock = ManualClock()
    of = cooldowns(clock)
    served(of, START, 6)
    clock.advance(17.2)
    with pytest.raises(
        CooldownError, match=r"^You're doing this too often. Try again in 43 seconds\.$"
    ):
        of.use(START, 1, 1)
    clock.advance(42.3)
    with pytest.raises(
        CooldownError, match=r"^You're doing this too often. Try again in 1 second\.$"
    ):
        of.use(START, 1, 1)


def test_others_other_servers_and_other_commands_feel_nothing_of_it() -> None:
    of = cooldowns()
    served(of, START, 1200)
    assert served(of, START, 1, user=2) == 1
    assert served(of, START, 1, guild=2) == 1
    assert served(of, "translate status", 1) == 1


def test_many_together_are_served_no_more_than_their_server_may_have() -> None:
    of = cooldowns()
    assert sum(served(of, JOIN, 5, user=user) for user in range(1200)) == 300
    with pytest.raises(
        CooldownError, match=r"^Too many people here are doing this at once. Try again in 20 sec"
    ):
        of.use(JOIN, 1, 5000)
    assert served(of, JOIN, 1, guild=2) == 1


@pytest.mark.parametrize("done", list(Done))
def test_what_is_done_is_counted_for_the_server_whoever_does_it(done: Done) -> None:
    clock = ManualClock()
    of = cooldowns(clock)
    for _ in range(MOST_DONE[done]):
        of.take(done, 1)
    with pytest.raises(CooldownError, match=r"^Too many people here are doing this at once"):
        of.take(done, 1)
    of.take(done, 2)
    clock.advance(DONE_S + 0.01)
    of.take(done, 1)


def test_who_was_refused_before_uses_up_nothing_of_the_server() -> None:
    of = cooldowns()
    served(of, JOIN, 1200)
    assert sum(served(of, JOIN, 1, user=user) for user in range(2, 400)) == 295


def test_nobody_is_remembered_longer_than_needed() -> None:
    clock = ManualClock()
    of = cooldowns(clock)
    for user in range(500):
        served(of, START, 1, user=user)
    clock.advance(61)
    served(of, START, 1)
    assert len(of._persons[START]._cache) == 1


names = st.sampled_from(sorted(LESS | {"privacy forget-me"}))


@given(
    asked=st.lists(st.tuples(names, st.floats(0, 5)), max_size=60),
    agrees=st.booleans(),
    runs=st.booleans(),
)
async def test_nobody_is_refused_to_be_heard_less(
    *, asked: list[tuple[str, float]], agrees: bool, runs: bool
) -> None:
    clock = ManualClock()
    house = House(ANA, BEN)
    of = Cooldowns(house.rooms, clock)
    if runs:
        await house.start("en")
    consent = await house.rooms.consent(1)
    await (consent.agree(BEN.id) if agrees else consent.withdraw(BEN.id))
    for name, after_s in asked:
        clock.advance(after_s)
        try:
            of.use(name, 1, BEN.id)
        except CooldownError as error:
            said = of.refusal(name, 1, BEN.id, error)
            if name in {"translate pause", *STOPS}:
                assert (said is None) == runs
            else:
                assert (said is None) == agrees
    await house.rooms.close()


async def test_what_is_so_already_is_said_shortly_and_done_again_as_soon_as_it_is_not() -> None:
    house = House(ANA)
    of = Cooldowns(house.rooms, ManualClock())
    error = CooldownError(5)
    await house.start("en")
    assert of.refusal("translate pause", 1, ANA.id, error) is None
    house.rooms.pause(1)
    assert of.refusal("translate pause", 1, ANA.id, error) == "Translation is already paused."
    house.rooms.resume(1)
    assert of.refusal("translate pause", 1, ANA.id, error) is None
    assert of.refusal("translate stop", 1, ANA.id, error) is None
    house.rooms.deafen(1)
    ended = "Nothing is being translated here. Start with /translate start."
    assert of.refusal("parley:panel:stop", 1, ANA.id, error) == ended
    consent = await house.rooms.consent(1)
    assert of.refusal(OUT, 1, ANA.id, error) is None
    await consent.withdraw(ANA.id)
    assert of.refusal(OUT, 1, ANA.id, error) == "You stay out: you are not heard."
    assert of.refusal("privacy forget-me", 1, ANA.id, error) == error.message
    await consent.agree(ANA.id)
    assert of.refusal(OUT, 1, ANA.id, error) is None
    assert of.refusal("privacy forget-me", 1, ANA.id, error) is None
    await house.rooms.close()
