import copy
import pickle

from bot.errors import ChatError
from bot.words import Text, number, render, t, tn


def test_a_sentence_is_plain_english_wherever_a_string_is_wanted() -> None:
    sentence = t("I was moved to {channel}.", channel="Lounge")
    assert sentence == "I was moved to Lounge."
    assert f"{sentence}" == "I was moved to Lounge."
    assert copy.deepcopy(sentence) == pickle.loads(pickle.dumps(sentence)) == sentence  # noqa: S301


def test_an_error_gives_its_sentence_back_whole() -> None:
    error = ChatError(t("{name} is full.", name="Lounge"))
    assert isinstance(str(error), Text)


def test_braces_in_what_varies_and_in_sentences_without_values_stay() -> None:
    assert t("{name} left.", name="{curly}") == "{curly} left."
    assert t("{name} left.", name="{curly}").render("de") == "{curly} left."
    assert t("{}") == t("{}").render("fr") == "{}"


def test_counts_take_their_form() -> None:
    assert tn("{count} term", "{count} terms", 1) == "1 term"
    assert tn("{count} term", "{count} terms", 2).render("ko") == "2 terms"


def test_what_is_no_sentence_is_rendered_as_it_is() -> None:
    assert render("Ana", "fr") == "Ana"
    assert render(t("A {b}", b=t("b")), None) == "A b"


def test_what_is_no_whole_number_is_in_the_plural() -> None:
    for count, said in ((1, "1 minute"), (1.0, "1 minute"), (1.5, "1.5 minutes"), (0, "0 minutes")):
        text = tn("{minutes} minute", "{minutes} minutes", count, minutes=number(count))
        assert text == said
