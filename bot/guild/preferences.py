"""What members said of themselves: the languages they speak and read."""

from collections.abc import Mapping

from bot.domain.events import ConversationRequest
from bot.domain.ports import Interpreter
from bot.domain.stored import MemberLanguages
from bot.domain.stores import WishStore


class Wishing:
    """The wishes of every guild's members, as far as the model serves them.

    Args:
        store: Where they are kept.
        interpreter: Knows which languages there are.
    """

    def __init__(self, store: WishStore, interpreter: Interpreter) -> None:
        self._store = store
        self._interpreter = interpreter

    async def of(self, guild_id: int) -> Mapping[int, MemberLanguages]:
        """Return the languages that a guild's members named, by user id.

        Raises:
            StoreError: The store can't be read.
        """
        known = self._interpreter.languages()
        return {  # another model may have served other languages when they were said
            user_id: MemberLanguages(
                wishes.speaks if wishes.speaks in known else None,
                wishes.reads if wishes.reads in known else None,
            )
            for user_id, wishes in (await self._store.wishes(guild_id)).items()
        }

    async def put(self, guild_id: int, user_id: int, wishes: MemberLanguages) -> None:
        """Keep what a member says of themselves.

        Raises:
            LanguageError: The model does not take a language.
            StoreError: It can't be kept.
        """
        target = wishes.reads or next(iter(self._interpreter.languages()))
        self._interpreter.check(ConversationRequest(user_id, target, source=wishes.speaks))
        await self._store.put_wishes(guild_id, user_id, wishes)
