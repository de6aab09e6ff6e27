"""What members chose of the voices, kept for each server and followed by its room."""

from collections.abc import Callable

from bot.domain.stores import VoiceStore
from bot.domain.voices import AUTOMATIC, MemberVoice, OfferedVoices
from bot.room.room import Room


class VoiceChoices:
    """The choices of every server's members.

    Less than before is in force in a running room before anything is waited for.

    Args:
        store: Where they are kept.
        offered: Returns the voices there are.
        room: Returns a server's running room, if any.
    """

    def __init__(
        self,
        store: VoiceStore,
        offered: Callable[[], OfferedVoices],
        room: Callable[[int], Room | None],
    ) -> None:
        self._store = store
        self.offered = offered
        self._room = room

    async def of(self, guild_id: int, user_id: int) -> MemberVoice:
        """Return how a member wants their translations spoken.

        Raises:
            StoreError: The store can't be read.
        """
        return (await self._store.voices(guild_id)).get(user_id, AUTOMATIC)

    async def use(self, guild_id: int, user_id: int, voice: MemberVoice) -> None:
        """Keep how a member wants their translations spoken; a running room follows.

        Raises:
            StoreError: It can't be kept. The running room follows all the same, unless their own
                voice is to be imitated: that is not done without a record that they agreed.
        """
        if not voice.imitated:
            self._follow(guild_id, user_id, voice)
        await self._store.put_voice(guild_id, user_id, voice)
        if voice.imitated:
            self._follow(guild_id, user_id, voice)

    async def stop_imitating(self, guild_id: int, user_id: int) -> MemberVoice:
        """Imitate a member's voice no longer; return what holds now.

        Raises:
            StoreError: It is still kept that they agreed; the running room stops all the same.
        """
        room = self._room(guild_id)
        if room is not None and room.casting.of(user_id).imitated:
            room.use_voice_of(user_id, AUTOMATIC)
        kept = await self.of(guild_id, user_id)
        if not kept.imitated:
            return kept
        await self._store.put_voice(guild_id, user_id, AUTOMATIC)
        return AUTOMATIC

    def _follow(self, guild_id: int, user_id: int, voice: MemberVoice) -> None:
        if (room := self._room(guild_id)) is not None:
            room.use_voice_of(user_id, voice)
