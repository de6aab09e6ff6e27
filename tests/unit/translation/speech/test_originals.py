"""Where no source text comes, nobody waits for it; where it comes again, everybody does."""

import math

import pytest

from bot.chat.budget import Budget, Limit
from bot.chat.message import Post
from bot.chat.rendering.render import Style
from bot.chat.schedule import Schedule
from bot.chat.transport import MessageRef
from bot.domain.events import ConversationEvent, Final, Member, Source, TurnEnded
from bot.room.captions import CaptionLine, Captions
from bot.translation.protocol.server_events import (
    ResponseDone,
    ServerEvent,
    SourceDone,
    SourceFailed,
    SpeechStarted,
    SpeechStopped,
    TranslationDone,
)
from bot.translation.speech.originals import LEARNED
from bot.translation.speech.turns import LINGER_S, SOURCE_WAIT_S, Turns


def sentence(number: int, *, text: str = "Said.") -> list[ServerEvent]:
    name = f"r{number}"
    return [
        SpeechStarted(0, None),
        TranslationDone(name, "i", text),
        SpeechStopped(900, None),
        ResponseDone(name, "", None),
    ]


class Talk:
    """A conversation and its channel."""

    def __init__(self, *, source_expected: bool = True) -> None:
        self.turns = Turns("en", source_expected=source_expected)
        self.captions = Captions()
        self.schedule = Schedule(Budget(Limit(1000, 2.0), Limit(10_000, 60.0)), Style(("en",)))
        self.now = 1000.0
        self.posted: list[float] = []

    def hear(self, *events: ServerEvent) -> list[ConversationEvent]:
        told = [told for event in events for told in self.turns.take(event, self.now)]
        self._show(told)
        return told

    def _show(self, told: list[ConversationEvent]) -> None:
        for event in told:
            caption = self.captions.apply(CaptionLine(1, "en"), Member(1, "Ana"), event, self.now)
            if caption is not None:
                self.schedule.show(caption, self.now)
        while not isinstance(change := self.schedule.next(self.now), float):
            if isinstance(change, Post):
                self.posted.append(self.now)
            ref = MessageRef(len(self.posted), 7) if isinstance(change, Post) else None
            self.schedule.succeeded(change, ref, self.now)

    def says(self, number: int, *more: ServerEvent, text: str = "Said.") -> tuple[float, float]:
        """A sentence without a source text; after how long it was posted, and ended."""
        began = self.now
        self.hear(*sentence(number, text=text), *more)
        while not self.turns.settled:
            self.now += 0.05
            self._show(self.turns.advance(self.now, began))
        ended = self.now - began
        self.now = began + 5
        self._show([])
        return (self.posted[-1] - began if self.posted else math.inf), ended


def test_finals_stop_waiting_for_originals_that_never_come() -> None:
    talk = Talk()
    for number in range(LEARNED):
        posted, ended = talk.says(number)
        assert posted >= 0.8
        assert ended >= SOURCE_WAIT_S
    for number in range(LEARNED, LEARNED + 5):
        posted, ended = talk.says(number)
        assert posted == 0.0
        assert ended <= LINGER_S + 0.1


def test_where_none_was_asked_for_the_first_final_does_not_wait() -> None:
    assert Talk(source_expected=False).says(1)[0] == 0.0


def test_one_whose_source_text_failed_does_not_wait() -> None:
    talk = Talk()
    talk.hear(SpeechStarted(0, "a"), SourceFailed("a", "x"))
    (final,) = [e for e in talk.hear(TranslationDone("r", "i", "Said.")) if isinstance(e, Final)]
    assert not final.source_follows
    assert talk.posted == [talk.now]


@pytest.mark.parametrize("when", ["late", "in time"])
def test_an_original_that_comes_after_all_is_waited_for_again(when: str) -> None:
    talk = Talk()
    for number in range(LEARNED):
        talk.says(number)
    if when == "late":
        talk.says(10)
        talk.hear(SourceDone("late", "Dicho.", "es"))
    else:
        talk.says(10, SourceDone("a", "Dicho.", "es"))
    assert talk.says(11)[1] >= SOURCE_WAIT_S
    final = Final(99, "x")
    assert final.source_follows


def test_noises_without_a_translation_teach_nothing() -> None:
    talk = Talk()
    for number in range(2 * LEARNED):
        talk.says(number, text="")
    assert talk.says(99)[1] >= SOURCE_WAIT_S


def test_with_its_original_a_final_waits_for_nothing() -> None:
    talk = Talk()
    said = talk.hear(
        SpeechStarted(0, "a"), SpeechStopped(900, "a"), SourceDone("a", "Dicho.", "es")
    )
    assert isinstance(said[-1], Source)
    said = talk.hear(TranslationDone("r", "i", "Said."), ResponseDone("r", "", None))
    assert said == [Final(1, "Said.", source_follows=False)]
    assert talk.posted == [talk.now]
    assert talk.turns.advance(talk.now + LINGER_S + 0.01, talk.now) == [TurnEnded(1)]
