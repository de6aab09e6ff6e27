"""A further language, made from what the lead conversation hears."""

import asyncio

import pytest

from bot.domain.events import (
    ConversationEvent,
    ConversationState,
    Echoed,
    Failed,
    Final,
    Partial,
    Source,
    StateChanged,
    TurnEnded,
    Usage,
    Voice,
)
from bot.room.written import text_language
from bot.room.written.text_language import MOST_ASKED, MOST_REFUSED, MOST_TURNS, TextLanguage
from tests.support.texts import MemoryTexts


class Line:
    """French from a conversation into English, with a translator whose answers the test gives."""

    def __init__(self, after: int = 0) -> None:
        self.texts = MemoryTexts("en", "es", "fr")
        self.said: list[ConversationEvent] = []
        self.line = TextLanguage(
            "fr", "en", self.texts, self.said.append, glossary={"a": "b"}, guild_id=3, after=after
        )

    def take(self, *events: ConversationEvent) -> None:
        for event in events:
            self.line.take(event)

    @property
    def shown(self) -> list[ConversationEvent]:
        """What was said, without usage."""
        return [event for event in self.said if not isinstance(event, Usage)]


def heard(turn: int, text: str, language: str | None = "es", *, final: bool = True) -> Source:
    return Source(turn, text, language, final)


def test_a_final_source_text_is_translated_and_shown_as_a_conversation_would() -> None:
    line = Line()
    line.take(Partial(1, "Hel"), Final(1, "Hello."), heard(1, "Hola."), TurnEnded(1))
    (ticket,) = line.texts.tickets
    asked = ticket.request
    assert (asked.text, asked.source, asked.target, asked.final) == ("Hola.", "es", "fr", True)
    assert (asked.terms, asked.guild_id) == ({"a": "b"}, 3)
    ticket.answer("Salut.")
    assert line.shown == [heard(1, "Hola."), Final(1, "Salut."), TurnEnded(1)]
    assert Usage(text_tokens_in=1) in line.said


def test_what_was_used_to_no_avail_is_told_and_the_answer_still_waited_for() -> None:
    line = Line()
    line.take(heard(1, "Hola."), TurnEnded(1))
    (ticket,) = line.texts.tickets
    ticket.answered(Usage(text_tokens_in=5))
    assert line.said == [Usage(text_tokens_in=5)]
    ticket.answer("Salut.")
    assert line.shown == [heard(1, "Hola."), Final(1, "Salut."), TurnEnded(1)]
    assert line.said.count(Usage(text_tokens_in=1)) == 1


def test_what_a_text_used_after_its_speaker_withdrew_is_told() -> None:
    line = Line()
    line.take(heard(1, "Hola."))
    line.line.discard()
    line.texts.tickets[0].answered(Usage(text_tokens_in=5))
    assert line.said == [Usage(text_tokens_in=5)]


def test_an_unknown_source_language_is_left_to_the_service() -> None:
    line = Line()
    line.take(heard(1, "Hola.", None))
    assert line.texts.tickets[0].request.source is None


def test_a_translation_with_the_very_words_of_an_unknown_language_is_not_shown() -> None:
    line = Line()
    line.take(heard(1, "Bonjour, Ana!", None), TurnEnded(1))
    line.texts.tickets[0].answer("bonjour Ana")
    own = heard(1, "Bonjour, Ana!", None)
    assert line.shown == [Echoed(1), own, TurnEnded(1)]


@pytest.mark.parametrize("language", ["fr", "FR", "fr-CA"])
def test_what_is_said_in_the_language_already_is_not_translated(language: str) -> None:
    line = Line()
    line.take(heard(1, "Bon", language, final=False), heard(1, "Bonjour.", language))
    line.take(Final(1, "Hello."), TurnEnded(1))
    assert line.texts.tickets == []
    growing, whole = heard(1, "Bon", language, final=False), heard(1, "Bonjour.", language)
    assert line.shown == [Echoed(1), growing, Echoed(1), whole, TurnEnded(1)]


def test_an_interim_of_what_turns_out_to_be_said_in_the_language_is_taken_back() -> None:
    line = Line()
    line.take(heard(1, "Hola."), TurnEnded(1))
    line.texts.tickets[0].answer("Salut.")
    line.said.clear()
    line.take(heard(2, "Bon", None, final=False))  # Spanish, as before?
    line.texts.tickets[1].answer("Bon")
    line.take(heard(2, "Bonjour.", "fr"), TurnEnded(2))
    assert line.texts.tickets[1].request.source == "es"
    line.texts.tickets[2].answer("Bonjour !")
    assert len(line.texts.tickets) == 3
    assert [event for event in line.shown if not isinstance(event, Source)] == [
        Partial(2, "Bon"),
        Echoed(2),
        TurnEnded(2),
    ]


def test_a_language_that_is_named_wrongly_costs_nobody_their_translation() -> None:
    line = Line()
    line.take(heard(1, "Buenos días.", "es"), TurnEnded(1))
    line.texts.tickets[0].answer("Bonjour.")
    line.take(heard(2, "Sí.", "fr"), TurnEnded(2))
    assert line.texts.tickets[1].request.source is None
    line.texts.tickets[1].answer("Oui.")
    line.take(heard(3, "Vale.", "fr"), TurnEnded(3))
    assert line.texts.tickets[2].request.source is None
    line.texts.tickets[2].answer("D'accord.")
    assert [event for event in line.shown if isinstance(event, Final)] == [
        Final(1, "Bonjour."),
        Final(2, "Oui."),
        Final(3, "D'accord."),
    ]


def test_who_goes_over_to_the_language_is_asked_about_once() -> None:
    line = Line()
    line.take(heard(1, "Buenos días.", "es"), TurnEnded(1))
    line.texts.tickets[0].answer("Bonjour.")
    line.take(heard(2, "Je parle français.", "fr"), TurnEnded(2))
    line.texts.tickets[1].answer("Je parle français.")
    line.take(heard(3, "Vraiment.", "fr"), TurnEnded(3))
    assert len(line.texts.tickets) == 2
    assert [event for event in line.shown if isinstance(event, Final)] == [Final(1, "Bonjour.")]
    own = heard(3, "Vraiment.", "fr")
    assert line.shown[-4:] == [TurnEnded(2), Echoed(3), own, TurnEnded(3)]


def test_where_nobody_can_tell_the_language_that_was_named_counts() -> None:
    line = Line()
    line.take(heard(1, "Buenos días.", "es"), TurnEnded(1))
    line.texts.tickets[0].answer("Bonjour.")
    line.take(heard(2, "Oui.", "fr"), TurnEnded(2))
    line.texts.tickets[1].answered(Failed("text_refused", "No.", fatal=False))
    assert line.shown[-1] == TurnEnded(2)
    assert not any(isinstance(event, Failed) for event in line.shown)


def test_without_source_text_the_leads_translation_is_translated() -> None:
    line = Line()
    line.take(Partial(1, "Hello"), Final(1, "Hello."))
    assert line.texts.tickets == []
    line.take(TurnEnded(1))
    assert (line.texts.tickets[0].request.text, line.texts.tickets[0].request.source) == (
        "Hello.",
        "en",
    )


def test_an_unfinished_source_text_counts_when_the_turn_ends() -> None:
    line = Line()
    line.take(heard(1, "Hola a", None, final=False), TurnEnded(1))
    assert [ticket.request.text for ticket in line.texts.tickets] == ["Hola a"]


def test_an_empty_turn_asks_for_nothing() -> None:
    line = Line()
    line.take(Source(1, "", None, final=True), TurnEnded(1))
    assert line.texts.tickets == []
    assert line.shown == [TurnEnded(1)]


def test_finals_come_in_the_order_of_their_turns_whatever_the_order_of_answers() -> None:
    line = Line()
    line.take(heard(1, "uno"), TurnEnded(1), heard(2, "dos"), TurnEnded(2), heard(3, "tres"))
    one, two, three = line.texts.tickets
    three.answer("trois")
    two.answer("deux")
    assert line.shown == []
    one.answer("un")
    finals = [event.text for event in line.shown if isinstance(event, Final)]
    assert finals == ["un", "deux", "trois"]


def test_a_source_text_that_grew_before_the_answer_is_shown_once() -> None:
    line = Line()
    line.take(heard(1, "Hola."), heard(1, "Hola. Adios."))
    first, second = line.texts.tickets
    first.answer("Salut.")  # it was on its way
    second.answer("Salut. Adieu.")
    assert first.cancelled
    assert [e.text for e in line.shown if isinstance(e, Final)] == ["Salut. Adieu."]


def test_a_source_text_that_grew_after_the_answer_replaces() -> None:
    line = Line()
    line.take(heard(1, "Hola."), Final(1, "Hello."))
    line.texts.tickets[0].answer("Salut.")
    line.take(heard(1, "Hola. Adios."), Final(1, "Hello. Bye."), TurnEnded(1))
    line.texts.tickets[1].answer("Salut. Adieu.")
    assert line.shown == [
        heard(1, "Hola."),
        Final(1, "Salut."),
        heard(1, "Hola. Adios."),
        Final(1, "Salut. Adieu."),
        TurnEnded(1),
    ]


def test_of_interims_one_is_under_way_and_the_newest_waits() -> None:
    line = Line()
    for text in ("a", "a b", "a b c"):
        line.take(heard(1, text, final=False))
    first, second, third = line.texts.tickets
    assert [first.cancelled, second.cancelled, third.cancelled] == [True, True, False]
    third.waiting = False  # it went out
    line.take(heard(1, "a b c d", final=False), heard(1, "a b c d e", final=False))
    assert len(line.texts.tickets) == 3
    third.answer("A B C")
    assert line.shown == [heard(1, "a b c", final=False), Partial(1, "A B C")]
    assert [t.request.text for t in line.texts.open()] == ["a b c d e"]
    assert not line.texts.open()[0].request.final


def test_an_interim_that_comes_after_its_final_was_asked_for_is_not_shown() -> None:
    line = Line()
    line.take(heard(1, "Hol", final=False))
    line.texts.tickets[0].waiting = False
    line.take(heard(1, "Hola."))
    line.texts.tickets[0].answer("Sal")
    line.texts.tickets[1].answer("Salut.")
    assert line.shown == [heard(1, "Hola."), Final(1, "Salut.")]


def test_no_interim_before_the_language_is_known_or_an_earlier_turn_is_shown() -> None:
    line = Line()
    line.take(heard(1, "Hola", None, final=False))
    assert line.texts.tickets == []
    line.take(heard(1, "Hola."), TurnEnded(1), heard(2, "Ad", final=False))
    assert len(line.texts.tickets) == 1
    line.texts.tickets[0].answer("Salut.")
    line.take(heard(2, "Adi", final=False))
    assert [t.request.text for t in line.texts.open()] == ["Adi"]


def test_a_text_that_fails_shows_the_original_and_says_why() -> None:
    line = Line()
    line.take(heard(1, "Hola."), TurnEnded(1), heard(2, "Adios."))
    line.texts.tickets[0].fail()
    line.texts.tickets[1].answer("Adieu.")
    assert line.shown == [
        heard(1, "Hola."),
        Failed("text_refused", "No.", fatal=False, turn=1),
        TurnEnded(1),
        heard(2, "Adios."),
        Final(2, "Adieu."),
    ]


def test_a_fatal_failure_is_said_once_and_ends_the_language() -> None:
    line = Line()
    line.take(heard(1, "Hola."), heard(2, "Adios."))
    one, two = line.texts.tickets
    one.fail("bad_key", fatal=True)
    two.fail("bad_key", fatal=True)
    line.take(heard(3, "Mas."), TurnEnded(3))
    assert [e for e in line.shown if isinstance(e, Failed)] == [
        Failed("bad_key", "No.", fatal=True)
    ]
    assert len(line.texts.tickets) == 2


def test_it_stands_as_its_lead_does() -> None:
    line = Line()
    line.take(StateChanged(ConversationState.OPEN), Voice(1, b"\0\0"), Usage(connects=1))
    assert line.said == [StateChanged(ConversationState.OPEN)]


def test_of_too_many_turns_the_oldest_is_left_out() -> None:
    line = Line()
    for turn in range(1, MOST_TURNS + 2):
        line.take(heard(turn, str(turn)), TurnEnded(turn))
    assert line.line.left_out == 1
    assert line.texts.tickets[0].cancelled
    assert [e.code for e in line.shown if isinstance(e, Failed)] == ["text_late"]


def test_a_turn_whose_source_text_never_stops_changing_is_not_asked_for_without_end() -> None:
    line = Line()
    for number in range(1_000):
        line.take(heard(1, f"Hola {number}."))
        line.texts.tickets[-1].answer(f"Salut {number}.")
    assert len(line.texts.tickets) == MOST_ASKED
    line.take(TurnEnded(1))
    assert line.shown[-1] == TurnEnded(1)


def test_languages_that_are_refused_without_end_are_not_remembered() -> None:
    line = Line()
    for number in range(1, 1_001):
        line.take(heard(number, "Hola.", f"x{number}"), TurnEnded(number))
        line.texts.tickets[-1].answered(Failed("text_refused", "No.", fatal=False))
    assert len(line.line._refused) == MOST_REFUSED


async def test_closing_waits_for_the_last_sentence() -> None:
    line = Line()
    line.take(heard(1, "Hola."), TurnEnded(1))
    asyncio.get_running_loop().call_later(0.01, line.texts.tickets[0].answer, "Salut.")
    await line.line.close()
    assert Final(1, "Salut.") in line.shown
    await line.line.close()


async def test_closing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_language, "CLOSE_S", 0.01)
    line = Line()
    line.take(heard(1, "Hola."), TurnEnded(1))
    await line.line.close()
    assert [e.code for e in line.shown if isinstance(e, Failed)] == ["text_late"]
    line.texts.tickets[0].answer("Salut.")
    assert Final(1, "Salut.") not in line.shown


async def test_what_is_discarded_is_neither_sent_nor_shown() -> None:
    line = Line()
    line.take(heard(1, "Hola."), TurnEnded(1))
    line.line.discard()
    line.texts.tickets[0].answer("Salut.")
    line.take(heard(2, "Adios."))
    await line.line.close()
    assert line.texts.tickets[0].cancelled
    assert line.shown == []
    assert len(line.texts.tickets) == 1


def test_while_nobody_reads_it_nothing_is_asked_for() -> None:
    line = Line()
    line.line.rest(resting=True)
    line.take(heard(1, "Hola a", final=False), heard(1, "Hola a todos."), TurnEnded(1))
    line.take(Partial(2, "Bye"), Final(2, "Bye."), TurnEnded(2))
    assert line.texts.tickets == []
    line.line.rest(resting=False)
    line.take(heard(3, "Uno."), TurnEnded(3))
    line.texts.tickets[0].answer("Un.")
    assert line.shown[-2:] == [Final(3, "Un."), TurnEnded(3)]


def test_a_sentence_that_its_reader_saw_begin_is_finished_after_they_went() -> None:
    line = Line()
    line.take(heard(1, "Hola a", final=False))
    line.texts.tickets[0].answer("Salut à")
    line.line.rest(resting=True)
    line.take(heard(1, "Hola a todos", final=False))
    assert len([ticket for ticket in line.texts.open() if not ticket.request.final]) <= 1
    line.take(heard(1, "Hola a todos."), TurnEnded(1))
    (final,) = [ticket for ticket in line.texts.tickets if ticket.request.final]
    final.answer("Salut à tous.")
    assert Final(1, "Salut à tous.") in line.shown


def test_an_interim_that_waits_is_taken_back_when_nobody_reads_it() -> None:
    line = Line()
    line.take(heard(1, "Hola a", final=False))
    line.line.rest(resting=True)
    assert [ticket.cancelled for ticket in line.texts.tickets] == [True]


async def test_had_again_it_leaves_earlier_turns_alone() -> None:
    line = Line()
    line.take(heard(7, "Hola a", final=False))
    line.texts.tickets[0].answer("Salut à")
    await line.line.close()
    assert line.shown[-1] == TurnEnded(7)
    again = Line(after=line.line.last_turn)
    again.take(heard(7, "Hola a todos."), TurnEnded(7), heard(8, "Uno."), TurnEnded(8))
    assert [ticket.request.text for ticket in again.texts.tickets] == ["Uno."]
