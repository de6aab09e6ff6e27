"""Whatever arrives is a value or a documented error, in bounded time and memory."""

import contextlib
import json
import time
import tracemalloc
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.events import Caption, Echoed, Final, Member, Partial, Source, TurnEnded, Voice
from bot.errors import ProtocolError
from bot.room.captions import CaptionLine, Captions
from bot.room.spoken.voice_queue import QueuedUtterance, VoiceQueue
from bot.translation.protocol import bounds
from bot.translation.protocol.bounds import Excess
from bot.translation.protocol.parse import _READERS, parse
from bot.translation.speech.echo import EchoRule
from bot.translation.speech.intake import Intake
from bot.translation.speech.turns import PATIENCE_S, Turns
from tests.support.tracks import MemoryTrack

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
        assert type(parse(message)).__module__ == "bot.translation.protocol.server_events"


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


# Without measure: of each field something very long, very deep or very large.
numbers = st.sampled_from([-1, 0, 1, 10**6, 10**11, 10**30, -1e308, 1.5, float("nan"), True])
huge = st.sampled_from(["", "ab ", "Wort. ", "語", "\ud83d", "\0"]).flatmap(
    lambda unit: st.sampled_from([0, 1, 200, 5_000, 60_000]).map(lambda times: unit * times)
)
many_ids = st.integers(0, 5_000).map(str) | huge
content = st.fixed_dictionaries({"text": huge | numbers, "transcript": huge})
items = st.fixed_dictionaries({"id": many_ids | numbers, "content": st.lists(content, max_size=3)})
usages = st.fixed_dictionaries({"input_tokens": numbers, "output_tokens": numbers})
WITHOUT_MEASURE: dict[str, st.SearchStrategy[Any]] = {
    "response_id": many_ids,
    "item_id": many_ids,
    "previous_item_id": many_ids,
    "text": huge,
    "stash": huge,
    "delta": huge | st.sampled_from([0, 4, 4_000, 200_000]).map(lambda times: "A" * times),
    "transcript": huge,
    "language": huge,
    "audio_start_ms": numbers,
    "audio_end_ms": numbers,
    "session": items | numbers,
    "response": st.fixed_dictionaries(
        {"id": many_ids, "output": st.lists(items, max_size=3).map(lambda some: some * 50)},
        optional={"usage": usages | numbers},
    ),
    "item": items,
    "error": st.fixed_dictionaries({"code": huge | numbers, "message": huge, "param": huge}),
}
DEEP = "[" * 900 + "]" * 900


@st.composite
def without_measure(draw: st.DrawFn) -> dict[str, Any]:
    """Messages with fields of any size."""
    message: dict[str, Any] = {"type": draw(kinds)}
    for name in draw(st.sets(st.sampled_from(sorted(WITHOUT_MEASURE)), min_size=3)):
        message[name] = draw(WITHOUT_MEASURE[name])
    if draw(st.booleans()):
        message["deep"] = DEEP  # nested, what fails could not be printed
    return message


class Room:
    """A conversation's way from a message to what its people see and hear."""

    def __init__(self) -> None:
        excess = Excess()
        self.intake = Intake(excess)
        self.turns = Turns("en", source_expected=True, excess=excess)
        self.captions = Captions()
        self.tracks: list[MemoryTrack] = []
        self.voices = VoiceQueue(self._begin)
        self.shown: dict[int, Caption] = {}  # the latest
        self.now = 0.0
        self.intake.sent(32_000)

    def _begin(self, gain: float) -> MemoryTrack:
        assert gain == 1
        self.tracks.append(MemoryTrack())
        return self.tracks[-1]

    @property
    def played(self) -> int:
        return sum(len(track.pcm) for track in self.tracks)

    def hear(self, message: object) -> None:
        """A message as the link would take it: as text, decoded here."""
        self.now += 0.01
        text = json.dumps(message).replace(json.dumps(DEEP), DEEP)
        if not self.intake.admits(len(text), self.now):
            return
        try:
            decoded = json.loads(text)
        except (ValueError, RecursionError):
            self.intake.unreadable()
            return
        event = self.intake.read(decoded)
        events = [] if event is None else self.turns.take(event, self.now)
        for told in [*events, *self.turns.advance(self.now, None)]:
            if isinstance(told, Voice):
                self.voices.voice(
                    QueuedUtterance(CaptionLine(1, "en"), told.turn), told.pcm, self.now
                )
                self.voices.advance(self.now)
            elif isinstance(told, Partial | Final | Source):
                assert 0 < len(told.text) <= bounds.TURN_CHARS + len(" …")
                told.text.encode()
            caption = self.captions.apply(CaptionLine(1, "en"), Member(1, "Ana"), told, 0.0)
            if caption is not None:
                self.shown = {caption.key: caption}


@given(st.lists(without_measure(), min_size=1, max_size=12), st.sampled_from([1, 20]))
@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
def test_messages_without_measure_take_a_bounded_time_and_leave_little(
    messages: list[dict[str, Any]], times: int
) -> None:
    room = Room()
    slowest = 0.0
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(times):
            for message in messages:
                varied = {
                    key: f"{value}{number}" if key.endswith("_id") else value
                    for key, value in message.items()
                }
                began = time.process_time()
                room.hear(varied)
                slowest = max(slowest, time.process_time() - began)
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # A few milliseconds, but for what tracing memory and a busy machine cost.
    assert slowest < 5
    assert kept < 4_000_000
    assert room.played <= 35 * 48_000
