"""Whatever guests read, whoever comes and goes: what a room is translated into for them."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.room.languages import GRACE_S, Allowed, LanguageChoice

LANGUAGES = ("en", "es", "fr", "de", "ja")


@dataclass(frozen=True, slots=True)
class Step:
    """What is read after a while, and perhaps what is chosen and allowed from then on."""

    after_s: float
    reads: list[str]
    chosen: tuple[str, ...] | None
    guests: int | None


steps = st.builds(
    Step,
    st.floats(0, 2 * GRACE_S),
    st.lists(st.sampled_from(LANGUAGES), max_size=6),
    st.none()
    | st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=3, unique=True).map(tuple),
    st.none() | st.integers(0, 4),
)


@given(st.integers(1, 5), st.integers(0, 4), st.lists(steps, max_size=12))
def test_guests_get_no_more_than_they_may_and_no_less(
    most: int, guests: int, todo: list[Step]
) -> None:
    wanted = LanguageChoice(("en",), Allowed(most, guests))
    now = 0.0
    rests_since: dict[str, float] = {}
    for step in todo:
        now += step.after_s
        if step.chosen is not None and len(step.chosen) <= most:
            wanted.chosen = step.chosen
        if step.guests is not None:
            wanted.allowed = Allowed(most, step.guests)
        before = {
            code
            for code in wanted.read
            if code not in rests_since or now - rests_since[code] < GRACE_S
        }
        targets = wanted.settle(step.reads, now)
        places = max(0, min(wanted.allowed.guests, most - len(wanted.chosen)))
        asked = [code for code in dict.fromkeys(step.reads) if code not in wanted.chosen]
        active = set(wanted.read) - wanted.resting
        assert targets == wanted.chosen + wanted.read
        assert len(wanted.read) <= places
        assert active <= set(asked)
        # Nobody's language is left out while there is a place, or one that nobody reads.
        assert len(active) == min(len(asked), places)
        # Who had a place keeps it, unless there are fewer of them.
        kept = [code for code in asked if code in before]
        assert len(active & set(kept)) == min(len(kept), places)
        for code in wanted.resting:
            rests_since.setdefault(code, now)
            assert now - rests_since[code] < GRACE_S
        rests_since = {code: at for code, at in rests_since.items() if code in wanted.resting}
        assert (wanted.next_at is None) == (not wanted.resting)
