"""How members want their translations spoken."""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.ports import Interpreter
from bot.domain.stores import VoiceStore
from bot.domain.voices import AUTOMATIC, MemberVoice


class MemberVoices:
    """The voices that every guild's members chose, as far as the model has them.

    Args:
        store: Where they are kept.
        interpreter: Knows which voices there are.
    """

    def __init__(self, store: VoiceStore, interpreter: Interpreter) -> None:
        self._store = store
        self._interpreter = interpreter

    async def of(self, guild_id: int) -> Mapping[int, MemberVoice]:
        """Return how a guild's members want to be spoken, by user id.

        Raises:
            StoreError: The store can't be read.
        """
        offered = self._interpreter.voices()
        return {  # another model may have had other voices when they were chosen
            user_id: replace(voice, name=None)
            if voice.name is not None and offered.named(voice.name) is None
            else voice
            for user_id, voice in (await self._store.voices(guild_id)).items()
        }

    async def put(self, guild_id: int, user_id: int, voice: MemberVoice) -> None:
        """Keep what a member wants; what holds for everybody anyway is forgotten.

        Raises:
            StoreError: It can't be kept.
        """
        if voice == AUTOMATIC:
            await self._store.forget_voice(guild_id, user_id)
        else:
            await self._store.put_voice(guild_id, user_id, voice)
