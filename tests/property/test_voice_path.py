import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.audio.opus import SILENCE
from bot.errors import PacketError
from bot.voice import gateway_events
from bot.voice.receive import rtp
from bot.voice.receive.jitter import POLL_S, Ended, Gap, JitterBuffer, Lost, Play
from tests.unit.voice.voice_call import Desk

ANA, BEN = 11, 22


@given(st.binary(max_size=64))
def test_any_bytes_are_a_packet_or_a_packet_error(datagram: bytes) -> None:
    with contextlib.suppress(PacketError):
        header = rtp.parse(datagram)
        assert header.size <= len(datagram)
        payload = rtp.payload(header, datagram[header.size :])
        assert payload in datagram


@given(st.binary(min_size=12, max_size=64), st.booleans())
def test_no_bytes_that_claim_to_be_audio_disturb_the_hearing(body: bytes, known: bool) -> None:  # noqa: FBT001 - drawn
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001, announced=known)
    desk.take(bytes([0x80 | body[0] & 0x3F, 120]) + body[2:])
    desk.take(ana.seal(body))
    for frame in ana.tone(440, 5):
        desk.take(ana.packet(frame))
    desk.wait(0.5)
    assert desk.seconds(ANA) >= 0.1
    assert desk.figures.internal_errors == 0


@st.composite
def journeys(draw: st.DrawFn) -> tuple[int, list[tuple[float, int]]]:
    """How many packets were sent, and (arrival, index) of those that came, some twice."""
    count = draw(st.integers(2, 60))
    arrivals: list[tuple[float, int]] = []
    for index in range(count):
        # The first and the last arrive, so that the length is known to the receiver.
        edge = index in (0, count - 1)
        delay = draw(st.floats(0, 0.06)) if not edge else 0.0
        if edge or draw(st.integers(0, 9)):
            arrivals.append((index * 0.02 + delay, index))
            if not draw(st.integers(0, 9)):
                arrivals.append((index * 0.02 + delay + draw(st.floats(0, 0.06)), index))
    return count, sorted(arrivals)


@settings(deadline=None)
@given(journeys(), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_loss_reordering_and_duplicates_keep_order_and_timeline(
    journey: tuple[int, list[tuple[float, int]]], sequence: int, timestamp: int
) -> None:
    count, arrivals = journey
    buffer = JitterBuffer()
    pieces = []
    for at, index in arrivals:
        buffer.push(
            (sequence + index) & 0xFFFF,
            (timestamp + index * 960) & 0xFFFFFFFF,
            b"\x78tone" + bytes([index]),
            960,
            at,
        )
        pieces += buffer.pull(at)
    pieces += buffer.pull(arrivals[-1][0] + 1.0)
    played = [piece.packet[5] for piece in pieces if isinstance(piece, Play)]
    assert played == sorted(set(played))
    assert set(played) == {index for _, index in arrivals}
    total = sum(piece.samples if isinstance(piece, Play | Lost | Gap) else 0 for piece in pieces)
    assert total == count * 960
    assert buffer.due(1e9) is None
    assert isinstance(pieces[-1], Ended)


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[float, int, int, bytes, bool]]:
    """(arrival, sequence, timestamp, packet, whether time passes first) of a careless sender."""
    at, sequence, timestamp = 0.0, draw(st.integers(0, 0xFFFF)), draw(st.integers(0, 0xFFFFFFFF))
    packets = []
    for _ in range(draw(st.integers(1, 60))):
        at += draw(st.sampled_from([0.0, 0.02, 0.02, 0.02, 0.07, 0.3]))
        packet = draw(st.sampled_from([b"\x78tone", b"\x78", SILENCE]))
        packets.append((at, sequence, timestamp, packet, draw(st.booleans())))
        step = draw(st.sampled_from([1, 1, 1, 1, 1, 2, 0, -1, 9, 2000]))
        sequence = (sequence + step) & 0xFFFF
        timestamp = (timestamp + 960 * draw(st.sampled_from([step, step, step, 1, 30]))) % (1 << 32)
    return packets


@settings(deadline=None)
@given(streams())
def test_what_passes_at_once_is_what_waits_for_nothing(
    packets: list[tuple[float, int, int, bytes, bool]],
) -> None:
    quick, plain = JitterBuffer(), JitterBuffer()
    for at, sequence, timestamp, packet, time_passes in packets:
        if time_passes:
            assert quick.pull(at) == plain.pull(at)
        plain_pieces = []
        if plain.push(sequence, timestamp, packet, 960, at):
            plain_pieces = plain.pull(at)
        if quick.passes(sequence, timestamp, packet, 960, at):
            assert plain_pieces == [Play(packet, 960, at)]
        elif quick.push(sequence, timestamp, packet, 960, at):
            assert quick.pull(at) == plain_pieces
        else:
            assert plain_pieces == []
        assert (quick.speaking, quick.spoke_at) == (plain.speaking, plain.spoke_at)
        assert quick.due(at) == plain.due(at)
    assert quick.finish() == plain.finish()


@settings(deadline=None)
@given(streams())
def test_what_has_no_due_time_brings_nothing_by_time_alone(
    packets: list[tuple[float, int, int, bytes, bool]],
) -> None:
    buffer = JitterBuffer()
    for at, sequence, timestamp, packet, _ in packets:
        buffer.push(sequence, timestamp, packet, 960, at)
        buffer.pull(at)
        due = buffer.due(at)
        if due is None:
            assert buffer.pull(at + 1000.0) == []
        elif due > POLL_S:
            assert buffer.pull(at + due - 1e-6) == []


STEPS = st.lists(
    st.sampled_from(
        ["ana", "ben", "ana agrees", "ben agrees", "ana withdraws", "ben withdraws", "announce",
         "wrong announcement", "leave", "rekey", "silence", "wait"]
    ),
    max_size=80,
)  # fmt: skip


@settings(deadline=None)
@given(STEPS)
@example(["ben agrees", "ben", "ben withdraws", "wrong announcement", "ana"])
@example(["ben agrees", "ben", "ben withdraws", "leave"])
@example(["ana agrees", "ana", "wrong announcement", "ana withdraws", "ana"])
def test_no_order_of_consent_speech_and_withdrawal_lets_a_frame_of_others_through(
    steps: list[str],
) -> None:
    desk = Desk()
    session = desk.keys.session
    assert session is not None
    talkers = {
        "ana": desk.join(ANA, 1001, announced=False),
        "ben": desk.join(BEN, 1002, announced=False),
    }
    frames = {name: talker.tone(440, 1)[0] for name, talker in talkers.items()}
    for step in steps:
        name = step.split()[0]
        allowed = desk.hearing.allowed
        opened, heard = len(session.opened_for), dict(desk.pcm)
        if step in talkers:
            desk.take(talkers[step].packet(frames[step]))
        elif step.endswith("agrees"):
            desk.hearing.allowed = allowed | {talkers[name].user_id}
        elif step.endswith("withdraws"):
            desk.hearing.allowed = allowed - {talkers[name].user_id}
        elif step == "announce":
            desk.hearing.announce(1001, ANA)
            desk.hearing.announce(1002, BEN)
        elif step == "wrong announcement":
            desk.hearing.announce(1002, ANA)
        elif step == "leave":
            desk.hearing.leave(BEN)
        elif step == "rekey":
            session.epoch += 1
        elif step == "silence":
            desk.take(talkers["ben"].packet(SILENCE))
        else:
            desk.wait(0.3)
        assert set(session.opened_for[opened:]) <= desk.hearing.allowed
        grown = {user for user, pcm in desk.pcm.items() if pcm != heard.get(user)}
        assert grown <= desk.hearing.allowed | allowed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["op", "d", "ssrc", "user_id", "user_ids"]), inner)
    ),
)


@given(JSON)
def test_any_json_is_a_gateway_event_or_none(message: object) -> None:
    event = gateway_events.parse(message)
    assert event is None or type(event).__module__ == gateway_events.__name__
