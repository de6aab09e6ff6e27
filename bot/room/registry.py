"""The rooms of this process, one per guild."""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.clock import Clock
from bot.errors import NoRoomError, ParleyError, RoomBusyError, UsageError
from bot.room.allowance import Accounts
from bot.room.choice import chosen
from bot.room.consent import AnswerStore, Consent, Consents
from bot.room.fanout import Fanning
from bot.room.glossary import Glossary
from bot.room.moving import join_anew
from bot.room.newcomers import Announcement
from bot.room.opening import Opening, Record
from bot.room.panel import Panel, Surface
from bot.room.ports import Interpreter, JoinVoice, OpenBoard
from bot.room.records import ConsentMode, GuildSettings, Wishes
from bot.room.remembered import RememberedRooms
from bot.room.room import Room, RoomPlan, RoomStatus
from bot.room.spent import NOBODY
from bot.room.stores import RoomStore, SettingsStore, WishStore
from bot.room.wanted import MOST_LANGUAGES
from bot.room.wishing import Wishing
from bot.tasks import TaskOwner
from bot.words import command, t

log = logging.getLogger(__name__)


class Rooms:
    """Starts and stops rooms.

    Args:
        interpreter: The translation service.
        store: Where consent is remembered.
        join_voice: Joins a voice channel.
        open_board: Opens a text channel for captions.
        clock: The time.
        glossary: Terms for every guild; a guild's own go before them.
        accounts: What each guild spends and may spend; without, nothing is counted.
        fanning: How further languages are made; None: a conversation for each.
        settings: Has each server's settings; None: the defaults everywhere.
        wishes: What members said of themselves; None: not kept.
        own_glossary: A guild's own terms as they are kept, asked for once; None: it has none
            until `use_glossary`.
        record: Takes down what a board shows; None: nothing is.
        saved: Where running rooms are remembered; None: nowhere.
        most_languages: How many a room may have.
        announce: Tells newcomers, in the text channel of this id; without, nobody is told and
            so nobody heard who did not say yes.
    """

    def __init__(
        self,
        *,
        interpreter: Interpreter,
        store: AnswerStore,
        join_voice: JoinVoice,
        open_board: OpenBoard,
        clock: Clock,
        glossary: Glossary | None = None,
        accounts: Accounts | None = None,
        fanning: Fanning | None = None,
        settings: SettingsStore | None = None,
        wishes: WishStore | None = None,
        saved: RoomStore | None = None,
        most_languages: int = MOST_LANGUAGES,
        announce: Callable[[int, Announcement], Awaitable[frozenset[int]]] | None = None,
        own_glossary: Callable[[int], Awaitable[Glossary]] | None = None,
        record: Record | None = None,
    ) -> None:
        self._interpreter = interpreter
        self._consents = Consents(store, settings)
        self._join_voice = join_voice
        self._clock = clock
        self._wishing = Wishing(wishes, interpreter)
        self.remembered = RememberedRooms(saved)
        self.most_languages = most_languages
        self._opening = Opening(
            interpreter,
            self._consents,
            join_voice,
            open_board,
            clock,
            glossary or {},
            accounts,
            fanning,
            settings,
            self._wishing,
            announce,
            most_languages,
            own_glossary,
            record,
        )
        self._panels: dict[int, Panel] = {}
        self._starters: dict[int, int] = {}
        self._turned_down: set[int] = set()  # voice channels
        self._changing: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rooms: dict[int, Room | None] = {}  # None while it starts or ends
        self._tasks = TaskOwner("rooms")

    def __len__(self) -> int:
        return len(self._rooms)

    def languages(self) -> dict[str, bool]:
        """Target languages by code, and whether each can be spoken back."""
        return dict(self._interpreter.languages())

    async def consent(self, guild_id: int) -> Consent:
        """Who of this guild agreed to be heard."""
        return await self._consents.of(guild_id)

    def use_consent_mode(self, guild_id: int, mode: ConsentMode) -> None:
        """A guild's consent is given this way from now on, in its running room too."""
        self._consents.use_mode(guild_id, mode)

    async def settings(self, guild_id: int) -> GuildSettings:
        """What a server set.

        Raises:
            StoreError: The store can't be read.
        """
        return await self._opening.settings(guild_id)

    def guild_left(self, guild_id: int) -> None:
        """The bot was removed: its room ends, and nothing of the guild stays in memory."""
        self._tasks.start(self._left(guild_id), f"left {guild_id}")

    async def _left(self, guild_id: int) -> None:
        try:
            if guild_id in self._rooms:
                await self._stopped(guild_id)
        finally:
            self._consents.drop(guild_id)
            self._opening.glossaries.pop(guild_id, None)

    async def start(
        self, plan: RoomPlan, starter_id: int, *, agrees: bool = True, paused: bool = False
    ) -> None:
        """Start a room; whoever starts it agrees to be heard by that.

        Args:
            plan: What it is to do.
            starter_id: Who started it; 0: nobody, it started by itself.
            agrees: False: it is started again, or by itself; nobody agrees to anything by that.
            paused: It hears nobody until it is resumed.

        Raises:
            RoomBusyError: The guild has one.
            LanguageError: The model does not take a language, or not as asked.
            ConversationError: The translation service refuses: the key, the model, the credit.
            ChatError: The text channel can't be written to.
            VoiceLinkError: The voice channel can't be joined.
            StoreError: The starter's consent can't be remembered.
            AllowanceError: The guild's minutes of today are used up.
        """
        if plan.guild_id in self._rooms:
            raise RoomBusyError(
                t(
                    "This server already has a room running; {stop} ends it.",
                    stop=command("translate stop"),
                )
            )
        plan = replace(plan, session=plan.session or secrets.token_hex(8))
        for request in plan.requests(starter_id, {}):
            self._interpreter.check(request)
        self._rooms[plan.guild_id] = None
        try:
            account = await self._opening.account(plan.guild_id)
            await self._opening.load_glossary(plan.guild_id)
            if agrees:
                await self._opening.prepare(plan, starter_id)
            room = await self._opening.open(
                plan,
                account,
                ended=lambda: self._end(plan.guild_id),
                changed=lambda: self._changed(plan.guild_id),
                paused=paused,
            )
            self._rooms[plan.guild_id] = room
            self._starters[plan.guild_id] = starter_id
            self._turned_down.discard(plan.voice_channel_id)
            self._changed(plan.guild_id)
        except BaseException:
            del self._rooms[plan.guild_id]
            await self._interpreter.discard(plan.guild_id)
            raise

    def use_glossary(self, guild_id: int, glossary: Glossary) -> None:
        """A guild's own terms from now on, in its running room too."""
        self._opening.glossaries[guild_id] = glossary
        if (room := self._rooms.get(guild_id)) is not None:
            room.use_glossary(self._opening.glossary(guild_id))

    def _end(self, guild_id: int) -> None:
        self._tasks.start(self._stopped(guild_id), f"end {guild_id}")

    async def _stopped(self, guild_id: int) -> None:
        try:
            await self.stop(guild_id)
        except NoRoomError:
            log.info("room %s had ended already", guild_id)

    async def stop(self, guild_id: int, *, by_hand: bool = False) -> None:
        """End a guild's room; its last captions are delivered.

        Args:
            guild_id: Whose.
            by_hand: Somebody wants it so: it does not start by itself before everybody has left.

        Raises:
            NoRoomError: None is running.
        """
        self._running(guild_id)
        async with self._changing[guild_id]:
            room = self._running(guild_id)
            if by_hand:
                self._turned_down.add(room.where)
            self._rooms[guild_id] = None
            try:
                await self.remembered.drop(guild_id)
                panel = self._panels.pop(guild_id, None)
                if panel is not None:
                    await panel.leaving()
                await room.close()
                if panel is not None:
                    await panel.close()
            finally:
                del self._rooms[guild_id]
                await self._interpreter.discard(guild_id)

    def turned_down(self, channel_id: int) -> bool:
        """Whether a room in this voice channel was ended by hand, and people are still there."""
        return channel_id in self._turned_down

    def emptied(self, channel_id: int) -> None:
        """Nobody is left in this voice channel."""
        self._turned_down.discard(channel_id)

    def runs(self, guild_id: int) -> bool:
        """Whether a guild has a room, one that starts or ends too."""
        return guild_id in self._rooms

    # While it runs

    def pause(self, guild_id: int) -> None:
        """Hear nobody until it is resumed; raises NoRoomError."""
        self._running(guild_id).pause()

    def resume(self, guild_id: int) -> None:
        """Hear again those who agreed; raises NoRoomError."""
        self._running(guild_id).resume()

    async def move(self, guild_id: int, channel_id: int) -> None:
        """Go on in another voice channel of the guild.

        Raises:
            NoRoomError: None is running.
            UsageError: It is there already.
            VoiceLinkError: It can't be joined; the room goes on where it was.
        """
        if self._running(guild_id).where == channel_id:
            raise UsageError(t("I am in that voice channel already."))
        async with self._changing[guild_id]:
            room = self._running(guild_id)
            if (panel := self._panels.get(guild_id)) is not None:
                await panel.leaving()
            speaks = room.plan.spoken is not None
            await join_anew(room, channel_id, self._join_voice, speaks=speaks)

    async def choose(self, guild_id: int, targets: tuple[str, ...], spoken: str | None) -> None:
        """Translate into these languages from now on, and speak that one of them.

        Raises:
            NoRoomError: None is running.
            UsageError: None is left, there are too many, or the spoken one is none of them.
            LanguageError: The model does not take one, or not as asked.
            VoiceLinkError: Speaking needs a new connection, and there is none.
        """
        room = self._running(guild_id)
        plan = chosen(
            room.plan, targets, spoken, most=self.most_languages, interpreter=self._interpreter
        )
        async with self._changing[guild_id]:
            room = self._running(guild_id)
            begins = plan.spoken is not None and room.plan.spoken is None
            room.use_languages(plan.targets, plan.spoken)
            if begins:  # joined to hear only, it does not ask to speak on a stage
                await join_anew(room, room.where, self._join_voice, speaks=True)

    async def wish(self, guild_id: int, user_id: int, wishes: Wishes) -> bool:
        """Keep what a member says of themselves; a running room follows at once.

        Returns:
            False where a room runs that has no place for the language they read.

        Raises:
            LanguageError: The model does not take one.
            StoreError: It can't be kept, and is not in force.
        """
        await self._wishing.put(guild_id, user_id, wishes)
        room = self._rooms.get(guild_id)
        return room is None or room.use_wishes(user_id, wishes)

    async def wishes(self, guild_id: int, user_id: int) -> Wishes:
        """What a member said of themselves.

        Raises:
            StoreError: The store can't be read.
        """
        return (await self._wishing.of(guild_id)).get(user_id, Wishes())

    async def forget(self, guild_id: int, user_id: int) -> bool:
        """Name this person nowhere as the one who started a room; whether they were.

        Raises:
            StoreError: The store still does.
        """
        started = self._starters.get(guild_id) == user_id
        if started:
            self._starters[guild_id] = NOBODY
            self._changed(guild_id)
        return await self.remembered.forget(guild_id, user_id) or started

    def show(self, guild_id: int, surface: Surface) -> None:
        """Keep this true to the guild's room until it ends.

        Raises:
            NoRoomError: None is running.
        """
        self._panels[guild_id] = Panel(
            self._running(guild_id).status,
            surface,
            self._clock,
            shown=lambda: self._remember(guild_id),
        )

    def _changed(self, guild_id: int) -> None:
        self._remember(guild_id)
        if (panel := self._panels.get(guild_id)) is not None:
            panel.touch()

    def _remember(self, guild_id: int) -> None:
        room = self._rooms.get(guild_id)
        if room is None:
            return
        panel = self._panels.get(guild_id)
        panel_id = 0 if panel is None else panel.panel_id
        self.remembered.keep(room.saved(self._starters[guild_id], panel_id))

    # Looking in, and the end

    def status(self, guild_id: int) -> RoomStatus:
        """A guild's room as it is now.

        Raises:
            NoRoomError: None is running.
        """
        return self._running(guild_id).status()

    def find(self, guild_id: int) -> Room | None:
        """A guild's running room, if any."""
        return self._rooms.get(guild_id)

    def _running(self, guild_id: int) -> Room:
        room = self._rooms.get(guild_id)
        if room is None:
            raise NoRoomError(
                t(
                    "Nothing is being translated here; {start} begins.",
                    start=command("translate start"),
                )
            )
        return room

    async def close(self) -> None:
        """End every room."""
        for guild_id, room in list(self._rooms.items()):
            if room is not None:
                try:
                    await self.stop(guild_id)
                except ParleyError:
                    log.exception("room %s did not close cleanly", guild_id)
        await self._tasks.close()
        await self.remembered.close()
