"""Whatever speech has to wait for within the bounds, all of it is heard, in its order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.audio.opus import SILENCE
from bot.voice.receive.held_packets import MAX_AGE_S
from tests.unit.voice.voice_call import FRAME, Desk

ANA, BEN = 11, 22
BOUND = round(MAX_AGE_S / FRAME) - 5  # packets


@st.composite
def arrivals(draw: st.DrawFn, count: int) -> list[int]:
    """Indices in the order in which they arrive: each at most two places from its own."""
    order = sorted(range(count), key=lambda index: index + draw(st.sampled_from([0, 0, 0, 1.5])))
    assert all(abs(place - index) <= 2 for place, index in enumerate(order))
    return order


@st.composite
def calls(draw: st.DrawFn) -> tuple[list[int], list[int], list[int]]:
    """The epoch of each packet, when each epoch's key comes (by packet), the order of arrival."""
    epochs: list[int] = []
    keys: list[int] = []
    for epoch in range(1, draw(st.integers(1, 3)) + 1):
        late = draw(st.sampled_from([0, 1, 2, 10, 25, 60]))
        keys.append(max([*keys, len(epochs) + late]))
        epochs += [epoch] * draw(st.integers(1, 60))
    return epochs, keys, draw(arrivals(len(epochs)))


@settings(deadline=None)
@given(calls(), st.booleans(), st.booleans())
def test_any_lag_of_keys_behind_media_loses_nothing(
    call: tuple[list[int], list[int], list[int]],
    known: bool,  # noqa: FBT001 - drawn
    stops: bool,  # noqa: FBT001
) -> None:
    epochs, keys, order = call
    desk = Desk(ANA, BEN)
    ana = desk.join(ANA, 1001, announced=known)
    desk.join(BEN, 1002)
    group = desk.keys.session
    assert group is not None
    group.epoch = 0
    frames = ana.tone(440, len(epochs))
    packets = [ana.packet(frame, epoch=of) for frame, of in zip(frames, epochs, strict=True)]
    for place, index in enumerate(order):
        group.epoch = sum(due <= place for due in keys)
        desk.take(packets[index])
    for _ in range(5 if stops else 0):
        desk.take(ana.packet(SILENCE))
    for place in range(len(order), len(order) + 70):
        group.epoch = sum(due <= place for due in keys)
        desk.wait(FRAME)
    desk.wait(1.0)
    assert round(desk.seconds(ANA) / FRAME) == len(epochs)
    figures = desk.figures
    assert figures.lost == figures.late == figures.dave_failures == figures.unknown_expired == 0
    assert BEN not in desk.pcm


@settings(deadline=None, max_examples=30)
@given(st.integers(0, BOUND), st.integers(1, 30), st.integers(0, 30))
def test_any_lag_of_an_announcement_behind_media_loses_nothing(
    late: int, sentence: int, pause: int
) -> None:
    desk = Desk(ANA)
    desk.keys.session = None
    desk.keys.dave_version = 0
    ana = desk.join(ANA, 1001, announced=False)
    frames = ana.tone(440, sentence)
    spoken = 0
    for place in range(late + sentence):
        if place == late:
            desk.hearing.announce(1001, ANA)
        turn = place % (sentence + 5 + pause)
        if turn < sentence:
            desk.take(ana.packet(frames[turn]))
            spoken += 1
        elif turn < sentence + 5:
            desk.take(ana.packet(SILENCE))
        else:
            desk.wait(FRAME)
    desk.wait(1.0)
    assert round(desk.seconds(ANA) / FRAME) == spoken
    assert desk.figures.unknown_expired == desk.figures.excess == 0
