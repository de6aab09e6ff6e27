"""Values that are read and written whole, as JSON.

A field that a later version adds gets its default when an older document is read, and one that it
dropped is passed over: such a change needs no migration.
"""

from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.errors import StoreError

T = TypeVar("T")


class JsonDocument(Generic[T]):
    """How a dataclass stands in a JSON column.

    Args:
        kind: The dataclass that is stored.
        what: Its name in an error.
    """

    def __init__(self, kind: type[T], what: str) -> None:
        self._adapter = TypeAdapter(kind)
        self._what = what

    def dump(self, value: T) -> Any:
        """Return a value as plain lists, mappings, strings and numbers."""
        return self._adapter.dump_python(value, mode="json")

    def load(self, document: Any) -> T:
        """Return the value of a document.

        Raises:
            StoreError: Something else wrote it.
        """
        try:
            # Not strict, as JSON holds ids in keys and members of enums as strings.
            return self._adapter.validate_python(document, strict=False)
        except ValidationError as error:
            fields = sorted(
                {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
            )
            raise StoreError(
                f"The {self._what} in the database can't be read: {', '.join(fields) or 'all'}."
            ) from None
