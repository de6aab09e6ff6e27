"""What people read, in their own language.

Write `t("I was moved to {channel}.", channel=name)` wherever a sentence for people is made. It is
the English text, and remembers what it was made of; `render` puts it into another language where it
is shown. Numbers, amounts, lists, languages and commands inside a sentence change with it: they
are given as `number(...)`, `dollars(...)`, `listing(...)`, `language_name(code)` and
`command("translate stop")`. The catalogues lie in `catalogues/`, one file for each language
(`make words`).
"""

from bot.words.commands import command
from bot.words.figures import dollars, lines, listing, number
from bot.words.languages import language_name
from bot.words.renderable import Renderable, render
from bot.words.text import Text, t, tn

__all__ = [
    "Renderable",
    "Text",
    "command",
    "dollars",
    "language_name",
    "lines",
    "listing",
    "number",
    "render",
    "t",
    "tn",
]
