"""Events of conversations become captions."""

from bot.domain.events import (
    Caption,
    ConversationEvent,
    Echoed,
    Failed,
    Final,
    Member,
    Origin,
    Partial,
    Source,
    TurnEnded,
    Voice,
)
from bot.room.captions import CaptionLine, Captions

ANA = Member(1, "Ana")
LINE = CaptionLine(1, "en")


def told(*events: ConversationEvent, captions: Captions | None = None) -> list[Caption]:
    captions = captions or Captions()
    shown = (captions.apply(LINE, ANA, event, 5.0) for event in events)
    return [caption for caption in shown if caption is not None]


def test_a_caption_grows_and_ends_with_the_translation() -> None:
    shown = told(Partial(1, "Good"), Partial(1, "Good morning"), Final(1, "Good morning."))
    assert [(c.key, c.text, c.final) for c in shown] == [
        (1, "Good", False),
        (1, "Good morning", False),
        (1, "Good morning.", True),
    ]


def test_the_original_may_come_after_the_translation() -> None:
    *_, last = told(Final(1, "Good morning."), Source(1, "Buenos días.", "es", final=True))
    assert (last.text, last.source_text, last.source_language, last.final) == (
        "Good morning.",
        "Buenos días.",
        "es",
        True,
    )


def test_an_empty_final_keeps_what_was_shown() -> None:
    *_, last = told(Partial(1, "Good morning."), Final(1, ""))
    assert (last.text, last.final) == ("Good morning.", True)


def test_a_final_is_extended_by_a_later_response_of_the_same_turn() -> None:
    *_, last = told(Final(1, "First."), Final(1, "First. Second."), TurnEnded(1))
    assert (last.text, last.final) == ("First. Second.", True)


def test_an_interim_after_the_final_changes_nothing() -> None:
    assert len(told(Final(1, "Done."), Partial(1, "Don"))) == 1


def test_a_turn_without_any_text_shows_nothing() -> None:
    assert told(Partial(1, ""), TurnEnded(1), Voice(2, b"")) == []


def test_a_turn_that_ends_without_a_final_keeps_what_it_has() -> None:
    *_, last = told(Partial(1, "Half a"), TurnEnded(1))
    assert (last.text, last.final) == ("Half a", True)


def test_an_original_without_a_translation_is_shown_and_ends_when_the_turn_fails() -> None:
    *_, last = told(
        Source(1, "Guten Tag.", "de", final=True),
        Failed("pair", "No de to ja.", fatal=False, turn=1),
    )
    assert (last.text, last.source_text, last.final) == ("", "Guten Tag.", True)


def test_each_turn_and_each_stay_has_a_caption_of_its_own() -> None:
    captions = Captions()
    one = captions.apply(CaptionLine(1, "en"), ANA, Final(1, "a"), 0)
    two = captions.apply(CaptionLine(1, "en"), ANA, Final(2, "b"), 0)
    other = captions.apply(CaptionLine(2, "en"), ANA, Final(1, "c"), 0)
    assert len({c.key for c in (one, two, other) if c}) == 3


def test_a_turn_long_past_is_too_late() -> None:
    captions = Captions()
    told(*(Final(turn, "x") for turn in range(1, 20)), captions=captions)
    assert captions.apply(LINE, ANA, Final(2, "late"), 0) is None


def test_withdrawal_takes_back_what_is_not_final() -> None:
    captions = Captions()
    told(Final(1, "Said."), Partial(2, "Being sai"), captions=captions)
    (gone,) = captions.withdraw(LINE.visit)
    assert (gone.text, gone.source_text, gone.final) == ("", "", True)
    assert captions.finish_line(LINE) == []


def test_the_end_of_a_stay_makes_final_what_was_open() -> None:
    captions = Captions()
    told(Partial(1, "Being sai"), captions=captions)
    assert [(c.text, c.final) for c in captions.finish_line(LINE)] == [("Being sai", True)]


def test_what_is_made_in_writing_began_with_the_turn_that_it_is_made_from() -> None:
    captions = Captions()
    captions.apply(LINE, ANA, Partial(1, "Good"), 5.0)
    captions.apply(LINE, ANA, Partial(2, "And"), 9.0)
    written = CaptionLine(LINE.visit, "es")
    late = captions.apply(written, ANA, Final(1, "Buenos días."), 9.0, made_from="en")
    assert late is not None
    assert late.began_at == 5.0
    assert late.origin == Origin(LINE.visit, "en", 1)


def test_echoes_of_which_nothing_is_shown_are_not_remembered_for_ever() -> None:
    captions = Captions()
    for turn in range(1_000):
        told(
            Echoed(turn),
            TurnEnded(turn),
            captions=captions,
        )
    assert sum(len(turns.echoed) for turns in captions._lines.values()) <= 8
    for line in tuple(captions._lines):
        captions.finish_line(line)
    assert captions._lines == {}


def test_a_turn_that_is_not_read_aloud_says_so_now_and_in_every_later_state() -> None:
    captions = Captions()
    assert captions.leave_unspoken(LINE, 1) is None
    told(Partial(1, "Good"), captions=captions)
    marked = captions.leave_unspoken(LINE, 1)
    assert marked is not None
    assert (marked.text, marked.unspoken) == ("Good", True)
    (last,) = told(Final(1, "Good morning."), captions=captions)
    assert (last.text, last.final, last.unspoken) == ("Good morning.", True, True)
