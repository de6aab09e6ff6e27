"""A room that is starting: where, and whether it is still to begin."""

from bot.errors import ParleyError
from bot.room.room import Room


class Start:
    """A room that is starting.

    Attributes:
        room: Once it is open.
    """

    def __init__(self, voice_channel_id: int) -> None:
        self.voice_channel_id = voice_channel_id
        self.room: Room | None = None
        self._called_off: ParleyError | None = None

    @property
    def called_off(self) -> bool:
        """Whether it does not begin."""
        return self._called_off is not None

    def call_off(self, reason: ParleyError) -> None:
        """Do not let it begin."""
        self._called_off = self._called_off or reason
        if self.room is not None:
            self.room.deafen()

    def check(self) -> None:
        """Raise the reason for which it was called off, if it was."""
        if self._called_off is not None:
            raise self._called_off
