"""The channel and the transcript put the same captions together, as these are numbered once."""

import random
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.schedule import Schedule
from bot.domain.events import ConversationEvent, Final, Member, Partial, TurnEnded
from bot.domain.meters import Unmetered
from bot.domain.stored import TranscriptLine
from bot.records.recorder import Recorder
from bot.room.output import Output
from tests.support.clock import ManualClock
from tests.support.numbering import KeptCaptions, one_speaker
from tests.support.rooms import unread_page

ANA = Member(1, "Ana")


@given(seed=st.integers(0, 10_000))
def test_captions_stand_together_in_the_channel_as_in_the_transcript(seed: int) -> None:
    chance = random.Random(seed)
    clock, board = ManualClock(0.0), KeptCaptions()
    output = Output(
        board,
        clock,
        originals=True,
        count=lambda _user, _usage: None,
        noticed=lambda _code, _text: None,
        page=unread_page(clock),
        meters=Unmetered(),
    )
    speaker = one_speaker(ANA)
    for at, language, event, began in talk(chance):
        clock.advance_to(at)
        board.now = at
        speaker.began_at = began
        output.said(speaker, language, event)
    recorder = Recorder("session", first=7, date=lambda: 1e9)
    kept: dict[str, TranscriptLine] = {}
    schedule = Schedule()
    for at, caption in board.shown:
        schedule.show(caption, at)
        if (line := recorder.line(caption, at)) is not None:
            kept[line.text] = line
    in_transcript: defaultdict[int, set[str]] = defaultdict(set)
    for line in kept.values():
        in_transcript[line.utterance].add(line.text)
    in_channel: defaultdict[int, set[str]] = defaultdict(set)
    for number, entry in schedule._by_caption.values():
        in_channel[number] |= {caption.text for caption in entry.said[number].values()}
    assert {frozenset(texts) for texts in in_channel.values()} == {
        frozenset(texts) for texts in in_transcript.values()
    }


def talk(chance: random.Random) -> list[tuple[float, str, ConversationEvent, float]]:
    """Five sentences into two languages, the second of them late by up to five seconds."""
    found: list[tuple[float, str, ConversationEvent, float]] = []
    began = 0.0
    for turn in range(1, 6):
        ended = began + chance.uniform(1, 6)
        for language, lag in (("en", chance.uniform(0.5, 2)), ("es", chance.uniform(0.5, 5))):
            text = f"{language}{turn}"
            half = (began + ended) / 2 + lag
            found.append((half, language, Partial(turn, text[:-1] + "?"), began))
            found.append((ended + lag, language, Final(turn, text), began))
            found.append((ended + lag, language, TurnEnded(turn), began))
        began = ended + chance.uniform(0.2, 2)
    return sorted(found, key=lambda one: one[0])
