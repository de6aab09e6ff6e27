"""Whatever arrives, the protocol's readers answer with a value or a documented error."""

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ProtocolError
from bot.room.events import Echoed, Final, Partial, TurnEnded, Voice
from bot.translation.echo import EchoRule
from bot.translation.parse import _READERS, parse
from bot.translation.turns import PATIENCE_S, Turns

texts = st.sampled_from(["r1", "r2", "i1", "i2", "", "a b", "zh"]) | st.text(max_size=8)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.just("UklGRgAAAABXQVZF")
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
ids = st.sampled_from(["1", "2", "3"])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "response_id": ids,
    "item_id": ids,
    "previous_item_id": ids | st.none(),
    "text": texts,
    "stash": texts,
    "delta": st.sampled_from(["", "AAAA", "AA==", "word "]),
    "transcript": texts,
    "language": st.sampled_from([None, "", "zh", "es"]),
    "audio_start_ms": st.integers(0, 10_000) | st.none(),
    "audio_end_ms": st.integers(0, 10_000) | st.none(),
    "session": st.fixed_dictionaries({"id": texts}),
    "response": st.fixed_dictionaries({"id": ids}),
    "item": st.fixed_dictionaries({"id": ids}),
    "error": st.fixed_dictionaries({"code": texts, "message": texts}),
}
kinds = st.sampled_from(sorted(_READERS))


@st.composite
def near_misses(draw: st.DrawFn) -> dict[str, Any]:
    """Events with each field right, wrong or missing."""
    message: dict[str, Any] = {"type": draw(kinds)}
    for name, right in FIELDS.items():
        match draw(st.integers(0, 9)):
            case 0:
                message[name] = draw(anything)
            case 1:
                pass
            case _:
                message[name] = draw(right)
    return message


@given(anything | near_misses())
def test_any_json_is_an_event_or_a_protocol_error(message: object) -> None:
    with contextlib.suppress(ProtocolError):
        assert type(parse(message)).__module__ == "bot.translation.protocol"


@given(
    st.lists(near_misses(), max_size=40),
    st.sampled_from([None, "en", "zh"]),
    st.sampled_from([None, "en"]),
)
def test_a_turn_that_is_an_echo_says_nothing_after_it_is_told(
    messages: list[dict[str, Any]], declared: str | None, assumed: str | None
) -> None:
    rule = EchoRule("zh", declared=declared, assumed=assumed)
    turns = Turns("zh", source_expected=True, echo=rule)
    echoed: set[int] = set()
    for now, message in enumerate(messages):
        with contextlib.suppress(ProtocolError):
            for event in turns.take(parse(message), float(now)):
                if isinstance(event, Echoed):
                    assert event.turn not in echoed
                    echoed.add(event.turn)
                elif isinstance(event, Partial | Final):
                    assert declared != "zh"
                    echoed.discard(event.turn)
                elif isinstance(event, Voice):
                    assert event.turn not in echoed
    for event in turns.end_all():
        if isinstance(event, Partial | Final | Voice):
            assert event.turn not in echoed


@given(st.lists(near_misses() | st.sampled_from(["break", "advance"]), max_size=40))
def test_any_order_of_events_gives_turns_that_end_once_and_say_nothing_after(
    messages: list[dict[str, Any] | str],
) -> None:
    turns = Turns("en", source_expected=True)
    told = []
    now = 0.0
    for message in messages:
        now += 0.05
        if message == "break":
            told += turns.broken(now)
        elif message == "advance":
            told += turns.advance(now, quiet_since=None)
        else:
            try:
                told += turns.take(parse(message), now)
            except ProtocolError:
                continue
    for _ in messages:
        now += 2 * PATIENCE_S
        told += turns.advance(now, quiet_since=0.0)
    assert turns.settled
    ended: set[int] = set()
    for event in told:
        turn = getattr(event, "turn", None)
        assert turn not in ended
        if isinstance(event, TurnEnded):
            ended.add(event.turn)
    assert ended == set(range(1, len(ended) + 1))
