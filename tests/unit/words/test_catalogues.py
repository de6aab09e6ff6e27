"""Every catalogue says everything, in the right form."""

import re
from string import Formatter

import pytest

from bot.words import render, t, tn
from bot.words.catalogue import DESCRIPTION, MENU, NAME, OVER, READERS, catalogue
from bot.words.commands import is_name
from tests.words.catalogues import (
    TRANSLATED,
    Key,
    entries,
    forms,
    missing,
    needed,
    path,
    read,
    updated,
    wanted,
    written,
)

WANTED = wanted()
each_language = pytest.mark.parametrize("name", TRANSLATED)


def fields(message: str) -> set[str]:
    """The names of the placeholders of a sentence, which have no other form than {name}."""
    found = set()
    for _, name, spec, conversion in Formatter().parse(message):
        if name is not None:
            assert name.isidentifier(), message
            assert (spec, conversion) == ("", None), message
            found.add(name)
    return found


def shown(key: Key) -> str:
    """A message, for whoever must translate it."""
    return key[1] if key[0] is None else f"{key[1]} ({key[0]})"


@each_language
def test_no_catalogue_misses_a_message(name: str) -> None:
    lacking = missing(read(name), needed(name, WANTED))
    assert lacking == [], f"{name}: " + "; ".join(map(shown, lacking))


@each_language
def test_no_catalogue_keeps_what_nobody_says_any_more(name: str) -> None:
    obsolete = sorted(entries(read(name)).keys() - WANTED, key=str)
    assert obsolete == [], f"{name}: " + "; ".join(map(shown, obsolete))


@each_language
def test_no_translation_is_doubtful(name: str) -> None:
    assert [m.id for m in entries(read(name)).values() if m.fuzzy] == []


@each_language
def test_every_translation_renders_with_the_values_of_its_message(name: str) -> None:
    for (context, message, plural), entry in entries(read(name)).items():
        if context is not None:
            continue
        allowed = fields(message) | fields(plural or "")
        for form in forms(entry):
            used = fields(form)
            needed = allowed - {"count"} if plural else allowed
            assert needed <= used <= allowed, f"{name}: {form}"
            values = {field: f"<{field}>" for field in allowed}
            assert all(f"<{field}>" in form.format_map(values) for field in used)


@each_language
def test_plurals_have_the_forms_of_their_language(name: str) -> None:
    catalogue = read(name)
    for key, entry in entries(catalogue).items():
        if key[2] is not None:
            assert len(forms(entry)) == catalogue.num_plurals, f"{name}: {key[1]}"


@each_language
def test_marks_that_discord_reads_stay_in_every_translation(name: str) -> None:
    for (_, message, _), entry in entries(read(name)).items():
        for form in forms(entry):
            for mark in ("**", "-# ", "### ", "`", "\n"):
                assert form.count(mark) == message.count(mark), f"{name}: {form}"
            assert form.startswith("- ") == message.startswith("- "), f"{name}: {form}"


@each_language
def test_names_and_descriptions_of_commands_are_what_discord_takes(name: str) -> None:
    for (context, message, _), entry in entries(read(name)).items():
        translation = forms(entry)[0]
        if context == NAME:
            assert is_name(translation), f"{name}: {message} is {translation}"
        elif context == MENU:
            assert 1 <= len(translation) <= 32, f"{name}: {message} ({len(translation)})"
        elif context == DESCRIPTION:
            assert 1 <= len(translation) <= 100, f"{name}: {message} ({len(translation)})"


@each_language
def test_a_catalogue_is_as_make_words_writes_it(name: str) -> None:
    assert path(name).read_bytes() == written(updated(read(name), needed(name, WANTED))), (
        "run make words"
    )


@pytest.mark.parametrize("name", OVER)
def test_a_catalogue_over_another_has_only_what_is_said_otherwise_there(name: str) -> None:
    own, beneath = entries(read(name)), entries(read(OVER[name]))
    assert own
    same = [shown(key) for key, entry in own.items() if forms(entry) == forms(beneath[key])]
    assert same == []


def test_a_reader_of_a_catalogue_over_another_reads_its_words_else_those_beneath() -> None:
    (mine, latin) = (catalogue("es-ES"), catalogue("es-419"))
    assert (mine.gettext("add", NAME), latin.gettext("add", NAME)) == ("añadir", "agregar")
    assert mine.gettext("stop", NAME) == latin.gettext("stop", NAME) == "detener"
    assert render(t("Manage Server"), "es-ES") == "Gestionar servidor"
    assert render(t("Manage Server"), "es-419") == "Administrar servidor"
    assert render(t("Join in"), "es-ES") == render(t("Join in"), "es-419") == "Participar"
    seconds = "You're doing this too often. Try again in {count} second."
    for count, said in ((1, "1 segundo."), (2, "2 segundos.")):
        again = tn(seconds, seconds.replace("second.", "seconds."), count)
        assert render(again, "es-419").endswith(said)
    assert render(t("Nobody says this."), "es-419") == "Nobody says this."


# What nobody says on that side of the Atlantic, or of the strait.
FOREIGN = {
    "es-ES": r"\bustedes\b|\bpresion|\bagreg|\bcostos?\b|computadora|celular|quédense|“",
    "es-419": r"\bos\b|\w[áéí]is\b|\bquedaos\b|\bpuls[aeo]|\bañad|\bcostes?\b|\bordenador|"
    r"\bmóvil|\bvídeo|\bgestion|\bajustes?\b|«",
    "zh-CN": r"[伺設頻訊權譯應們這說聽]|文字記錄|「",
    "zh-TW": r"[务设频讯权译应们这说听]|服務器|消息|默認|用戶|命令|子區|身份組|文件|數據|實時|"
    r"許可權|程式碼|訊道|影片|“",
}


@pytest.mark.parametrize("locale", FOREIGN)
def test_no_catalogue_has_words_of_the_other_side(locale: str) -> None:
    known = catalogue(locale)
    found = []
    for context, message, plural in WANTED:
        texts = [known.gettext(message, context)]
        if plural is not None:
            texts = [known.ngettext(message, plural, count) for count in (1, 2)]
        own = message in {"简体中文", "繁體中文", "日本語"}  # each in itself
        wrong = re.compile(FOREIGN[locale], re.IGNORECASE)
        found += [] if own else [text for text in texts if wrong.search(text)]
    assert found == []


def test_every_locale_with_words_of_a_region_has_a_catalogue_of_its_own() -> None:
    assert READERS["es-419"] != READERS["es-ES"]
    assert READERS["zh-TW"] != READERS["zh-CN"]
