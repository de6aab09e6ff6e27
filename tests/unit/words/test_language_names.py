import pytest

from bot.translation.languages import NAMES
from bot.words import language_name, render
from bot.words.commands import LOCALES
from bot.words.languages import find, label, own_name, search


@pytest.mark.parametrize("locale", ["en-US", *LOCALES])
def test_every_language_of_the_service_has_a_name_for_every_reader(locale: str) -> None:
    names = {code: render(language_name(code), locale) for code in NAMES}
    assert [code for code, name in names.items() if name == code] == []
    assert len(set(names.values())) == len(names)


def test_english_names_are_those_of_the_service() -> None:
    assert {code: str(language_name(code)) for code in NAMES} == dict(NAMES)


@pytest.mark.parametrize(
    ("code", "locale", "name"),
    [
        ("yue", "de", "Kantonesisch"),
        ("fil", "fr", "filipino"),
        ("ast", "es-ES", "asturiano"),
        ("ceb", "zh-CN", "宿务语"),
        ("zh", "ja", "中国語"),
        ("nb", "ko", "노르웨이어(보크말)"),
        ("pt", "pt-BR", "português"),
        ("en", "it", "English"),
        ("tlh-x", "de", "tlh-x"),
    ],
)
def test_a_language_is_named_in_the_language_of_its_reader(
    code: str, locale: str, name: str
) -> None:
    assert render(language_name(code), locale) == name


def test_a_name_that_stands_alone_begins_large() -> None:
    assert (label("fr", "fr"), label("es", "pt-BR"), label("ja", "ja")) == (
        "Français",
        "Espanhol",
        "日本語",
    )


def test_every_language_names_itself() -> None:
    assert (own_name("de"), own_name("yue"), own_name("uk")) == ("Deutsch", "粵語", "українська")
    assert own_name("tlh-x") == "tlh-x"
    assert all(own_name(code) for code in NAMES)


@pytest.mark.parametrize(
    "typed", ["de", "DE", "German", "alemán", "Deutsch", "allemand", "ドイツ語"]
)
def test_a_language_is_found_by_code_and_by_every_name_people_know(typed: str) -> None:
    assert find(typed, NAMES) == "de"


def test_what_is_no_language_is_not_found() -> None:
    assert find("deu", NAMES) is None
    assert find("", NAMES) is None


def test_what_was_typed_may_be_a_code_a_name_or_a_part_of_one() -> None:
    assert search("es", NAMES, "en-US")[0] == "es"
    assert search("alem", NAMES, "es-ES") == ["de"]
    assert search("german", NAMES, "es-ES") == ["de"]
    assert search("deut", NAMES, "ko") == ["de"]
    assert search("中", NAMES, "ja") == ["zh"]
    assert search("xyz", NAMES, "en-US") == []


def test_languages_are_listed_by_the_names_of_their_reader() -> None:
    assert search("", ["es", "en", "de"], "en-US") == ["en", "de", "es"]
    assert search("", ["es", "en", "de"], "es-ES") == ["de", "es", "en"]
