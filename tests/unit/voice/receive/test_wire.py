import struct

import pytest

from bot.errors import PacketError
from bot.voice import gateway_events
from bot.voice.receive import crypto, opus_toc, rtp
from bot.voice.receive.held_packets import Held, Holding, Queue
from bot.voice.receive.ssrc_map import SsrcMap


def packet(first: int, tail: bytes) -> bytes:
    return struct.pack(">BBHII", first, 0xF8, 1, 2, 3) + tail


def test_a_header_with_csrcs_and_an_extension_is_read() -> None:
    header = rtp.parse(packet(0x80 | 0x30 | 2, bytes(8) + b"\xbe\xde\0\3" + b"sealed"))
    assert header == rtp.RtpHeader(120, 1, 2, 3, 24, 3, padded=True)


@pytest.mark.parametrize(
    "datagram", [b"", bytes(11), packet(0x40, b""), packet(0x8F, b""), packet(0x90, b"\xbe\xde")]
)
def test_what_is_no_whole_rtp_header_is_refused(datagram: bytes) -> None:
    with pytest.raises(PacketError):
        rtp.parse(datagram)


def test_padding_goes_before_the_extension() -> None:
    header = rtp.parse(packet(0xB0, b"\xbe\xde\0\1"))
    assert rtp.payload(header, b"wordframe\0\0\3") == b"frame"


@pytest.mark.parametrize("opened", [b"", b"wo\0", b"word\0", b"word\x09", b"wor\0\3"])
def test_padding_or_an_extension_that_does_not_fit_is_refused(opened: bytes) -> None:
    header = rtp.parse(packet(0xB0, b"\xbe\xde\0\1"))
    with pytest.raises(PacketError):
        rtp.payload(header, opened)


@pytest.mark.parametrize("mode", crypto.MODES)
def test_what_was_sealed_opens_and_nothing_else_does(mode: str) -> None:
    cipher = crypto.cipher(mode, bytes(range(32)))
    datagram = cipher.seal(b"header......", b"frame", 7)
    assert cipher.open(datagram, 12) == b"frame"
    for index in range(len(datagram)):
        changed = bytearray(datagram)
        changed[index] ^= 1
        with pytest.raises(PacketError):
            cipher.open(bytes(changed), 12)
    with pytest.raises(PacketError):
        cipher.open(datagram[:20], 12)
    with pytest.raises(PacketError):
        crypto.cipher(mode, bytes(32)).open(datagram, 12)


def test_a_mode_that_was_not_offered_and_a_short_key_are_refused() -> None:
    with pytest.raises(PacketError):
        crypto.cipher("xsalsa20_poly1305", bytes(32))
    with pytest.raises(PacketError):
        crypto.cipher(crypto.AES_GCM, bytes(31))


def test_a_cipher_is_kept_until_the_key_is_another() -> None:
    kept, key = crypto.KeptCipher(), [1] * 32
    first = kept.get(crypto.AES_GCM, key)
    assert kept.get(crypto.AES_GCM, key) is first
    assert kept.get(crypto.AES_GCM, [2] * 32) is not first
    with pytest.raises(PacketError):
        kept.get(crypto.AES_GCM, None)


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (b"\x78", 960),  # CELT, 20 ms: what Discord sends
        (b"\x08", 960),  # SILK, 20 ms
        (b"\x1b\x02", 5760),  # SILK, two of 60 ms
        (b"\x61", 960),  # hybrid, two of 10 ms
        (b"\xe3\x03", 360),  # CELT, three of 2.5 ms
    ],
)
def test_the_length_of_a_packet_is_read_from_its_first_bytes(head: bytes, samples: int) -> None:
    assert opus_toc.samples(head) == samples


@pytest.mark.parametrize("head", [b"", b"\x03", b"\x03\x00", b"\x1b\x03"])
def test_a_packet_without_a_length_is_refused(head: bytes) -> None:
    with pytest.raises(PacketError):
        opus_toc.samples(head)


def test_a_member_has_the_four_streams_that_were_announced_last() -> None:
    speakers = SsrcMap()
    assert [speakers.learn(ssrc, 11) for ssrc in (1, 2, 3, 4)] == [()] * 4
    assert speakers.learn(1, 11) == ()
    assert speakers.learn(5, 11) == (2,)
    assert [speakers.user(ssrc) for ssrc in (1, 2, 5)] == [11, None, 11]
    assert speakers.leave(11) == (3, 4, 1, 5)
    assert speakers.candidates(frozenset({11})) == ()


def test_candidates_agreed_and_are_present_and_those_without_a_stream_come_first() -> None:
    speakers = SsrcMap()
    speakers.arrive([11, 22, 33])
    speakers.learn(1, 11)
    assert speakers.candidates(frozenset({11, 22, 44})) == (22, 11)


def held(sequence: int, at: float = 0.0, frame: bytes = b"") -> Held:
    timestamp = sequence * 960 & 0xFFFF_FFFF
    return Held(sequence & 0xFFFF, timestamp, frame, at, frozenset({11}))


def sequences(holding: Holding, ssrc: int = 1) -> list[int]:
    return [packet.sequence for packet in holding.queues[ssrc]]


def test_no_more_than_five_seconds_of_a_stream_are_held_whatever_its_packets_last() -> None:
    holding = Holding()
    for number in range(2000):
        assert holding.hold(1, held(number, number * 0.0025)) == 0
    assert holding.expire(1, 5.0) == 0
    assert holding.expire(1, 6.001) == 401
    assert holding.take(1) == 1599
    assert len(holding) == 0


def test_the_oldest_packets_of_a_stream_go_when_it_is_too_large() -> None:
    holding = Holding()
    dropped = sum(holding.hold(1, held(number, frame=bytes(1200))) for number in range(1000))
    assert dropped == 1000 - (1 << 19) // 1200
    assert sequences(holding)[0] == dropped


def test_what_is_held_stands_in_the_order_in_which_it_was_sent() -> None:
    holding = Holding()
    for number in (-2, 1, -1, 0, 3, 2):
        holding.hold(1, held(number))
    assert sequences(holding) == [0xFFFE, 0xFFFF, 0, 1, 2, 3]
    assert holding.holds(1, 3)
    assert not holding.holds(1, 4)


def test_a_sender_that_begins_anew_is_held_behind_what_it_sent_before() -> None:
    holding = Holding()
    for number in (40_000, 40_001, 20_000, 20_001):
        holding.hold(1, held(number))
    assert sequences(holding) == [40_000, 40_001, 20_000, 20_001]


def test_who_may_not_be_heard_for_a_moment_never_may_in_what_was_held_before() -> None:
    holding = Holding()
    packet = held(1)
    holding.hold(1, packet)
    holding.keep(frozenset())
    holding.keep(frozenset({11}))
    assert packet.allowed == frozenset()


def test_what_was_tried_in_vain_is_tried_again_only_with_other_means() -> None:
    queue = Queue()
    packets = [held(number) for number in range(4)]
    for packet in packets[:3]:
        queue.put(packet)
    assert queue.untried("old keys") == packets[:3]
    queue.pass_over()
    queue.pass_over()
    queue.put(packets[3])
    assert queue.untried("old keys") == packets[2:]
    queue.drop(packets[0])
    assert queue.untried("old keys") == packets[2:]
    assert queue.stuck
    assert queue.untried("new keys") == packets[1:]
    assert not queue.stuck


def test_a_packet_that_comes_late_is_tried_before_those_behind_it() -> None:
    queue = Queue()
    first, late, last = held(0), held(1), held(2)
    queue.put(first)
    queue.put(last)
    assert queue.untried("keys") == [first, last]
    queue.pass_over()
    queue.pass_over()
    queue.put(late)
    assert queue.untried("keys") == [late, last]


def test_the_gateway_tells_who_speaks() -> None:
    parse = gateway_events.parse
    assert parse({"op": 5, "d": {"user_id": "11", "ssrc": 7, "speaking": 1}}) == (
        gateway_events.Speaking(11, 7)
    )
    assert parse({"op": 11, "d": {"user_ids": ["1", "2"]}}) == gateway_events.Connected((1, 2))
    assert parse({"op": 13, "d": {"user_id": "1"}}) == gateway_events.Disconnected(1)
    assert parse({"op": 2, "d": {}}) == gateway_events.Ready()
    assert parse({"op": 6, "d": None}) == gateway_events.Other()


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"op": 5},
        {"op": 5, "d": {"user_id": "x", "ssrc": 1}},
        {"op": 5, "d": {"user_id": "1", "ssrc": 2**32}},
        {"op": 5, "d": {"user_id": "1", "ssrc": 1.5}},
        {"op": 11, "d": {"user_ids": 7}},
        {"op": 13, "d": {"user_id": -1}},
        {"op": 13, "d": {"user_id": True}},
    ],
)
def test_a_gateway_message_without_sense_is_none(message: object) -> None:
    assert gateway_events.parse(message) is None
