"""Every catalogue says everything, in the right form."""

from string import Formatter

import pytest

from bot.words.catalogue import DESCRIPTION, MENU, NAME
from bot.words.commands import is_name
from tests.words.catalogues import (
    TRANSLATED,
    Key,
    entries,
    forms,
    missing,
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
    lacking = missing(read(name), WANTED)
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
    assert path(name).read_bytes() == written(updated(read(name), WANTED)), "run make words"
