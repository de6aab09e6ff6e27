"""Checking payloads field by field, with the error tree Discord answers with (code 50035).

A `Field` is a place in a payload. Its readers return a checked value, or note what is wrong and
return None; the payload is refused as a whole at the end, so that one answer names all faults.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

from bot.loopback.state.refusal import Refusal

_ABSENT: Any = object()


class Field:
    """A place in a payload, with a shared list of what is wrong."""

    def __init__(
        self,
        value: Any,
        path: tuple[str, ...] = (),
        problems: list[tuple[tuple[str, ...], str, str]] | None = None,
    ) -> None:
        self.value = value
        self.path = path
        self._problems = [] if problems is None else problems

    @property
    def present(self) -> bool:
        """Whether the payload has it, be it null."""
        return self.value is not _ABSENT

    @property
    def given(self) -> bool:
        """Whether the payload has it and it is not null."""
        return self.value is not _ABSENT and self.value is not None

    def value_or_none(self) -> Any:
        """Return what the payload has here, unchecked; None when it has nothing."""
        return self.value if self.given else None

    def wrong(self, code: str, message: str) -> None:
        """Record that something is wrong here."""
        self._problems.append((self.path, code, message))

    def refuse_if_wrong(self) -> None:
        """Raise what was noted anywhere in the payload.

        Raises:
            Refusal: 400, code 50035, with the tree of errors.
        """
        if not self._problems:
            return
        tree: dict[str, Any] = {}
        for path, code, message in self._problems:
            node = tree
            for key in path:
                node = node.setdefault(key, {})
            node.setdefault("_errors", []).append({"code": code, "message": message})
        raise Refusal(400, 50035, "Invalid Form Body", tree)

    def __getitem__(self, key: str) -> "Field":
        value = self.value.get(key, _ABSENT) if isinstance(self.value, dict) else _ABSENT
        return Field(value, (*self.path, key), self._problems)

    def object(self) -> bool:
        """Return whether it is a JSON object; note when it is not."""
        if isinstance(self.value, dict):
            return True
        self.wrong("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return False

    def items(self, low: int, high: int, *, required: bool = False) -> Iterator["Field"]:
        """Yield the elements of a list of `low` to `high`; none when absent."""
        if not self.given:
            if required:
                self._missing()
            return
        if not isinstance(self.value, list):
            self.wrong("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return
        self._length(len(self.value), low, high)
        for index, value in enumerate(self.value):
            yield Field(value, (*self.path, str(index)), self._problems)

    def string(
        self, low: int, high: int, *, required: bool = False, pattern: re.Pattern[str] | None = None
    ) -> str | None:
        """Return a string of `low` to `high` characters."""
        if not self.given:
            if required:
                self._missing()
            return None
        if not isinstance(self.value, str):
            self.wrong("STRING_TYPE_CONVERT", "Could not interpret value as string.")
            return None
        if not self._length(len(self.value), low, high):
            return None
        if pattern is not None and pattern.fullmatch(self.value) is None:
            self.wrong("STRING_TYPE_REGEX", "String value did not match validation regex.")
            return None
        return self.value

    def integer(
        self, low: int | None = None, high: int | None = None, *, required: bool = False
    ) -> int | None:
        """Return a whole number, also as a string of digits, as Discord takes it."""
        if not self.given:
            if required:
                self._missing()
            return None
        value = self.value
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong("NUMBER_TYPE_COERCE", "Value is not int.")
            return None
        if low is not None and value < low:
            self.wrong("NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}.")
            return None
        if high is not None and value > high:
            self.wrong("NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
            return None
        return value

    def boolean(self) -> bool | None:
        """Return True, False or None when absent."""
        if not self.given:
            return None
        if not isinstance(self.value, bool):
            self.wrong("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
            return None
        return self.value

    def choice(self, options: Collection[Any], *, required: bool = False) -> Any:
        """Return the value, which must be one of the options."""
        if not self.given:
            if required:
                self._missing()
            return None
        if isinstance(self.value, dict | list) or self.value not in options:
            listed = ", ".join(str(option) for option in options)
            self.wrong("BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
            return None
        return self.value

    def url(self, schemes: tuple[str, ...] = ("http", "https")) -> str | None:
        """Return an address of one of the schemes."""
        value = self.string(1, 2048)
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        if not separator or not rest:
            self.wrong("URL_TYPE_INVALID_URL", "Not a well formed URL.")
            return None
        if scheme not in schemes:
            self.wrong(
                "URL_TYPE_INVALID_SCHEME",
                f"Scheme must be one of {schemes}.",
            )
            return None
        return value

    def _missing(self) -> None:
        self.wrong("BASE_TYPE_REQUIRED", "This field is required")

    def _length(self, length: int, low: int, high: int) -> bool:
        if low <= length <= high:
            return True
        if low == 0:
            self.wrong("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        elif low == high or length > high:
            self.wrong("BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        elif length == 0:
            self._missing()
        else:
            self.wrong("BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        return False
