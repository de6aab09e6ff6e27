"""Captions of several languages become one utterance."""

from dataclasses import dataclass, field

from bot.domain.events import Caption, Member, Origin
from bot.records.matching import Matching


@dataclass
class Room:
    """Shows captions to a matching; a caption is told by its language and turn."""

    matching: Matching = field(default_factory=Matching)
    keys: dict[tuple[int, str, int], int] = field(default_factory=dict)

    def show(
        self,
        turn: int,
        language: str,
        at: float,
        *,
        began: float,
        final: bool = False,
        source: str | None = None,
        user: int = 1,
        lead: str | None = None,
    ) -> int:
        key = self.keys.setdefault((user, language, turn), len(self.keys) + 1)
        origin = None if lead is None else Origin(user, lead, turn)
        caption = Caption(
            key, Member(user, "?"), language, "words", "", source, final, began, origin
        )
        return self.matching.utterance(caption, at).number


def test_languages_that_grow_beside_each_other_are_one_utterance() -> None:
    room = Room()
    assert [room.show(1, language, 11, began=10) for language in ("en", "fr", "de")] == [1, 1, 1]
    assert [room.show(2, language, 15, began=14) for language in ("de", "en", "fr")] == [2, 2, 2]
    assert room.show(1, "en", 16, began=10, final=True) == 1


def test_a_language_that_begins_in_a_later_stretch_of_the_sentence_belongs_to_it() -> None:
    room = Room()
    assert room.show(1, "en", 11, began=10) == 1
    assert room.show(1, "en", 12.5, began=10) == 1
    assert room.show(1, "fr", 13, began=12) == 1


def test_two_sentences_without_a_pause_stay_apart() -> None:
    room = Room()
    assert room.show(1, "en", 12, began=10) == 1
    assert room.show(2, "en", 15, began=10) == 2
    assert room.show(1, "fr", 15, began=10) == 1
    assert room.show(2, "fr", 16, began=10) == 2


def test_what_is_written_after_the_next_sentence_began_belongs_to_the_one_before() -> None:
    room = Room()
    assert room.show(1, "en", 12, began=10, final=True) == 1
    assert room.show(2, "en", 14, began=13) == 2
    assert room.show(1, "fr", 14.5, began=13, final=True) == 1
    assert room.show(2, "fr", 18, began=17, final=True) == 2


def test_a_sentence_in_the_language_itself_is_passed_over() -> None:
    room = Room()
    assert room.show(1, "en", 12, began=10, final=True, source="fr-CA") == 1
    assert room.show(2, "en", 14, began=13, final=True, source="es") == 2
    assert room.show(2, "fr", 15, began=13, final=True, source="es") == 2


def test_a_language_that_was_left_out_for_long_is_not_put_behind() -> None:
    room = Room()
    assert room.show(1, "en", 12, began=10) == 1
    assert room.show(2, "en", 40, began=38) == 2
    assert room.show(2, "fr", 40, began=38) == 2
    assert room.show(3, "fr", 70, began=69) == 3


def test_speakers_are_never_mixed_and_numbers_go_on_from_the_first() -> None:
    room = Room(Matching(first=7))
    assert room.show(1, "en", 11, began=10, user=1) == 7
    assert room.show(1, "fr", 11, began=10, user=2) == 8


def test_what_is_made_of_one_turn_is_one_utterance_and_of_two_turns_never() -> None:
    room = Room()
    assert room.show(1, "en", 12, began=10, lead="en") == 1
    assert room.show(2, "en", 14, began=13, lead="en") == 2
    assert room.show(1, "fr", 14.5, began=13, lead="en") == 1
    assert room.show(3, "fr", 15, began=13, lead="en") == 3
    assert room.show(2, "fr", 40, began=38, lead="en", final=True) == 2
