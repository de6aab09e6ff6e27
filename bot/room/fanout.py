"""Which of a room's languages get a conversation for each speaker, and which its source text.

A conversation has one target language, and opening one is what the service has least of. The
speaker's *lead* conversation hears them; a further language is either one more conversation or
the lead's source text, translated in writing. A language that is spoken back needs a conversation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.room.ports import Capacity, TextTranslator


class FanOut(StrEnum):
    """How further languages are made."""

    SPEECH = "speech"  # a conversation for each
    TEXT = "text"  # from the lead's source text
    AUTO = "auto"  # speech while the budget has room for the whole room, else text


@dataclass(frozen=True, slots=True)
class Division:
    """A speaker's languages.

    Attributes:
        heard: With a conversation; the first is the lead.
        written: From the lead's source text.
    """

    heard: tuple[str, ...]
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fanning:
    """How a room fans out.

    Attributes:
        mode: The rule.
        texts: Translates source text.
        capacity: Knows how many more conversations would fit; None: no further ones.
    """

    mode: FanOut
    texts: TextTranslator
    capacity: Capacity | None = None

    def divide(
        self, targets: Sequence[str], lead: str, wanted: Callable[[], int], guild_id: int
    ) -> Division:
        """Who gets what.

        Args:
            targets: The room's languages, in the order shown.
            lead: The one that has a conversation in any case: if one is spoken back, that one.
            wanted: How many more conversations the room would have with one for each consenting
                member and language.
            guild_id: Whose room it is.
        """
        if self.mode is FanOut.SPEECH or len(targets) < 2:
            return Division(tuple(targets), ())
        auto = self.capacity if self.mode is FanOut.AUTO else None
        if auto is not None and auto.has_room(wanted(), guild_id):
            return Division(tuple(targets), ())
        texts = self.texts.languages()
        further = [target for target in targets if target != lead]
        return Division(
            (lead, *(target for target in further if target not in texts)),
            tuple(target for target in further if target in texts),
        )
