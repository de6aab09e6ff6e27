"""Opens boards in text channels; what outlives a board is here: webhooks, budgets, removals."""

from collections.abc import Callable, Mapping

import discord

from bot.chat.board import ChannelBoard
from bot.chat.budget import Budget, Budgets, own_budget
from bot.chat.janitor import Historic, Janitors
from bot.chat.refused import Told
from bot.chat.threads import THREADS, LanguageThread, hindrance
from bot.chat.transport import MessageRef
from bot.chat.webhook_or_bot import ChannelTransport
from bot.chat.webhooks import CaptionChannel, Webhooks, home
from bot.clock import Clock
from bot.domain.meters import Meters
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.errors import ChatError
from bot.logs import context, get_logger
from bot.totals import Totals
from bot.wall_clock import Wall

log = get_logger(__name__)


class Boards:
    """The boards of one process. To be made on the running event loop.

    Args:
        own_id: Returns the bot's own user id; asked once it is logged in.
        clock: Tells the time and calls back.
        wall: Tells the date and time of day.
        meters: Told how late captions are, and what failed.
    """

    def __init__(self, own_id: Callable[[], int], clock: Clock, wall: Wall, meters: Meters) -> None:
        self._clock = clock
        self._meters = meters
        self._totals = Totals()
        self._open: list[ChannelBoard] = []
        self._webhooks = Webhooks(own_id, clock)
        self._budgets = Budgets(Budget)
        self._own = Budgets(own_budget)
        self._janitors = Janitors(clock, wall)

    async def open(
        self,
        channel: CaptionChannel,
        look: Look,
        refused: Callable[[str], None] | None = None,
    ) -> ChannelBoard:
        """Open a board in this channel.

        Args:
            channel: The channel the captions go to.
            look: How captions look.
            refused: Called once, with a sentence, when nothing can be written there any more.

        Raises:
            ChatError: It can't be used.
        """
        try:
            # Found or made now, so that the first caption does not wait for it.
            await self._webhooks.of(channel)
        except ChatError as error:
            # The board says it to the channel's people when it posts under the bot's own name.
            log.info("no webhook at the start", code=error.code)
        told = Told()
        transport = ChannelTransport(channel, self._webhooks, self._own, told)
        places: dict[str, LanguageThread] = {}

        def thread(language: str) -> LanguageThread | None:
            if language not in places:
                if (why_not := hindrance(channel)) is not None:
                    if told.once(THREADS, why_not, language):
                        board.say(why_not)
                    return None
                assert isinstance(channel, discord.TextChannel)  # noqa: S101 - nothing hindered it
                places[language] = LanguageThread(
                    channel, language, self._webhooks, self._own, told
                )
            return places[language]

        apart = look.layout is Layout.THREADS
        made = context(guild=channel.guild.id, channel=channel.id)
        board = made.run(
            ChannelBoard,
            transport,
            self._clock,
            look,
            refused=refused,
            budget=self._budgets.of(home(channel).id),
            threads=thread if apart else None,
            janitor=self._janitors.of(channel.guild.id) if look.caption_minutes else None,
            meters=self._meters,
        )
        self._open = [one for one in self._open if not one.closed]
        self._open.append(board)
        board.when_closed = self._totals.add(board.counters)
        earlier: list[Historic] = [transport]
        if apart:
            found = [thread(language) for language in look.languages]
            earlier += [place for place in found if place is not None]
        if look.caption_minutes:
            for place in earlier:
                self._janitors.of(channel.guild.id).catch_up(place, look.caption_minutes)
        return board

    def counters(self) -> Mapping[str, float]:
        """Return the sums of the counters of all boards there are and were."""
        return self._totals.read()

    @property
    def waiting(self) -> int:
        """Captions and notices that are not in their channel yet, or not as they should be."""
        return sum(board.waiting for board in self._open)

    def webhooks_changed(self, channel_id: int) -> None:
        """Look a channel's webhook up again: it may be gone, or there may be one for us again."""
        self._webhooks.changed(channel_id)

    def look_again(self) -> None:
        """Look all webhooks up again, as Discord may not have told of changes."""
        self._webhooks.missed()

    def remove_later(self, channel: CaptionChannel, message_id: int, minutes: float) -> None:
        """Remove a message of the bot's own that names people as late as captions are removed."""
        place = ChannelTransport(channel, self._webhooks, self._own)
        janitor = self._janitors.of(channel.guild.id)
        janitor.remove_later(place, MessageRef(message_id), minutes)

    async def close(self) -> None:
        """End what goes on behind the boards. Idempotent."""
        await self._janitors.close()
        await self._webhooks.close()
