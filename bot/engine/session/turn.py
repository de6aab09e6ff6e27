"""One utterance on its way: guesses while it is spoken, then the whole."""

import asyncio
from dataclasses import dataclass, field

from bot.engine.models.interpreter import Interpretation
from bot.engine.session.response import Response
from bot.engine.session.settings import RequestedSettings

Job = asyncio.Future[Interpretation]


@dataclass(slots=True, eq=False)
class EngineTurn:
    """What a session knows of an utterance.

    Attributes:
        begin: Position of its first sample, in the session's sound.
        settings: The settings as they were when it began.
        response: Emits the response's events.
        looked: Position up to which a guess was last made, or where the speech began.
        guesses: How many were made.
        before: The turn before it, whose events go first.
        guess: The guess being made.
        early: The final begun at a pause, and the position where it ends.
        language: The language heard so far.
        done: Set when its last event is out.
    """

    begin: int
    settings: RequestedSettings
    response: Response
    looked: int
    guesses: int = 0
    before: "EngineTurn | None" = None
    guess: Job | None = None
    early: tuple[int, Job] | None = None
    language: str | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def may_show(self) -> bool:
        """Whether its events may go out: those of the turn before are all out."""
        return self.before is None or self.before.done.is_set()

    def drop_guess(self) -> None:
        """Cancel the guess under way: none is wanted any more."""
        if self.guess is not None:
            self.guess.cancel()
            self.guess = None

    def drop_early(self) -> None:
        """Cancel the final begun at a pause, as the speech went on."""
        if self.early is not None:
            self.early[1].cancel()
            self.early = None

    def take_early(self, end: int) -> Job | None:
        """Return the final begun at the pause, where it covers exactly what was said."""
        if self.early is not None and self.early[0] == end and not self.early[1].cancelled():
            job = self.early[1]
            self.early = None
            return job
        self.drop_early()
        return None
