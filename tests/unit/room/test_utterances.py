from bot.domain.events import Caption, Member, Origin
from bot.room.utterances import Utterances

ANA = Member(1, "Ana")


def said(
    key: int,
    language: str,
    began_at: float,
    *,
    final: bool = True,
    who: int = 1,
    turn: int | None = None,
) -> Caption:
    origin = None if turn is None else Origin(1, "en", turn)
    return Caption(key, Member(who, "x"), language, "text", "", None, final, began_at, origin)


def test_languages_of_one_utterance_have_one_number() -> None:
    utterances = Utterances()
    first = utterances.of(said(1, "en", 0.0), 3.0)
    assert utterances.of(said(2, "ja", 0.0), 3.9) == first
    assert utterances.of(said(2, "ja", 0.0), 4.5) == first, "a newer state"


def test_the_next_utterance_has_another_whichever_language_comes_first() -> None:
    utterances = Utterances()
    numbers = [
        utterances.of(caption, at)
        for caption, at in (
            (said(1, "en", 0.0), 3.0),
            (said(2, "ja", 0.0), 3.5),
            (said(3, "ja", 4.0), 7.0),
            (said(4, "en", 4.0), 7.5),
        )
    ]
    assert numbers == [1, 1, 2, 2]


def test_a_turn_that_is_missing_in_one_language_does_not_shift_the_next() -> None:
    utterances = Utterances()
    utterances.of(said(1, "ja", 0.0), 3.0)  # said in English: no caption into English
    assert utterances.of(said(2, "ja", 8.0), 11.0) == 2
    assert utterances.of(said(3, "en", 8.0), 11.2) == 2


def test_one_stretch_of_speech_in_several_turns_is_matched_in_order() -> None:
    utterances = Utterances()
    first = utterances.of(said(1, "en", 0.0), 5.0)
    second = utterances.of(said(2, "en", 0.0), 6.0)
    assert utterances.of(said(3, "ja", 0.0), 6.1) == first
    assert utterances.of(said(4, "ja", 0.0), 6.3) == second


def test_two_people_never_share_an_utterance() -> None:
    utterances = Utterances()
    first = utterances.of(said(1, "en", 0.0), 3.0)
    assert utterances.of(said(2, "ja", 0.0, who=2), 3.0) != first


def test_of_long_silent_members_nothing_is_kept() -> None:
    utterances = Utterances()
    utterances.of(said(1, "en", 0.0), 3.0)
    utterances.of(said(2, "en", 500.0, who=2), 503.0)
    assert list(utterances._recent) == [2]


def test_what_is_made_of_one_turn_is_one_utterance_however_late_it_comes() -> None:
    utterances = Utterances()
    first = utterances.of(said(1, "en", 0.0, turn=1), 3.0)
    second = utterances.of(said(2, "en", 4.0, final=False, turn=2), 5.0)
    assert second != first
    assert utterances.of(said(3, "ja", 0.0, turn=1), 7.5) == first
    assert utterances.of(said(4, "ja", 4.0, turn=2), 7.5) == second


def test_different_turns_of_one_conversation_are_never_one_utterance() -> None:
    utterances = Utterances()
    first = utterances.of(said(1, "ja", 0.0, turn=1), 3.0)  # the turn's English is not shown
    assert utterances.of(said(2, "en", 0.0, turn=2), 3.1) != first
    assert utterances.of(said(3, "en", 0.0, turn=1), 3.2) == first
