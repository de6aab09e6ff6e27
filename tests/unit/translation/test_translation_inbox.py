import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ProtocolError
from bot.translation.bounds import FRAGMENTS, MESSAGE_BYTES
from bot.translation.inbox import ROOM, Inbox

TEXT = 0x81


def framed(payload: bytes, first: int = TEXT) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, 126, size)
    else:
        head = struct.pack("!BBQ", first, 127, size)
    return head + payload


def texts_of(inbox: Inbox) -> list[str]:
    found = []
    while (frame := inbox.frame()) is not None:
        found.append(inbox.text(frame))
        inbox.drop(frame)
    return found


def pour(inbox: Inbox, data: bytes, most: int) -> list[str]:
    """Receive as a socket gives, at most so many bytes at once."""
    found = []
    while data:
        room = inbox.room()
        count = min(len(room), len(data), most)
        assert count
        room[:count] = data[:count]
        inbox.filled(count)
        data = data[count:]
        found += texts_of(inbox)
    return found


@given(
    st.lists(st.integers(0, 300) | st.sampled_from([125, 126, 6_500, 40_000, 70_000]), max_size=12),
    st.sampled_from([1, 2, 3, 7, 100, 5_000, ROOM, 10**9]),
)
def test_messages_come_whole_and_in_order_however_they_are_cut(sizes: list[int], most: int) -> None:
    texts = [f"{number}:".ljust(size, "x") for number, size in enumerate(sizes)]
    if most < 100:
        texts = [text[:400] for text in texts]
    stream = b"".join(framed(text.encode()) for text in texts)
    assert pour(Inbox(), stream, most) == texts


def test_a_long_message_s_room_is_given_back() -> None:
    inbox = Inbox()
    assert pour(inbox, framed(b"x" * 1_000_000), 10**9) == ["x" * 1_000_000]
    assert len(inbox.room()) == ROOM


@pytest.mark.parametrize("size", [MESSAGE_BYTES + 1, 2**63, 2**64 - 1])
def test_a_length_that_makes_no_sense_is_refused_before_it_is_waited_for(size: int) -> None:
    with pytest.raises(ProtocolError):
        pour(Inbox(), struct.pack("!BBQ", TEXT, 127, size), 10**9)


@pytest.mark.parametrize("piece", [0, 1, 5_000, 1024 * 1024])
def test_fragments_without_end_are_refused(piece: int) -> None:
    inbox = Inbox()
    taken = min(FRAGMENTS, MESSAGE_BYTES // max(1, piece))
    for number in range(taken):
        pour(inbox, framed(b"x" * piece, first=0x00 if number else 0x01), 10**9)
    with pytest.raises(ProtocolError):
        pour(inbox, framed(b"x" * piece, first=0x00), 10**9)


def test_fragments_that_end_are_messages_for_ever() -> None:
    inbox = Inbox()
    for _ in range(FRAGMENTS):
        for first in (0x01, 0x89, 0x00, 0x80):
            pour(inbox, framed(b"x" * 100, first=first), 10**9)


def test_a_frame_s_bytes_are_taken_once_and_none_of_the_next() -> None:
    inbox = Inbox()
    data = framed(b"ping", first=0x89) + framed(b"next")
    inbox.room()[: len(data)] = data
    inbox.filled(len(data))
    frame = inbox.frame()
    assert frame is not None
    assert frame.first == 0x89
    assert [inbox.take(count, frame) for count in (2, 3, 10, 10)] == [
        data[:2],
        b"pin",
        b"g",
        b"",
    ]
    inbox.drop(frame)
    assert texts_of(inbox) == ["next"]
