"""What a person reads in a caption message: the Markdown of `chat.rendering` taken off again."""

import re
from dataclasses import dataclass

_ESCAPED = re.compile(r"\\([\\*_~`|>\[\]()#+\-.!<@:&])")
# Direction marks and the guard against Markdown, which nobody sees.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2066\u2067\u2068\u2069"))
_HEAD = re.compile(r"^`(?P<language>[A-Z0-9?-]+)` ")
_SOURCE = re.compile(r"^-# (?:(?P<language>[a-z0-9?-]+) · )?(?P<text>.*)$")
_MORE = " …"


@dataclass(frozen=True, slots=True)
class Read:
    """A caption's parts; empty where it has none.

    Attributes:
        language: Code of the translation's language, lower case.
        final: It does not say that more comes.
    """

    language: str
    text: str
    source_language: str
    source: str
    final: bool


def read(content: str, language: str = "") -> Read:
    """Return the parts of a caption message's content, in its first language.

    Args:
        content: The content, with its Markdown.
        language: Language of text without a label, as where captions are in a single language.
    """
    return read_all(content, language)[0]


def read_all(content: str, language: str = "") -> list[Read]:
    """Return what `read` does, for each language of the message; at least one."""
    texts: dict[str, list[str]] = {}
    source, source_language, current = [], "", None
    for row in content.split("\n"):
        if (found := _SOURCE.match(row)) is not None:
            source_language = found["language"] or source_language
            source.append(plain(found["text"]))
            continue
        if (head := _HEAD.match(row)) is not None:
            current = head["language"].lower()
            row = row[head.end() :]  # noqa: PLW2901 - the rest of the same row
        texts.setdefault(language if current is None else current, []).append(row)
    return [
        Read(
            language=found_language,
            text=plain(" ".join(rows).removesuffix(_MORE)),
            source_language=source_language,
            source=" ".join(source),
            final=not " ".join(rows).endswith(_MORE),
        )
        for found_language, rows in (texts or {"": []}).items()
    ]


def plain(text: str) -> str:
    """Return a text without its Markdown escapes and what nobody sees."""
    return _ESCAPED.sub(r"\1", text.translate(_INVISIBLE)).strip()
