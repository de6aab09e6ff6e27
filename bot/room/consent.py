"""Who of a guild agreed to be heard.

Nobody is heard unless they agreed themselves. Consent is per person and guild, is remembered, and
ends at once when it is withdrawn: whoever listens to changes is told before `withdraw` returns.
"""

from collections.abc import Callable

from bot.room.ports import ConsentStore

Changed = Callable[[frozenset[int]], None]


class Consent:
    """The agreements of one guild, kept in memory and in the store.

    Args:
        guild_id: The guild.
        store: Where agreements are remembered.
        agreed: User ids of those who agreed so far.
    """

    def __init__(self, guild_id: int, store: ConsentStore, agreed: frozenset[int]) -> None:
        self._guild_id = guild_id
        self._store = store
        self._agreed = agreed
        self._listeners: list[Changed] = []

    @property
    def agreed(self) -> frozenset[int]:
        """User ids of those who may be heard now."""
        return self._agreed

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Call back with each new set, at once and without awaiting; returns how to stop it."""
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    async def agree(self, user_id: int) -> bool:
        """This person may be heard from now on. Stored first; False when they had agreed already.

        Raises:
            StoreError: It could not be remembered, and is not in force.
        """
        if user_id in self._agreed:
            return False
        await self._store.agree(self._guild_id, user_id)
        self._set(self._agreed | {user_id})
        return True

    async def withdraw(self, user_id: int) -> bool:
        """This person is not heard from now on. In force before it is stored; False when it was.

        Raises:
            StoreError: It is in force, but the store still remembers the agreement.
        """
        if user_id not in self._agreed:
            return False
        self._set(self._agreed - {user_id})
        await self._store.withdraw(self._guild_id, user_id)
        return True

    def _set(self, agreed: frozenset[int]) -> None:
        self._agreed = agreed
        for changed in tuple(self._listeners):
            changed(agreed)


class Consents:
    """The consent of every guild, loaded when first asked for."""

    def __init__(self, store: ConsentStore) -> None:
        self._store = store
        self._guilds: dict[int, Consent] = {}

    async def of(self, guild_id: int) -> Consent:
        """The one Consent of a guild.

        Raises:
            StoreError: The store can't be read.
        """
        if guild_id not in self._guilds:
            agreed = await self._store.consenting(guild_id)
            # Another caller may have loaded it meanwhile; there must be one per guild.
            self._guilds.setdefault(guild_id, Consent(guild_id, self._store, agreed))
        return self._guilds[guild_id]
