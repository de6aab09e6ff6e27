"""A room's account: what may be translated, what was used, and what its people read about it."""

from collections.abc import Callable

from bot.domain.cost import Today
from bot.domain.events import Usage
from bot.room.speaker import Speaker
from bot.usage.daily_allowance import Account


class Metering:
    """Counts for one room.

    Args:
        account: What the room's guild spends and may spend.
        say: Tells its people.
    """

    def __init__(self, account: Account, say: Callable[[str], None]) -> None:
        self._account = account
        self._say = say

    def admits(self, speaker: Speaker | None) -> bool:
        """Return whether speech of this speaker, or of somebody new, may be translated now."""
        admitted = self._account.admits(None if speaker is None else speaker.heard_at)
        self._notice()
        if not admitted and speaker is not None and speaker.speaking:
            speaker.fell_silent()
        return admitted

    @property
    def stopped(self) -> str | None:
        """Why the room has to end; None while the host lets it run."""
        return self._account.stopped

    def reserve_text(self, characters: int) -> Callable[[], None]:
        """Begin to translate typed text; see `Account.reserve_text`."""
        return self._account.reserve_text(characters)

    def reserve_voice(self, characters: int) -> Callable[[], None] | None:
        """Begin to read typed words aloud; see `Account.reserve_voice`."""
        return self._account.reserve_voice(characters)

    def used(self, user_id: int, usage: Usage) -> None:
        """Count what a conversation of this person used; `spent.NOBODY` names none."""
        self._account.used(user_id, usage)
        self._notice()

    def today(self) -> Today:
        """Return what the guild spent today."""
        return self._account.today()

    def _notice(self) -> None:
        if (text := self._account.notice()) is not None:
            self._say(text)
