"""What members say of themselves: which language they speak, and which they read."""

from collections.abc import Callable

from bot.domain.stored import MemberLanguages
from bot.guild.preferences import Wishing
from bot.room.languages import Reading
from bot.room.opening import RoomFactory
from bot.room.room import Room


class LanguageWishes:
    """Keeps what members say, and has their running rooms follow.

    Args:
        store: Keeps it.
        opening: Knows what a room that does not run would be like.
        find: Returns a guild's running room, if any.
    """

    def __init__(
        self, store: Wishing, opening: RoomFactory, find: Callable[[int], Room | None]
    ) -> None:
        self._store = store
        self._opening = opening
        self._find = find

    async def put(self, guild_id: int, user_id: int, wishes: MemberLanguages) -> None:
        """Keep what a member says of themselves; a running room follows at once.

        Raises:
            LanguageError: The model does not take one.
            StoreError: It can't be kept, and is not in force.
        """
        await self._store.put(guild_id, user_id, wishes)
        if (room := self._find(guild_id)) is not None:
            room.use_wishes(user_id, wishes)

    async def of(self, guild_id: int, user_id: int) -> MemberLanguages:
        """Return what a member said of themselves.

        Raises:
            StoreError: The store can't be read.
        """
        return (await self._store.of(guild_id)).get(user_id, MemberLanguages())

    async def reading(self, guild_id: int, user_id: int, wishes: MemberLanguages) -> Reading:
        """Return whether a member gets the language they read, in the running room or the next.

        Raises:
            StoreError: The store can't be read.
        """
        if (room := self._find(guild_id)) is not None:
            return room.reading(user_id)
        return await self._opening.reading(guild_id, wishes)
