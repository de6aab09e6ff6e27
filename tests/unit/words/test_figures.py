import copy
import pickle

from bot.words import Renderable, command, dollars, lines, listing, number, render, t


def test_numbers_are_written_as_the_reader_writes_them() -> None:
    assert number(1234.5, 1) == "1,234.5"
    assert render(number(1234.5, 1), "de") == "1.234,5"
    assert render(number(10), "fr") == "10"
    assert (number(0.25), number(12), number(2.0, 1), number(2.6, 0)) == ("0.25", "12", "2.0", "3")


def test_amounts_are_dollars_everywhere() -> None:
    assert dollars(0.5) == "$0.50"
    assert render(dollars(0.5), "de").replace("\xa0", " ") == "0,50 $"
    assert render(dollars(1200), "ja") == "$1,200.00"


def test_lists_have_the_commas_of_their_reader() -> None:
    assert listing(["a", "b"]) == "a, b"
    for locale in ("ja", "zh-CN", "zh-TW"):
        assert render(listing(["a", "b"]), locale) == "a、b"


def test_lines_render_each_of_their_sentences() -> None:
    text = lines([t("The voice channel no longer exists."), number(0.5)])
    assert text == "The voice channel no longer exists.\n0.5"
    assert render(text, "de").splitlines()[1] == "0,5"


def test_what_is_inside_a_sentence_changes_with_it() -> None:
    sentence = t("{channel} is full.", channel=number(1.5))
    assert sentence == "1.5 is full."
    assert "1,5" in render(sentence, "es-ES")
    assert "1.5" in render(sentence, "es-419")


def test_a_command_is_mentioned_as_its_reader_types_it() -> None:
    assert command("translate stop") == "/translate stop"
    for locale in ("es-ES", "fr", "de", "pt-BR", "ja", "zh-CN", "ko"):
        shown = render(command("translate stop"), locale)
        assert shown.startswith("/")
        assert len(shown.split()) == 2
        assert shown != "/translate stop"
    assert render(command("translate stop"), "it") == "/translate stop"


def test_every_kind_is_a_plain_string_once_rendered_and_survives_copying() -> None:
    for value in (number(1), dollars(1), listing("ab"), lines("ab"), command("a"), t("b")):
        assert isinstance(str(value), Renderable)
        assert type(render(value, None)) is str
        assert type(render(value, "ja")) is str
        assert render(copy.deepcopy(value), "de") == render(value, "de")
        assert render(pickle.loads(pickle.dumps(value)), "de") == render(value, "de")  # noqa: S301
