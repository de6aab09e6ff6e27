"""The catalogue files: read, compared with what the code says, written so that diffs are small."""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from bot.words.catalogue import LANGUAGES, OVER
from tests.words.commands import words
from tests.words.sentences import ROOT, sentences

FOLDER = ROOT / "bot/words/catalogues"
TRANSLATED = tuple(name for name in LANGUAGES if name != "en")
_CLDR = {"pt": "pt_BR", "zh": "zh_Hans"}

Key = tuple[str | None, str, str | None]
"""(context, message, plural)"""


def wanted() -> set[Key]:
    """Every message that a catalogue must have."""
    return {(None, s.message, s.plural) for s in sentences()} | {
        (word.context, word.message, None) for word in words()
    }


def needed(name: str, messages: set[Key]) -> set[Key]:
    """Those that this catalogue must have: of one over another, what it has already."""
    return messages & entries(read(name)).keys() if name in OVER else messages


def read(name: str, folder: Path = FOLDER) -> Catalog:
    """A language's catalogue; an empty one where there is no file yet."""
    path = folder / f"{name}.po"
    locale = _CLDR.get(name, name)
    if not path.exists():
        return Catalog(locale=locale)
    with path.open("rb") as stream:
        return read_po(stream, locale=locale)


def key(message: Message) -> Key:
    """What makes a message the same."""
    if isinstance(message.id, str):
        return message.context, message.id, None
    return message.context, message.id[0], message.id[1]


def entries(catalogue: Catalog) -> dict[Key, Message]:
    """The messages of a catalogue, without its header."""
    return {key(message): message for message in catalogue if message.id}


def forms(message: Message) -> tuple[str, ...]:
    """Its translation: one form, or one for each plural."""
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(message.string or ())


def missing(catalogue: Catalog, messages: set[Key]) -> list[Key]:
    """Those that have no translation, or not every plural form of it."""
    known = entries(catalogue)
    return sorted(
        (entry for entry in messages if entry not in known or not all(forms(known[entry]))),
        key=str,
    )


def updated(catalogue: Catalog, messages: set[Key]) -> Catalog:
    """A catalogue of exactly these messages, with the translations there are."""
    known = entries(catalogue)
    fresh = Catalog(locale=catalogue.locale)
    for context, message, plural in sorted(messages, key=str):
        old = known.get((context, message, plural))
        identity = message if plural is None else (message, plural)
        empty = "" if plural is None else ("",) * catalogue.num_plurals
        fresh.add(identity, empty if old is None else old.string, context=context)
    return fresh


def written(catalogue: Catalog) -> bytes:
    """A catalogue's file: sorted, without dates, addresses or the places of messages."""
    body = BytesIO()
    write_po(body, catalogue, width=100, no_location=True, omit_header=True, sort_output=True)
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    return header.encode() + body.getvalue().rstrip() + b"\n"


def path(name: str, folder: Path = FOLDER) -> Path:
    """Where a language's catalogue is."""
    return folder / f"{name}.po"
