"""What is measured as it happens; what is merely counted is asked of its counter."""

from typing import Protocol


class Meters(Protocol):
    """Told how long things took, and what failed. Called on the event loop; never blocks."""

    def first_caption(self, seconds: float) -> None:
        """Record how long after it began an utterance's first words are in the text channel."""

    def final_caption(self, seconds: float) -> None:
        """Record that a whole translation is there, so long after its speaker fell silent."""

    def voice(self, seconds: float) -> None:
        """Record that a translation begins to be read aloud, so long after the utterance began."""

    def failed(self, code: str) -> None:
        """Note a failure; `code` is an error's stable name."""


UNEXPECTED = "unexpected"
"""The code of an error that is none of ours."""


class Unmetered:
    """Meters that nobody reads."""

    def first_caption(self, seconds: float) -> None:
        """Do nothing."""

    def final_caption(self, seconds: float) -> None:
        """Do nothing."""

    def voice(self, seconds: float) -> None:
        """Do nothing."""

    def failed(self, code: str) -> None:
        """Do nothing."""
