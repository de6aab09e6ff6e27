"""Which of a room's languages get a conversation for each speaker, and which its source text.

A conversation has one target language, and opening one is what the service has least of. The
speaker's *lead* conversation hears them; a further language is either one more conversation or
the lead's source text, translated in writing. A language that is spoken back needs a conversation.
One that nobody chose for the room, but somebody reads, never has one of its own.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.ports import Capacity, TextTranslator


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
        mode: The room's rule.
        texts: Translates source text.
        capacity: Knows how many more conversations would fit.
    """

    mode: FanOut
    texts: TextTranslator
    capacity: Capacity

    @property
    def readable(self) -> frozenset[str]:
        """The languages that are made in writing for whoever reads them; none with SPEECH."""
        return frozenset() if self.mode is FanOut.SPEECH else self.texts.languages()

    def divide(
        self,
        targets: Sequence[str],
        lead: str,
        wanted: Callable[[], int],
        guild_id: int,
        *,
        read: Collection[str] = (),
        voiced: Collection[str] = (),
    ) -> Division:
        """Divide a room's languages into those with a conversation and those made in writing.

        Args:
            targets: The room's languages, in the order shown.
            lead: The one that has a conversation in any case: if one is spoken back, that one.
            wanted: How many more conversations the room would have with one for each consenting
                member and chosen language.
            guild_id: The room's guild.
            read: The targets that nobody chose.
            voiced: The targets whose voice is wanted, which needs a conversation.
        """
        chosen = tuple(target for target in targets if target not in read or target in voiced)
        unchosen = tuple(target for target in targets if target not in chosen)
        if self.mode is FanOut.SPEECH or len(chosen) < 2:
            return Division(chosen, unchosen)
        if self.mode is FanOut.AUTO and self.capacity.has_room(wanted(), guild_id):
            return Division(chosen, unchosen)
        texts = self.texts.languages()
        further = [target for target in chosen if target != lead]
        return Division(
            (lead, *(one for one in further if one not in texts or one in voiced)),
            (*(one for one in further if one in texts and one not in voiced), *unchosen),
        )
