"""A speaker's name as a webhook may carry it.

Discord refuses webhook messages whose username is empty, longer than 80 characters, or holds
"clyde" or "discord" in any case (API documentation, "Usernames and Nicknames").
"""

import re

from bot.chat.rendering.plain import length
from bot.words.clean import clean

LIMIT = 80
FALLBACK = "Speaker"

# One Latin letter gives way to its Cyrillic twin: the name looks as it did, and unlike an invisible
# character the twin is not stripped.
_TWINS = str.maketrans("oOeE", "\u043e\u041e\u0435\u0415")
_REFUSED = re.compile(r"(disc)(o)(rd)|(clyd)(e)", re.IGNORECASE)
_RESERVED = re.compile(r"everyone|here", re.IGNORECASE)


def username(name: str) -> str:
    """`name` as a webhook message's username: 1 to 80 UTF-16 units that Discord accepts."""
    plain = clean(name)
    if _RESERVED.fullmatch(plain):
        plain = plain.translate(_TWINS)
    plain = _REFUSED.sub(lambda found: found[0].translate(_TWINS), plain)
    while length(plain) > LIMIT:
        plain = plain[:-1].rstrip()
    return plain or FALLBACK
