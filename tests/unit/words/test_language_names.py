import pytest

from bot.translation.protocol.languages import NAMES
from bot.words import language_name, render
from bot.words.codes import same_language
from bot.words.commands import LOCALES
from bot.words.languages import find, label, own_name, search, words_name


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
        ("ceb", "zh-TW", "宿霧文"),
        ("it", "zh-TW", "義大利文"),
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


def test_words_name_themselves_and_those_of_one_language_apart() -> None:
    named = {locale: words_name(locale) for locale in ("en-US", *LOCALES)}
    assert len(set(named.values())) == len(named)
    assert (named["es-ES"], named["es-419"]) == ("español", "español latinoamericano")
    assert (named["zh-CN"], named["zh-TW"]) == ("简体中文", "繁體中文")


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


@pytest.mark.parametrize(
    ("code", "typed"),
    [
        ("pt", "pt-BR|PT_br|Português do Brasil|português (Brasil)|Brazilian Portuguese"),
        ("en", "en-US|en_GB|en_US.UTF-8|eng|American English|English (US)|\uff25\uff2e"),
        ("zh", "zh-CN|zh_CN|zh-TW|zh-Hant-TW|zh-Hans|cmn|zho|cn|Mandarin|Simplified Chinese"),
        ("zh", "Chinese (Traditional)|繁體中文|简体中文|普通话|中国語|中文\uff08简体\uff09"),
        ("yue", "zh-yue|yue-HK|廣東話|Cantonese"),
        ("he", "iw|he-IL|heb|עברית"),
        ("fil", "tl|fil-PH|tgl|Tagalog|Filipino"),
        ("fa", "Farsi|fas|per|fa_IR|فارسی|Dari"),
        ("nb", "no|nor|nb-NO|Norwegian|norsk|Norwegisch"),
        ("id", "in|id_ID|Bahasa Indonesia|Bahasa"),
        ("ro", "mo|ro-MD|Moldavian"),
        ("nl", "nl-BE|Flemish|Vlaams"),
        ("es", "es-419|es_MX|spa|espanol|castellano|Latin American Spanish|espan\u0303ol"),
        ("de", "deu|ger|de-CH|alema\u0301n|aleman|ALEMÁN|Deut\u200bsch|\u2066German\u2069|독일어"),
        ("vi", "Tiê\u0301ng Viê\u0323t|tieng viet|vn"),
        ("bn", "Bangla|Bengali|bn-IN"),
        ("ja", "jp|ja_JP|Japanese|日本語"),
        ("uk", "ua|uk-UA|Ukrainian"),
    ],
)
def test_a_language_is_found_as_people_and_discord_write_it(code: str, typed: str) -> None:
    found = {word: find(word, NAMES) for word in typed.split("|")}
    assert found == dict.fromkeys(found, code)
    first = {word: search(word, NAMES, "fr")[0] for word in found}
    assert first == found


@pytest.mark.parametrize(
    "typed", ["", " ", "\u200b", "deutsches", "tlh", "nn", "en es", "-", "(de)"]
)
def test_what_is_no_language_is_not_found(typed: str) -> None:
    assert find(typed, NAMES) is None


def test_a_language_that_the_model_has_not_is_not_found() -> None:
    assert find("pt-BR", ["en", "es"]) is None
    assert find("Mandarin", ["en", "yue"]) is None


def test_every_name_means_one_language() -> None:
    for locale in ("en-US", *LOCALES):
        for code in NAMES:
            assert find(label(code, locale), NAMES) == code
    assert {find(own_name(code), NAMES) for code in NAMES} == set(NAMES)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("pt-BR", "pt", True),
        ("zh_CN", "zh", True),
        ("iw", "he", True),
        ("no", "nb", True),
        ("EN", "en-GB", True),
        ("yue", "zh", False),
        ("zh-yue", "zh", False),
        ("", "en", False),
        (None, "en", False),
    ],
)
def test_codes_of_one_language_are_the_same(one: str | None, other: str, same: bool) -> None:  # noqa: FBT001 - a case of the table
    assert same_language(one, other) is same


def test_what_was_typed_may_be_a_code_a_name_or_a_part_of_one() -> None:
    assert search("es", NAMES, "en-US")[0] == "es"
    assert search("alem", NAMES, "es-ES") == ["de"]
    assert search("german", NAMES, "es-ES") == ["de"]
    assert search("farsi", NAMES, "de") == search("far", NAMES, "de") == ["fa"]
    assert search("mand", NAMES, "en-US") == ["zh"]
    assert search("brazil", NAMES, "en-US") == ["pt"]
    assert search("deut", NAMES, "ko") == ["de"]
    assert search("中", NAMES, "ja") == ["zh"]
    assert search("xyz", NAMES, "en-US") == []


def test_languages_are_listed_by_the_names_of_their_reader() -> None:
    assert search("", ["es", "en", "de"], "en-US") == ["en", "de", "es"]
    assert search("", ["es", "en", "de"], "es-ES") == ["de", "es", "en"]
