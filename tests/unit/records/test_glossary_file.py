"""Files of terms, as people and spreadsheets write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.stored import Term
from bot.errors import GlossaryFileError, SettingsError, UsageError
from bot.records import glossary_file
from bot.records.glossaries import of_host
from bot.records.terms import glossary, term
from bot.words import render

CODES = {"es": "es", "spanish": "es", "fr": "fr"}
HOLA, CHAT = Term("es", "hello", "hola"), Term("fr", "cat", "chat")


def read(text: str | bytes, language: str | None = None) -> list[Term]:
    data = text if isinstance(text, bytes) else text.encode()
    return glossary_file.read(data, lambda word: CODES.get(word.casefold()), language)


def mistakes(text: str | bytes, language: str | None = None) -> list[tuple[int, str]]:
    with pytest.raises(GlossaryFileError) as caught:
        read(text, language)
    return [(line, str(what)) for line, what in caught.value.mistakes]


@pytest.mark.parametrize(
    "text",
    [
        "source,translation,language\nhello,hola,es\ncat,chat,fr\n",
        "hello,hola,Spanish\r\ncat,chat,fr",
        "\ufeffhello,hola,es\n\n , ,\ncat,chat,fr\n",
        "hello;hola;es\ncat;chat;fr",
        "hello\thola\tes\ncat\tchat\tfr",
        "Language,Source,Translation\nes,hello,hola\nfr,cat,chat",
        '"hello","hola","es"\n"cat",\'chat\',fr'.replace("'", '"'),
        " hello , hola , ES \ncat,chat,fr,,",
        "\ufeffsep=;\r\nsource;translation;language\r\nhello;hola;es\r\ncat;chat;fr\r\n",
        '"sep=|"\nhello|hola|es\ncat|chat|fr',
        "sep=\t\nhello\thola\tes\ncat\tchat\tfr",
        "source,translation,language,,\r\nhello,hola,es,,\r\ncat,chat,fr\r\n,,,,\r\n",
        ",Source,,Translation,Language\n,hello,,hola,es\n,cat,,chat,fr,,",
        "hello;hola;es;;\rcat;chat;fr;;\r",
        "source\u200b,\u2066translation\u2069,language\nhello,hola,e\u200bs\ncat\u00ad,chat,\ufefffr",
        "\u200b,\u2060,\nhello,hola,es\ncat,chat,fr",
        "source\ttranslation\tlanguage\nhello\thola\tes\ncat\tchat\tfr".encode("utf-16"),
    ],
)
def test_a_file_is_read_as_people_write_it(text: str) -> None:
    assert read(text) == [HOLA, CHAT]


@pytest.mark.parametrize(
    ("text", "source", "translation"),
    [
        ('"hello, all";"hola, todos";es', "hello, all", "hola, todos"),
        ('"a;b",x,es', "a;b", "x"),
        ("hello, all;hola, todos;es\ncat;gato;es", "hello, all", "hola, todos"),
        ("hello, you, all\thola\tes", "hello, you, all", "hola"),
        ("source;translation;language\n1,5;1,6;es", "1,5", "1,6"),
        ('"say ""a;b"" now",x,es', 'say "a;b" now', "x"),
        ("sep=;\na,b;c,d;es", "a,b", "c,d"),
    ],
)
def test_a_mark_inside_a_word_divides_no_columns(text: str, source: str, translation: str) -> None:
    assert read(text)[0] == Term("es", source, translation)


def test_lines_are_counted_from_the_top_of_the_file() -> None:
    assert mistakes("sep=;\nhello;hola;es\nalone\n") == [
        (3, "This line has 1 column instead of 2 or 3.")
    ]


def test_what_stands_in_a_column_without_a_name_is_a_mistake() -> None:
    assert mistakes("source,,translation,language\nhello,so,hola,es\ncat,,chat,fr") == [
        (2, "This line has 4 columns instead of 2 or 3.")
    ]


def test_the_hosts_file_is_named_when_it_went_before_it_was_read(tmp_path: Path) -> None:
    gone = tmp_path / "terms.csv"
    with pytest.raises(SettingsError) as caught:
        of_host(gone, ["es"])
    says = f"GLOSSARY_FILE: {gone} can't be read: No such file or directory."
    assert str(caught.value) == says


def test_nobody_sees_what_a_term_is_kept_without() -> None:
    (one,) = read("\u2066ma\u00adña\u200bna\u2069,n\u0303\ufeff,es")
    assert one == Term("es", "mañana", "ñ")
    assert read("n\u200b\u0303,x,es") == [Term("es", "ñ", "x")]
    assert mistakes("\u200b,x,es") == [(1, "Give both a word and its translation.")]
    assert mistakes("\u3164,x,es") == [(1, "Give both a word and its translation.")]
    assert mistakes("bell\x07,x,es") == [(1, "A word can't contain control characters.")]


@pytest.mark.parametrize("word", ["نمی\u200cشود", "👩\u200d🚒", "क\u094d\u200dष"])
def test_joiners_that_shape_a_word_stay(word: str) -> None:
    assert read(f"{word},x,es") == [Term("es", word, "x")]


def test_a_file_of_nothing_but_commas_is_refused_at_once() -> None:
    assert len(mistakes(",".join("ab" for _ in range(80_000)))) == 1


def test_lines_without_a_language_are_of_the_one_that_was_chosen() -> None:
    assert read("hello,hola\ncat,chat,fr", "es") == [HOLA, CHAT]
    assert read("source,translation\nhello,hola", "es") == [HOLA]


def test_the_same_term_twice_is_one() -> None:
    assert read("hello,hola,es\nhello,hola,es") == [HOLA]


def test_every_mistake_is_named_by_its_line() -> None:
    assert mistakes(
        "source,translation,language\n"
        "hello,hola,es\n"
        '"two\nlines",dos,es\n'
        "alone\n"
        "cat,,fr\n"
        "dog,Hund,tlh\n"
        "hello,buenas,es\n"
        f"{'x' * 101},long,es\n"
        "no language,nada,\n"
    ) == [
        (5, "This line has 1 column instead of 2 or 3."),
        (6, "Give both a word and its translation."),
        (7, "I can't translate into “tlh”."),
        (8, "“hello” has a different translation in line 2."),
        (9, "“xxxxxxxxxxxxxxxxxxxx…” is too long; the maximum is 100 characters."),
        (10, "No language is given. Add the column, or choose one in the command."),
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (b"ok,ok,es\nol\xe9,hola,es", 2, "isn't UTF-8"),
        ("hello,hola,es".encode("utf-16")[:-1], 1, "isn't UTF-8"),
        (b"", 0, "no words"),
        ("source,translation,language\n", 0, "no words"),
        ('hello,hola,es\n"cat,chat,fr', 2, "quotation marks"),
        ("source,translation,target\nhello,hola,es", 1, "Unknown column “target”"),
        (b"x" * (256 * 1024 + 1), 0, "256 kB"),
        ("x" * 140_000 + ",y,es", 1, "quotation marks"),
        (
            "\n".join(f"word {n},palabra,es" for n in range(1001)),
            0,
            "1,001 words; the maximum is 1,000",
        ),
    ],
)
def test_a_file_that_is_none_says_so(text: str | bytes, line: int, what: str) -> None:
    assert [(at, what in said) for at, said in mistakes(text)] == [(line, True)]


def test_twenty_mistakes_are_said_and_the_others_counted_within_one_message() -> None:
    text = "\n".join(f"{'w' * 90},x,{'y' * 90}{n}" for n in range(1000))
    with pytest.raises(GlossaryFileError) as caught:
        read(text)
    said = render(caught.value.message, "en-US").splitlines()
    assert len(said) == 22
    assert said[0] == "Nothing was imported."
    assert said[-1] == "… and 980 more."
    assert len("\n".join(said)) <= 2000


SIDE = st.text(max_size=40).map(lambda text: "=" + text) | st.text(max_size=40)


@given(SIDE)
def test_a_term_that_was_kept_is_kept_as_it_is(side: str) -> None:
    try:
        one = term("es", side, "x")
    except UsageError:
        return  # no term
    assert term("es", one.source, "x") == one


@given(st.lists(st.tuples(st.sampled_from(["es", "fr"]), SIDE, SIDE), max_size=20))
def test_any_terms_come_back_from_their_file(sides: list[tuple[str, str, str]]) -> None:
    kept: dict[tuple[str, str], Term] = {}
    for target, source, translation in sides:
        try:
            one = term(target, source, translation)
        except UsageError:
            continue  # no term
        kept[target, one.source] = one
    if kept:
        data = glossary_file.write(kept.values())
        assert read(data) == list(kept.values())
        assert glossary(read(data)) == glossary(kept.values())
