"""A turn has room for so much, and a conversation for so many turns; people read that it is cut."""

import time

from bot.domain.events import ConversationEvent, Final, Partial, Source, TurnEnded, Voice
from bot.translation.protocol import bounds
from bot.translation.protocol.bounds import Exceeded, Excess
from bot.translation.protocol.server_events import (
    ItemCreated,
    OutputItemAdded,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SourceDone,
    SourceText,
    SpeechStarted,
    SpeechStopped,
    TranslationDone,
    TranslationText,
)
from bot.translation.speech.echo import EchoGate, EchoRule
from bot.translation.speech.turns import SOURCE_WAIT_S, Turns

MARK = " …"


class Talk:
    """The turns of a conversation, and what they said."""

    def __init__(self, *, source_expected: bool = False) -> None:
        self.excess = Excess()
        self.turns = Turns("en", source_expected=source_expected, excess=self.excess)
        self.now = 100.0
        self.told: list[ConversationEvent] = []

    def hear(self, *events: ServerEvent) -> None:
        for event in events:
            self.told += self.turns.take(event, self.now)

    def wait(self, seconds: float, quiet_since: float | None = None) -> None:
        self.now += seconds
        self.told += self.turns.advance(self.now, quiet_since)

    def partials(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, Partial)]

    def finals(self) -> list[tuple[int, str]]:
        return [(event.turn, event.text) for event in self.told if isinstance(event, Final)]


def append(text: str, response: str = "r", item: str = "i") -> TranslationText:
    return TranslationText(response, item, text, append=True)


def whole(text: str, response: str = "r", item: str = "i") -> TranslationText:
    return TranslationText(response, item, text, append=False)


def test_two_million_letters_in_deltas_are_cut_and_take_no_time() -> None:
    talk = Talk()
    talk.hear(SpeechStarted(0, None))
    began = time.process_time()
    for _ in range(20_000):
        talk.now += 0.005
        talk.hear(append("word " * 20))
    talk.hear(ResponseDone("r", "", None))
    assert time.process_time() - began < 5
    ((_, text),) = talk.finals()
    assert text.endswith(MARK)
    assert len(text) <= bounds.TURN_CHARS + len(MARK)
    assert len(talk.partials()) < 1_000
    assert sum(map(len, talk.partials())) < 2_000_000


def test_a_text_in_one_piece_is_cut_wherever_it_comes_from() -> None:
    long = "x" * 10**6
    for events in (
        [whole(long)],
        [TranslationDone("r", "i", long)],
        [ResponseDone("r", long, None)],
    ):
        talk = Talk()
        talk.hear(*events, ResponseDone("r", "", None))
        assert talk.finals() == [(1, "x" * bounds.TURN_CHARS + MARK)]
        assert talk.excess.counts == {Exceeded.TEXT: 1}


def test_an_original_is_cut_too() -> None:
    talk = Talk(source_expected=True)
    talk.hear(SpeechStarted(0, "a"), SpeechStopped(900, "a"))
    talk.hear(SourceText("a", "y" * 10**6, append=True, language="es"))
    talk.hear(SourceDone("a", "y" * 10**6, "es"))
    sources = [event.text for event in talk.told if isinstance(event, Source)]
    assert sources[-1] == "y" * bounds.TURN_CHARS + MARK


def test_a_long_interim_does_not_mark_the_short_text_that_replaces_it() -> None:
    talk = Talk()
    talk.hear(whole("x" * 10**6), TranslationDone("r", "i", "Short."))
    assert talk.finals() == [(1, "Short.")]


def test_a_done_text_stays_as_it_is() -> None:
    talk = Talk()
    talk.hear(TranslationDone("r", "i", "Done."))
    for number in range(100):
        talk.hear(TranslationDone("r", "i", f"{number}"), whole(f"{number}"))
    assert talk.finals() == [(1, "Done.")]


def test_a_monologue_goes_on_in_another_turn_and_loses_nothing() -> None:
    talk = Talk()
    talk.hear(SpeechStarted(0, None))
    sentences = [f"Sentence number {number} of a very long talk." for number in range(200)]
    for number, sentence in enumerate(sentences):
        response = f"r{number}"
        talk.now += 4
        talk.hear(ResponseCreated(response), TranslationDone(response, "i", sentence))
        talk.hear(ResponseDone(response, "", None))
        talk.wait(0.1)
    talk.hear(SpeechStopped(900, None))
    talk.wait(1.0, talk.now)
    texts = dict(talk.finals())
    assert len(texts) > 3
    assert " ".join(texts.values()) == " ".join(sentences)
    assert max(map(len, texts.values())) < bounds.TURN_CHARS
    assert [event.turn for event in talk.told if isinstance(event, TurnEnded)] == list(texts)
    assert talk.turns.settled
    assert Exceeded.TEXT not in talk.excess.counts


def test_responses_without_text_fill_a_turn_too() -> None:
    talk = Talk()
    for number in range(10_000):
        talk.hear(ResponseCreated(f"r{number}"))
    assert len(talk.turns._open) == bounds.OPEN_TURNS
    assert len(talk.turns._responses) <= (bounds.OPEN_TURNS + 1) * bounds.RESPONSES
    assert talk.excess.counts[Exceeded.RESPONSES] > 0
    assert talk.excess.counts[Exceeded.TURNS] > 0


def test_beyond_the_most_turns_the_oldest_ends_as_it_stands() -> None:
    talk = Talk()
    for number in range(bounds.OPEN_TURNS + 1):
        talk.hear(SpeechStarted(number, None), append(f"{number}", f"r{number}"))
    assert talk.told[-3:-1] == [Final(1, "0 …", source_follows=False), TurnEnded(1)]
    assert talk.excess.counts == {Exceeded.TURNS: 1}
    for number in range(1_000):
        talk.hear(SpeechStarted(number, None))
    assert len(talk.turns._open) == bounds.OPEN_TURNS


def test_items_without_end_are_not_kept() -> None:
    talk = Talk(source_expected=True)
    talk.hear(SpeechStarted(0, "a"), ResponseCreated("r"), append("Said."))
    for number in range(5_000):
        name = f"i{number}"
        talk.hear(
            OutputItemAdded("r", f"o{number}"),
            ItemCreated(f"o{number}", f"p{number}"),
            append("", "r", name),
            SourceText(f"s{number}", "s", append=True, language=None),
        )
    (turn,) = talk.turns._open
    assert len(talk.turns._items) <= bounds.ITEMS
    assert len(turn._pieces) <= bounds.RESPONSES
    assert len(turn._sources) <= bounds.RESPONSES
    assert talk.excess.counts[Exceeded.ITEMS] > 0


def test_interims_come_at_a_pace_and_the_newest_is_shown_in_the_end() -> None:
    talk = Talk()
    talk.hear(SpeechStarted(0, None))
    for number in range(500):
        talk.hear(append(f" {number}"))
    assert len(talk.partials()) == bounds.INTERIMS_BURST
    assert not talk.partials()[-1].endswith(" 499")
    talk.wait(0.1)
    assert talk.partials()[-1].endswith(" 499")
    assert len(talk.partials()) == bounds.INTERIMS_BURST + 1
    assert talk.excess.counts == {Exceeded.INTERIMS: 500 - bounds.INTERIMS_BURST}


def test_an_interim_that_was_left_out_makes_nobody_wait_longer() -> None:
    talk = Talk(source_expected=True)
    talk.hear(SpeechStarted(0, None), SpeechStopped(900, None))
    for number in range(500):
        talk.hear(append(f" {number}"))
    talk.hear(ResponseDone("r", "", None))
    since = talk.now
    while not talk.turns.settled:
        talk.wait(0.1, since)
    assert talk.now - since <= SOURCE_WAIT_S + 0.2


def test_finals_are_never_left_out_for_their_pace() -> None:
    talk = Talk()
    for number in range(200):
        name = f"r{number}"
        talk.hear(SpeechStarted(0, None), append("x", name), TranslationDone(name, "i", "y"))
        talk.hear(SpeechStopped(1, None), ResponseDone(name, "", None))
    assert len(talk.finals()) == 200


def test_voice_that_is_kept_back_is_bounded_in_pieces_too() -> None:
    gate = EchoGate(1, EchoRule("en"), expected=True)
    for _ in range(5_000):
        assert gate.say([Partial(1, "text"), Voice(1, b"ab")]) == []
    said = gate.hear("es")
    assert len(said) == bounds.HELD
    assert said.count(Partial(1, "text")) == 1
