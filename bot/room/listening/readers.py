"""Those who read a room's page: who gets a link, who is reading, and how they stop."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.domain.notices import Sight
from bot.domain.plan import RoomPlan
from bot.errors import UsageError
from bot.room.room import Room
from bot.room.services import ChannelServices
from bot.words import t


@dataclass(frozen=True, slots=True)
class PageLink:
    """Opens a room's page, once.

    Attributes:
        url: What to open.
        run: The session of the room's plan.
    """

    url: str
    run: str


class PageReaders:
    """The readers of all rooms.

    Args:
        channels: How Discord's channels are reached.
        running: Finds a guild's room; raises NoRoomError where there is none.
        rooms: Returns every room that runs.
    """

    def __init__(
        self,
        channels: ChannelServices,
        running: Callable[[int], Room],
        rooms: Callable[[], Iterable[Room]],
    ) -> None:
        self._channels = channels
        self._running = running
        self._rooms = rooms

    async def link(
        self, guild_id: int, user_id: int, language: str, *, overlay: bool = False
    ) -> PageLink:
        """Return a link by which one member reads and hears the room, once.

        Raises:
            NoRoomError: None is running.
            UsageError: There is no page, they can't see the captions either, or Discord does not
                say what they can see.
        """
        asked = await self.ask(self._running(guild_id).plan, user_id)
        plan = self._running(guild_id).plan  # it may have ended meanwhile
        if self._channels.readers.sight(plan.text_channel_id, user_id) is Sight.NOTHING:
            channel = f"<#{plan.text_channel_id}>"
            if not asked:
                raise UsageError(
                    t(
                        "I couldn't check whether you can see {channel}. Try again in a moment.",
                        channel=channel,
                    )
                )
            raise UsageError(t("You can't see {channel}, where captions appear.", channel=channel))
        url = self._channels.pages.link(plan.session, user_id, language, overlay=overlay)
        return PageLink(url, plan.session)

    def stop(self, run: str, user_id: int) -> None:
        """Void a member's links to a room, and close what they have open of it.

        Args:
            run: The session of its plan; the room may have ended.
            user_id: Who reads no longer.
        """
        self._channels.pages.revoke(run, user_id)

    def reading(self) -> dict[int, frozenset[int]]:
        """Return the user ids of those who read now, by guild; guilds without any are left out."""
        reading = {room.plan.guild_id: room.page.broadcast.reading() for room in self._rooms()}
        return {guild_id: users for guild_id, users in reading.items() if users}

    async def ask(self, plan: RoomPlan, user_id: int) -> bool:
        """Ask Discord anew what a member sees of a room's text channel.

        Returns:
            Whether that is known now.
        """
        return await self._channels.readers.ask(plan.text_channel_id, (user_id,))

    async def look_again(self, guild_id: int, user_ids: Iterable[int]) -> None:
        """Ask Discord anew about readers of a room; who may no longer read is shut out.

        Raises:
            NoRoomError: None is running.
        """
        plan = self._running(guild_id).plan
        await self._channels.readers.ask(plan.text_channel_id, user_ids)
        self._running(guild_id).page.broadcast.readers_changed()
