"""Numbered messages, kept for a resume."""

import json
import struct

from bot.loopback.voice.opcodes import Op
from bot.loopback.voice.outbox import Outbox


def numbers(outbox: Outbox, after: int) -> list[int] | None:
    missed = outbox.after(after)
    if missed is None:
        return None
    return [
        struct.unpack_from(">H", one)[0] if isinstance(one, bytes) else json.loads(one)["seq"]
        for one in missed
    ]


def test_text_and_binary_messages_share_one_count() -> None:
    outbox = Outbox()
    assert json.loads(outbox.put(Op.READY, {"ssrc": 5})) == {"op": 2, "d": {"ssrc": 5}, "seq": 1}
    assert outbox.put(Op.PROPOSALS, b"abc") == b"\x00\x02\x1babc"
    assert numbers(outbox, -1) == [1, 2]
    assert numbers(outbox, 1) == [2]
    assert numbers(outbox, 2) == []


def test_what_a_resume_never_repeats_has_no_number() -> None:
    outbox = Outbox()
    for op in (Op.HELLO, Op.HEARTBEAT_ACK, Op.RESUMED):
        assert "seq" not in json.loads(outbox.put(op, {}))
    assert numbers(outbox, -1) == []


def test_what_was_acknowledged_can_not_be_asked_for_again() -> None:
    outbox = Outbox()
    for _ in range(5):
        outbox.put(Op.SPEAKING, {})
    outbox.seen(3)
    assert numbers(outbox, 3) == [4, 5]
    assert numbers(outbox, 2) is None


def test_a_number_that_was_never_sent_is_not_resumed_from() -> None:
    outbox = Outbox()
    outbox.put(Op.SPEAKING, {})
    assert numbers(outbox, 9) is None


def test_the_count_wraps_at_16_bits() -> None:
    outbox = Outbox()
    for number in range(1, 65_538):
        outbox.put(Op.SPEAKING, {})
        outbox.seen(number - 3)
    assert numbers(outbox, 65_534) == [65_535, 0, 1]
    assert numbers(outbox, 0) == [1]


def test_only_the_newest_are_kept() -> None:
    outbox = Outbox()
    for _ in range(600):
        outbox.put(Op.SPEAKING, {})
    assert numbers(outbox, 87) is None
    assert numbers(outbox, 88) == list(range(89, 601))
