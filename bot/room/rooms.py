"""The rooms of this process, one per guild."""

import secrets
from collections import Counter
from dataclasses import replace

from bot.consent.consent import Consent
from bot.domain.events import ConversationState
from bot.domain.glossary import Glossary
from bot.domain.notices import Notice, Occasion
from bot.domain.plan import RoomPlan, RoomStatus
from bot.domain.spent import NOBODY
from bot.domain.stored import ConsentMode, GuildSettings
from bot.domain.voice_mode import VoiceStyle
from bot.errors import ChatError, NoRoomError, UsageError
from bot.guild.room_languages import chosen
from bot.locks import KeyedLimit
from bot.logs import get_logger
from bot.room import refusals
from bot.room.ending import AFTER_LEAVING, AFTER_LINK, Ending
from bot.room.listening.readers import PageReaders
from bot.room.opening import RoomFactory, Start, join_anew
from bot.room.panel import Panel, Surface
from bot.room.room import Room
from bot.room.services import RoomCallbacks, RoomServices
from bot.room.spoken.choices import VoiceChoices
from bot.room.wishes import LanguageWishes
from bot.tasks import TaskOwner
from bot.usage.daily_allowance import Account
from bot.words import t
from bot.words.codes import ORIGINAL

log = get_logger(__name__)


class Rooms:
    """Starts and stops rooms.

    Args:
        services: What rooms use.

    Attributes:
        voices: The voices that members chose, and those there are.
        remembered: The rooms that run, kept so that they are back after a restart.
        availability: What is known of whether the translation services can be used.
        most_languages: How many languages a room may have.
        most_guests: How many of them guests may ever add.
        page_readers: Those who read and hear the rooms on their pages.
    """

    def __init__(self, services: RoomServices) -> None:
        self._services = services
        self._interpreter = services.translation.interpreter
        self._consents = services.guilds.consents
        self._notices = services.channels.notices
        self.voices = VoiceChoices(services.guilds.voices, self._interpreter.voices, self.find)
        self._glossaries = services.guilds.glossaries
        self.remembered = services.guilds.saved
        self.availability = services.translation.availability
        self.pages = services.channels.pages
        self.page_readers = PageReaders(services.channels, self._running, self._all)
        self.most_languages = services.translation.most_languages
        self.most_guests = services.translation.most_guests
        self._process = Ending()
        self._opening = RoomFactory(services)
        self.wishes = LanguageWishes(services.guilds.wishes, self._opening, self.find)
        self._panels: dict[int, Panel] = {}
        self._starters: dict[int, int] = {}
        self._turned_down: dict[int, int] = {}  # voice channels, and whose
        self._changing = KeyedLimit()  # of a guild: one changes its room
        self._rooms: dict[int, Room | None] = {}  # None while it starts or ends
        self._starting: dict[int, Start] = {}
        self._tasks = TaskOwner("rooms")

    def __len__(self) -> int:
        return len(self._rooms)

    def languages(self) -> dict[str, bool]:
        """Return the target languages by code, and whether each can be spoken back."""
        return dict(self._interpreter.languages())

    def targets(self) -> dict[str, bool]:
        """Return what a room may have among its languages: those, and what is spoken as it is."""
        return {**self.languages(), ORIGINAL: False}

    async def consent(self, guild_id: int) -> Consent:
        """Return who of this guild agreed to be heard."""
        return await self._consents.of(guild_id)

    def stays_out(self, guild_id: int, user_id: int) -> bool:
        """Return whether it is known that a no of this person would change nothing."""
        return self._consents.stays_out(guild_id, user_id)

    def use_consent_mode(self, guild_id: int, mode: ConsentMode) -> None:
        """Take a guild's consent this way from now on, in its running room too."""
        self._consents.use_mode(guild_id, mode)

    def use_guests(self, guild_id: int, guests: int) -> None:
        """Let guests add this many languages from now on, to a guild's running room too."""
        if (room := self._rooms.get(guild_id)) is not None:
            room.use_guests(guests)

    def serves(self, guild_id: int) -> bool:
        """Return whether the bot's host lets a guild use it."""
        return self._services.guilds.accounts.host.access.serves(guild_id)

    def check_served(self, guild_id: int) -> None:
        """Raise NotServedError where the bot's host does not let a guild use it."""
        self._services.guilds.accounts.host.access.check(guild_id)

    def obey_host(self) -> None:
        """End the rooms that the bot's host lets run no longer, and say why in each."""
        for room in self._rooms.values():
            if room is not None:
                room.obey_host()

    async def settings(self, guild_id: int) -> GuildSettings:
        """Return what a server set.

        Raises:
            StoreError: The store can't be read.
        """
        return await self._opening.settings(guild_id)

    def guild_left(self, guild_id: int) -> None:
        """End the room of a guild that removed the bot, and keep nothing of it in memory."""
        self.deafen(guild_id)
        self._tasks.start(self._left(guild_id), f"left {guild_id}", guild=guild_id)

    async def _left(self, guild_id: int) -> None:
        try:
            if guild_id in self._rooms:
                await self._stopped(guild_id)
        finally:
            self._consents.drop(guild_id)
            for channel_id in [at for at, whose in self._turned_down.items() if whose == guild_id]:
                del self._turned_down[channel_id]

    async def start(
        self,
        plan: RoomPlan,
        starter_id: int,
        *,
        agrees: bool = True,
        paused: bool = False,
        occasion: Occasion = Occasion.STARTED,
    ) -> None:
        """Start a room, in which nobody is heard before its notice is posted.

        Whoever starts it agrees to be heard by that, unless they chose to stay out.

        Args:
            plan: What it is to do.
            starter_id: Who started it; 0: nobody, it started by itself.
            agrees: False: it is started again, or by itself; nobody agrees to anything by that.
            paused: It hears nobody until it is resumed.
            occasion: Why its notice is posted.

        Raises:
            RoomError: It was stopped before it began.
            RoomBusyError: The guild has one.
            LanguageError: The model does not take a language, or not as asked.
            ConversationError: The translation service refuses: the key, the model, the credit.
            ChatError: The text channel can't be written to, so its notice is not posted.
            VoiceLinkError: The voice channel can't be joined.
            StoreError: The starter's consent can't be remembered.
            AllowanceError: The guild's minutes of today are used up, or the month's of all guilds.
            NotServedError: The bot's host does not let the guild use it.
            RestartingError: The process ends.
        """
        async with self._process.breakable():
            await self._start(plan, starter_id, agrees=agrees, paused=paused, occasion=occasion)

    async def _start(
        self, plan: RoomPlan, starter_id: int, *, agrees: bool, paused: bool, occasion: Occasion
    ) -> None:
        if plan.guild_id in self._rooms:
            raise refusals.busy()
        plan = replace(plan, session=plan.session or secrets.token_hex(8))
        for request in plan.requests(starter_id, {}):
            self._interpreter.check(request)
        self._rooms[plan.guild_id] = None
        self._starters[plan.guild_id] = starter_id
        start = self._starting[plan.guild_id] = Start(plan.voice_channel_id)
        try:
            account = await self._opening.account(plan.guild_id)
            if agrees:
                await self._opening.prepare(plan, starter_id)
            else:
                await self._opening.look(known=False)
            start.check()
            room = await self._opened(plan, account, paused=paused, occasion=occasion)
        except BaseException:
            self._over(plan.guild_id)
            self._notices.over(plan.guild_id)
            await self._interpreter.discard(plan.guild_id)
            raise
        finally:
            del self._starting[plan.guild_id]
        self._rooms[plan.guild_id] = room
        self._turned_down.pop(plan.voice_channel_id, None)
        self._changed(plan.guild_id)
        self.text_channels_changed(plan.guild_id)  # it may have been lost meanwhile
        room.obey_host()  # likewise

    async def _opened(
        self, plan: RoomPlan, account: Account, *, paused: bool, occasion: Occasion
    ) -> Room:
        guild_id = plan.guild_id
        start = self._starting[guild_id]
        callbacks = RoomCallbacks(
            ended=lambda: self._end(guild_id),
            changed=lambda: self._changed(guild_id),
            unwritable=lambda reason: self._unwritable(guild_id, reason),
            post_notice=self._post_notice,
            in_time=self._process.in_time,
            open_page=self.pages.open,
            ask=lambda user_id: self.page_readers.ask(plan, user_id),
            meters=self._services.meters,
        )
        room = await self._opening.open(plan, account, callbacks=callbacks, paused=paused)
        start.room = room
        # Before anybody is heard: the conversation that was opened ahead has this voice already.
        room.casting.cast(plan.requests(self._starters.get(guild_id, NOBODY), {}))
        try:
            start.check()
            await room.begin(occasion)
            start.check()
        except BaseException:
            await room.close()
            raise
        return room

    async def _post_notice(
        self, plan: RoomPlan, occasion: Occasion, heard: tuple[int, ...]
    ) -> None:
        starter_id = self._starters.get(plan.guild_id, NOBODY)
        await self._notices.post(Notice(plan, occasion, starter_id, heard))

    # Text channels

    def text_channels_changed(self, guild_id: int) -> None:
        """Look anew at who can read the captions of a guild's room, and if they can be written.

        To be called when its channels, roles or members changed. A room whose captions have nowhere
        to go ends.
        """
        room = self._rooms.get(guild_id)
        if room is None:
            return
        reason = self._services.channels.readers.refusal(room.plan.text_channel_id)
        if reason is None:
            room.sight_changed()
        else:
            self._unwritable(guild_id, reason)

    def _unwritable(self, guild_id: int, reason: str) -> None:
        """End a room whose captions can't be written, and say so elsewhere."""
        room = self._rooms.get(guild_id)
        if room is None:
            if (start := self._starting.get(guild_id)) is not None:
                start.call_off(ChatError(reason))
            return
        if room.over:
            return  # it has been said, or it ends for another reason
        room.deafen()
        if (panel := self._panels.get(guild_id)) is not None:
            panel.text_channel_lost()
        self._end(guild_id)
        plan = replace(room.plan, voice_channel_id=room.where)
        starter_id = self._starters.get(guild_id, NOBODY)
        self._tasks.start(
            self._notices.farewell(plan, starter_id, reason), f"farewell {guild_id}", guild=guild_id
        )

    def use_glossary(self, guild_id: int, glossary: Glossary) -> None:
        """Use these terms of a guild's own from now on, in its running room too."""
        if guild_id not in self._rooms:
            return  # the next one reads them
        self._glossaries.use(guild_id, glossary)
        if (room := self._rooms.get(guild_id)) is not None:
            room.use_glossary(self._glossaries.of(guild_id))

    def _end(self, guild_id: int) -> None:
        if self._process.begun:
            return  # it ends anyway, and what broke off need not last
        self._tasks.start(self._stopped(guild_id), f"end {guild_id}", guild=guild_id)

    async def _stopped(self, guild_id: int) -> None:
        try:
            await self.stop(guild_id)
        except NoRoomError:
            log.info("the room had ended already", guild=guild_id)

    def deafen(self, guild_id: int | None = None) -> None:
        """Let a guild's room hear nobody any more, from this moment; `stop` is to follow.

        A room that is starting does not begin.

        Args:
            guild_id: None: all of them, as the process ends; none begins any more, and `close` is
                to follow.
        """
        if guild_id is None:
            self._process.begin()
            for starting in self._starting.values():
                starting.call_off(refusals.restarting())
            for room in self._rooms.values():
                if room is not None:
                    room.deafen()
        elif (start := self._starting.get(guild_id)) is not None:
            start.call_off(refusals.stopped())
        elif (room := self._rooms.get(guild_id)) is not None:
            room.deafen()

    async def stop(self, guild_id: int, *, by_hand: bool = False) -> None:
        """End a guild's room; its last captions are delivered.

        Nobody is heard from the moment of this call, whatever it then waits for. A room that is
        starting does not begin.

        Args:
            guild_id: The guild.
            by_hand: Somebody wants it so: it does not start by itself before everybody has left.

        Raises:
            NoRoomError: None is running.
        """
        if await self._ends_anyway(guild_id):
            return
        self.deafen(guild_id)
        if (start := self._starting.get(guild_id)) is not None:
            if by_hand:
                self._turned_down[start.voice_channel_id] = guild_id
            return
        room = self._running(guild_id)
        if by_hand:
            self._turned_down[room.where] = guild_id
        async with self._changing.of(guild_id):
            if await self._ends_anyway(guild_id):
                return
            if self._rooms.get(guild_id) is not room:
                raise refusals.none_runs()  # it has ended meanwhile
            self._rooms[guild_id] = None
            try:
                await self._finish(room, self._panels.pop(guild_id, None))
            finally:
                await self._gone(guild_id)

    async def _ends_anyway(self, guild_id: int) -> bool:
        """Return whether the room ends with the process; if so, it will not be back afterwards."""
        if self._process.begun:
            await self.remembered.drop(guild_id)
        return self._process.begun

    def _over(self, guild_id: int) -> None:
        """Keep nothing of a room that has ended, or did not begin."""
        del self._rooms[guild_id]
        self._starters.pop(guild_id, None)
        self._glossaries.drop(guild_id)

    async def _finish(self, room: Room, panel: Panel | None) -> None:
        """End everything of a room, however one part of it fails or waits."""
        guild_id = room.plan.guild_id
        dropped = self._tasks.start(
            self.remembered.drop(guild_id), f"drop {guild_id}", guild=guild_id
        )
        try:
            if panel is not None:  # while the bot is still in the voice channel
                await self._process.in_time(panel.leaving(), AFTER_LEAVING, "voice channel's line")
        finally:
            try:
                await room.close()
            finally:
                if panel is not None:
                    await self._process.in_time(panel.close(), AFTER_LINK, "panel")
                self._notices.over(guild_id)
                await dropped

    async def leave_to_another(self, guild_id: int) -> None:
        """End a guild's room here, without a word: it goes on in another process."""
        self.remembered.release(guild_id)
        if (start := self._starting.get(guild_id)) is not None:
            start.call_off(refusals.restarting())
        elif self._rooms.get(guild_id) is not None:
            self.deafen(guild_id)
            async with self._changing.of(guild_id):
                room = self._rooms.get(guild_id)
                if room is not None:
                    await self._left_to_another(guild_id, room)
        self._consents.drop(guild_id)

    async def _left_to_another(self, guild_id: int, room: Room) -> None:
        self._rooms[guild_id] = None
        panel = self._panels.pop(guild_id, None)
        try:
            if panel is not None:
                panel.text_channel_lost()  # the message is the other process's
                await panel.close()
            await room.close()
        finally:
            self._notices.over(guild_id)
            await self._gone(guild_id)

    def turned_down(self, channel_id: int) -> bool:
        """Return whether a room was ended by hand in this channel, and people are still there."""
        return channel_id in self._turned_down

    def emptied(self, channel_id: int) -> None:
        """Let rooms start by themselves in this voice channel again, as nobody is left there."""
        self._turned_down.pop(channel_id, None)

    def runs(self, guild_id: int) -> bool:
        """Return whether a guild has a room, including one that starts or ends."""
        return guild_id in self._rooms

    def guilds(self) -> list[int]:
        """Return the guilds that have a room, including those that start or end."""
        return list(self._rooms)

    # While it runs

    def pause(self, guild_id: int) -> None:
        """Hear nobody until it is resumed, from this moment; raises NoRoomError."""
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
            ChatError: Its people can't be told, so the room ends.
        """
        if self._running(guild_id).where == channel_id:
            raise UsageError(t("I'm already in that voice channel."))
        async with self._process.breakable(), self._changing.of(guild_id):
            room = self._running(guild_id)
            if (panel := self._panels.get(guild_id)) is not None:
                await panel.leaving()
            speaks = room.plan.spoken is not None
            join = self._services.channels.join_voice
            await join_anew(room, channel_id, join, speaks=speaks)
            try:
                await room.begin(Occasion.MOVED)
            except ChatError as error:
                room.lost(error.message)
                raise

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
        async with self._process.breakable(), self._changing.of(guild_id):
            room = self._running(guild_id)
            begins = plan.spoken is not None and room.plan.spoken is None
            room.use_languages(plan.targets, plan.spoken)
            if begins:  # joined to hear only, it does not ask to speak on a stage
                join = self._services.channels.join_voice
                await join_anew(room, room.where, join, speaks=True)

    def use_style(self, guild_id: int, style: VoiceStyle) -> None:
        """Read a room's translations aloud in this way from now on; raises NoRoomError."""
        self._running(guild_id).use_style(style)

    def skip(self, guild_id: int) -> bool:
        """Break off what a room reads aloud; return False if it reads nothing.

        Raises:
            NoRoomError: None is running.
        """
        return self._running(guild_id).skip()

    async def forget(self, guild_id: int, user_id: int) -> bool:
        """Name this person nowhere as the one who started a room; returns whether they were named.

        Raises:
            StoreError: The store still does.
        """
        started = self._starters.get(guild_id) == user_id
        if started:
            self._starters[guild_id] = NOBODY
            self._changed(guild_id)
        return await self.remembered.forget(guild_id, user_id) or started

    def show(self, guild_id: int, surface: Surface) -> None:
        """Keep a surface up to date with the guild's room until that ends.

        Raises:
            NoRoomError: None is running.
        """
        self._panels[guild_id] = Panel(
            self._running(guild_id).status,
            surface,
            self._services.clock,
            shown=lambda: self._remember(guild_id),
            panels=self._panels.__len__,
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

    # Status, and the end

    def status(self, guild_id: int) -> RoomStatus:
        """Return a guild's room as it is now.

        Raises:
            NoRoomError: None is running.
        """
        return self._running(guild_id).status()

    def where(self, guild_id: int) -> int:
        """Return the voice channel of a guild's room, also of one that is starting.

        Raises:
            NoRoomError: None is running.
        """
        if (start := self._starting.get(guild_id)) is not None:
            return start.voice_channel_id
        return self._running(guild_id).where

    def starter(self, guild_id: int) -> int:
        """Return who started a guild's room, also one that is starting; `NOBODY` if unknown."""
        return self._starters.get(guild_id, NOBODY)

    def running(self) -> list[RoomStatus]:
        """Return every room that runs, as it is now."""
        return [room.status() for room in self._all()]

    def _all(self) -> list[Room]:
        return [room for room in self._rooms.values() if room is not None]

    def conversations(self) -> Counter[ConversationState]:
        """Return how many conversations of all rooms are in each state."""
        return Counter(state for room in self._all() for state in room.conversations())

    def over(self, guild_id: int) -> bool:
        """Return whether a guild has no room, or one that hears nobody any more and ends."""
        if (start := self._starting.get(guild_id)) is not None:
            return start.called_off
        room = self._rooms.get(guild_id)
        return room is None or room.over

    def find(self, guild_id: int) -> Room | None:
        """Return a guild's running room, if any."""
        return self._rooms.get(guild_id)

    def _running(self, guild_id: int) -> Room:
        room = self._rooms.get(guild_id)
        if room is None:
            raise refusals.restarting() if self._process.begun else refusals.none_runs()
        return room

    async def close(self) -> None:
        """End every room side by side, in time; they are remembered. Idempotent."""
        self.deafen()
        rooms = dict(self._rooms)
        self._rooms.update(dict.fromkeys(rooms))
        await self._process.end(rooms, self._panels, self._changing, self._gone, self._tasks)
        await self._process.in_time(self.remembered.close(), 0.0, "writing down what runs")

    async def _gone(self, guild_id: int) -> None:
        self._over(guild_id)
        await self._interpreter.discard(guild_id)
