"""What `make soak` relies on: sentences are told apart, and what is wrong with them is found."""

import random
from types import SimpleNamespace
from typing import Any

from bot.audio.opus import Decoder, Encoder
from bot.loopback import MessagePosted
from tests.soak.sentences import CHUNK, Sentence, Sentences, silent, tag, tagged
from tests.soak.watching import Watching, account

GUILD = 1


def sent(pcm: bytes) -> bytes:
    """It as Discord carries it."""
    encoder, decoder = Encoder(16_000), Decoder(16_000)
    size = encoder.frame_bytes
    return b"".join(
        decoder.decode(encoder.encode(pcm[at : at + size].ljust(size, b"\0")))
        for at in range(0, len(pcm), size)
    )


def test_every_tenth_of_a_second_says_which_sentence_it_is() -> None:
    for number in (0, 100, 464):
        heard = sent(tagged(number, random.Random(number)))
        whole = [heard[at : at + CHUNK] for at in range(0, len(heard) - CHUNK, CHUNK)]
        found = [tag(chunk) for chunk in whole[1:]]  # an encoder's first packet begins softly
        assert found == [number] * len(found)
        assert not any(map(silent, whole))


def test_a_tag_is_that_of_the_newest_sentence_which_has_it() -> None:
    sentences = Sentences()
    for number in range(1000):
        sentences.new(GUILD, "Ana", 20).began_at = float(number)
    found = [sentences.with_tag(number, 1000.0) for number in (0, 68, 69, 70, 464)]
    assert found == [None, 998, 999, None, None]


class Stand:
    """A text channel that is watched."""

    def __init__(self) -> None:
        self.watching = Watching()
        self._messages = 0

    def post(self, content: str, name: str = "", *, at: float = 1.0) -> None:
        self._messages += 1
        message: Any = SimpleNamespace(
            id=self._messages,
            content=content,
            author_name=name or "Parley",
            webhook_id=5 if name else None,
            ephemeral=False,
            embeds=[],
            components=[],
            channel=SimpleNamespace(guild=SimpleNamespace(id=GUILD)),
        )
        self.watching(MessagePosted(at, message))

    def wrong(self, *, owed: bool = True) -> tuple[str, ...]:
        sentence = Sentence(7, GUILD, "Ana", 20, 1.0, 3.0, owed)
        return account([sentence], self.watching).wrong


def test_a_sentence_that_stands_once_is_accounted_for() -> None:
    stand = Stand()
    stand.post("s7x12.", "Ana")
    stand.post("s7x8.\n-# fr · s7x8.", "Ana")
    stand.post("s7x8 s7x3…", "Ana")
    assert stand.wrong() == ()


def test_a_sentence_that_stands_twice_is_not() -> None:
    stand = Stand()
    stand.post("s7x20.", "Ana")
    stand.post("s7x20.", "Ana")
    assert "more than once" in stand.wrong()[0]


def test_a_sentence_under_another_name_is_not() -> None:
    stand = Stand()
    stand.post("s7x20.", "Ben")
    assert "elsewhere" in stand.wrong()[0]


def test_a_sentence_that_is_lost_needs_a_reason_that_was_shown() -> None:
    stand = Stand()
    assert stand.wrong(owed=False) == ()
    stand.post("Captions are posted under my name.")
    assert "neither captioned nor told" in stand.wrong()[0]
    stand.post("I can't hear anyone right now and am reconnecting.", at=500.0)
    assert stand.wrong(), "that was much later"
    stand.post("I can't hear anyone right now and am reconnecting.", at=4.0)
    assert stand.wrong() == ()
