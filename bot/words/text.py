"""Sentences that can be said in another language later than they are made."""

from collections.abc import Mapping
from typing import Final, Self

from bot.words.catalogue import catalogue
from bot.words.renderable import Renderable, render

_SOME: Final = 2  # stands for what is no whole number


class Text(Renderable):
    """A sentence in English that knows what it was made of.

    Attributes:
        message: The message in the catalogue, with {names} for what varies.
        plural: The same for other counts than one; None where there is no count.
        values: What varies, by name. A `Renderable` among them is rendered too.
        number: The count of a plural.
    """

    __slots__ = ("message", "number", "plural", "values")

    message: str
    plural: str | None
    values: Mapping[str, object]
    number: int

    @classmethod
    def of(cls, message: str, plural: str | None, values: Mapping[str, object]) -> Self:
        """Return the sentence; the count of a plural is `values["count"]`."""
        count = values.get("count")
        english = message if plural is None or count == 1 else plural
        text = cls(english.format_map(values) if values else english)
        text.message = message
        text.plural = plural
        text.values = values
        text.number = count if isinstance(count, int) else 0
        return text

    def render(self, locale: str) -> str:
        """Return the sentence in this language; English where it has none.

        Raises:
            KeyError: A catalogue names a value that is not there; a test finds these.
        """
        known = catalogue(locale)
        if self.plural is None:
            pattern = known.gettext(self.message)
        else:
            pattern = known.ngettext(self.message, self.plural, self.number)
        if not self.values:
            return pattern
        return pattern.format_map(
            {name: render(value, locale) for name, value in self.values.items()}
        )


def t(message: str, /, **values: object) -> Text:
    """Make a sentence for people; the first argument is a literal, which `make words` looks up."""
    return Text.of(message, None, values)


def tn(one: str, other: str, count: float, /, **values: object) -> Text:
    """Make a sentence with a number of things, {count} in it; "1.5" is put in the plural."""
    whole = int(count) if count == int(count) else _SOME
    return Text.of(one, other, {**values, "count": whole})
