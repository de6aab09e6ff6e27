"""Codes of languages as people, Discord, spreadsheets and services write them.

"pt-BR", "zh_CN", "zh-Hant-TW", "iw" and "cmn" name a language, some of them in an old way or with
a country. CLDR knows which language each code of old stands for today.
"""

import re
from functools import lru_cache
from typing import Final

from babel.core import get_global

ORIGINAL: Final = "original"
"""Stands among a room's languages for the one that is spoken: its words as they are said."""

# A language, perhaps one that it comprises (zh-yue), a script, a country; what POSIX adds.
_FORM: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<within>[a-z]{3}))?(?:[-_][a-z]{4})?"
    r"(?:[-_](?:[a-z]{2}|\d{3}))?(?:[.@].*)?",
    re.IGNORECASE,
)
_COMMONLY_MEANT: Final = {
    "no": "nb",  # two ways to write it; nearly everybody means this one
    # Countries, of whose codes the languages have others.
    "cn": "zh",
    "cz": "cs",
    "dk": "da",
    "gr": "el",
    "jp": "ja",
    "kr": "ko",
    "ua": "uk",
    "vn": "vi",
}


@lru_cache(maxsize=2048)  # what people type is among them
def canonical(code: str) -> str:
    """Return a code's language without country and script: "pt" of "pt-BR", "he" of "iw".

    What has not the form of a code stays as it is, in lower case.
    """
    found = _FORM.fullmatch(code.strip())
    if found is None:
        return code.strip().lower()
    bare = (found["within"] or found["language"]).lower()
    today = str(get_global("language_aliases").get(bare, bare)).partition("_")[0]
    return _COMMONLY_MEANT.get(today, today)


def same_language(one: str | None, other: str) -> bool:
    """Return whether two codes name one language, in whatever country and script."""
    return one is not None and canonical(one) == canonical(other)
