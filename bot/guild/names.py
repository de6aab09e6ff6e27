"""The names of servers, kept so that the host can tell them apart on the command line."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.clock import Alarm, Clock
from bot.domain.access import NameStore
from bot.errors import StoreError
from bot.logs import get_logger
from bot.tasks import TaskOwner

log = get_logger(__name__)

LOOK_S: Final = 60.0


class GuildNames:
    """Writes down names that are new or have changed.

    Args:
        store: Keeps them.
        clock: Times the looks.
    """

    def __init__(self, store: NameStore, clock: Clock) -> None:
        self._store = store
        self._known: dict[int, str] = {}  # as kept
        self._names: Callable[[], Mapping[int, str]] = dict
        self._next = Alarm(clock, self._look_soon)
        self._tasks = TaskOwner("guild names")

    def start(self, names: Callable[[], Mapping[int, str]]) -> None:
        """Look at once and from time to time.

        Args:
            names: Returns the name of each server that the bot is in, by id.
        """
        self._names = names
        self._look_soon()

    def forget(self, guild_id: int) -> None:
        """Write the name anew should the server invite the bot again."""
        self._known.pop(guild_id, None)

    def _look_soon(self) -> None:
        self._tasks.start(self._look(), "look")

    async def _look(self) -> None:
        names = self._names()
        new = {key: name for key, name in names.items() if self._known.get(key) != name}
        try:
            if new:
                await self._store.put_names(new)
                self._known.update(new)
        except StoreError as error:
            log.warning("names of servers are not written yet", code=error.code)
        self._next.set_in(LOOK_S)

    async def close(self) -> None:
        """Look no more. Idempotent."""
        await self._tasks.close()
        self._next.cancel()
