"""What is sent of a text, in which voice, and what an answer's bytes say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.translation.protocol.bounds import MESSAGE_BYTES
from bot.translation.protocol.livetranslate_voices import NEWER, QWEN3
from bot.translation.tts.qwen_tts_voices import MOST_CHARACTERS, charged, parts, voice_for
from bot.translation.tts.server_sent import EventStream, TooLongEventError


def test_each_voice_of_a_conversation_is_kept_or_has_a_stand_in_that_nobody_else_gets() -> None:
    for model in (QWEN3, NEWER):
        given_to = [voice_for(voice.name) for voice in model.known]
        assert len(set(given_to)) == len(given_to)
    assert voice_for("Ryan") == "Ryan"
    assert voice_for("Tina") == "Cherry"
    assert voice_for("Nobody") == voice_for(None) == "Cherry"


def test_a_chinese_character_counts_as_two() -> None:
    assert charged("Hi, 你好!") == 9


def test_a_long_text_is_cut_between_sentences() -> None:
    sentence = "This is a sentence of some length. "
    pieces = list(parts(sentence * 40))
    assert len(pieces) == 3
    assert all(piece.endswith("length.") for piece in pieces)
    assert list(parts("你" * 301)) == ["你" * 300, "你"]
    assert list(parts(" \n ")) == []


@given(st.text(alphabet="ab .,\n你。", max_size=2_000))
def test_no_word_is_lost_and_no_piece_is_too_long(text: str) -> None:
    pieces = list(parts(text))
    assert all(charged(piece) <= MOST_CHARACTERS for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(st.integers(1, 7))
def test_events_are_read_however_they_are_cut(size: int) -> None:
    raw = (
        b"id:1\nevent:result\n:HTTP_STATUS/200\ndata: one\r\ndata:two\r\n\r\n\ndata:three\n\ndata:x"
    )
    stream = EventStream()
    read = [one for at in range(0, len(raw), size) for one in stream.feed(raw[at : at + size])]
    assert read == [b"one\ntwo", b"three"]


def test_an_event_without_end_is_refused() -> None:
    stream = EventStream()
    with pytest.raises(TooLongEventError):
        list(stream.feed(b"data:" + b"x" * (MESSAGE_BYTES + 1)))
    stream = EventStream()
    line = b"data:" + b"x" * (MESSAGE_BYTES // 2 - 8) + b"\n"
    assert list(stream.feed(line)) == list(stream.feed(line)) == []
    with pytest.raises(TooLongEventError):
        list(stream.feed(line))
