"""The audio of a conversation that is not translated yet."""

from hypothesis import given
from hypothesis import strategies as st

from bot.translation.speech.backlog import BYTES_PER_S, CHUNK, Backlog


def sent(backlog: Backlog) -> bytes:
    chunks = []
    while (chunk := backlog.chunk()) is not None:
        chunks.append(chunk)
    return b"".join(chunks)


def test_audio_goes_out_in_chunks_of_100_ms() -> None:
    backlog = Backlog(15, 30)
    backlog.add(bytes(CHUNK - 2))
    assert backlog.chunk() is None
    backlog.add(b"ab" * 2)
    assert backlog.chunk() == bytes(CHUNK - 2) + b"ab"
    assert backlog.unsent == 2
    assert backlog.position == CHUNK


def test_silence_completes_the_last_chunk() -> None:
    backlog = Backlog(15, 30)
    backlog.add(b"ab")
    backlog.fill()
    assert backlog.chunk() == b"ab" + bytes(CHUNK - 2)
    backlog.fill()
    assert backlog.chunk() == bytes(CHUNK)


def test_the_oldest_unsent_audio_is_dropped_and_counted() -> None:
    backlog = Backlog(1, 2)
    assert backlog.add(b"a" * BYTES_PER_S) == 0
    assert backlog.add(b"b" * CHUNK) == CHUNK
    assert sent(backlog) == b"a" * (BYTES_PER_S - CHUNK) + b"b" * CHUNK


def test_a_new_link_hears_everything_that_is_not_translated() -> None:
    backlog = Backlog(15, 30)
    backlog.add(b"a" * CHUNK + b"b" * CHUNK + b"c" * CHUNK)
    sent(backlog)
    backlog.forget(CHUNK)
    backlog.rewind()
    assert backlog.position == 0
    assert sent(backlog) == b"b" * CHUNK + b"c" * CHUNK


def test_audio_to_be_said_again_does_not_count_as_waiting() -> None:
    backlog = Backlog(1, 3)
    for _ in range(20):
        backlog.add(b"a" * CHUNK)
        backlog.chunk()
    backlog.rewind()
    assert backlog.add(b"b" * BYTES_PER_S) == 0
    assert backlog.add(b"c" * CHUNK) == CHUNK


def test_what_was_forgotten_for_want_of_room_is_known() -> None:
    backlog = Backlog(1, 2)
    known = []
    for _ in range(20):
        backlog.add(b"a" * CHUNK)
        backlog.chunk()
    known.append(backlog.whole)
    backlog.add(b"b" * CHUNK)
    known.append(backlog.whole)
    backlog.forget(backlog.position)
    known.append(backlog.whole)
    assert known == [True, False, True]
    assert backlog.unsent == CHUNK


def test_nothing_unsent_is_forgotten() -> None:
    backlog = Backlog(15, 30)
    backlog.add(b"a" * 3 * CHUNK)
    backlog.chunk()
    backlog.forget(10 * CHUNK)
    assert sent(backlog) == b"a" * 2 * CHUNK


@given(st.lists(st.binary(max_size=3000).map(lambda part: part[: len(part) // 2 * 2])))
def test_whatever_comes_in_goes_out_in_order(parts: list[bytes]) -> None:
    backlog = Backlog(15, 30)
    out = b""
    for part in parts:
        backlog.add(part)
        out += sent(backlog)
    backlog.fill()
    out += sent(backlog)
    whole = b"".join(parts)
    assert out[: len(whole)] == whole
    assert not any(out[len(whole) :])
