"""What people read, in their own language.

Write `t("I was moved to {channel}.", channel=name)` wherever a sentence for people is made. It is
the English text, and remembers what it was made of; `render` puts it into another language where it
is shown. The catalogues lie in `catalogues/`, one file for each language (`make words`).
"""

from bot.words.text import Text, render, t, tn

__all__ = ["Text", "render", "t", "tn"]
