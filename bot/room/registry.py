"""The rooms of this process, one per guild."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bot.clock import Clock
from bot.errors import NoRoomError, ParleyError, RoomBusyError
from bot.room.allowance import Account, Accounts
from bot.room.consent import AnswerStore, Consent, Consents
from bot.room.fanout import Fanning
from bot.room.glossary import Glossary, terms
from bot.room.newcomers import Announcement, Newcomers
from bot.room.ports import Interpreter, JoinVoice, Look, OpenBoard
from bot.room.records import ConsentMode, GuildSettings
from bot.room.room import Room, RoomPlan, RoomStatus
from bot.room.stores import SettingsStore
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
        settings: Has each guild's consent mode; None: opt-in everywhere.
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
        announce: Callable[[int, Announcement], Awaitable[frozenset[int]]] | None = None,
    ) -> None:
        self._announce = announce
        self._accounts = accounts
        self._fanning = fanning
        self._interpreter = interpreter
        self._settings = settings
        self._consents = Consents(store, settings)
        self._join_voice = join_voice
        self._open_board = open_board
        self._clock = clock
        self._rooms: dict[int, Room | None] = {}  # None while it starts or ends
        self._default_glossary = glossary or {}
        self._glossaries: dict[int, Glossary] = {}  # of guilds
        self._tasks = TaskOwner("rooms")

    def __len__(self) -> int:
        return len(self._rooms)

    def languages(self) -> dict[str, bool]:
        """Target languages by code, and whether each can be spoken back."""
        return dict(self._interpreter.languages())

    async def consent(self, guild_id: int) -> Consent:
        """Who of this guild agreed to be heard."""
        return await self._consents.of(guild_id)

    async def settings(self, guild_id: int) -> GuildSettings:
        """What a guild set.

        Raises:
            StoreError: The store can't be read.
        """
        return (
            GuildSettings() if self._settings is None else await self._settings.settings(guild_id)
        )

    def use_consent_mode(self, guild_id: int, mode: ConsentMode) -> None:
        """A guild's consent is given this way from now on, in its running room too."""
        self._consents.use_mode(guild_id, mode)

    def guild_left(self, guild_id: int) -> None:
        """The bot was removed: its room ends, and nothing of the guild stays in memory."""
        self._tasks.start(self._left(guild_id), f"left {guild_id}")

    async def _left(self, guild_id: int) -> None:
        try:
            if guild_id in self._rooms:
                await self._stopped(guild_id)
        finally:
            self._consents.drop(guild_id)
            self._glossaries.pop(guild_id, None)

    async def start(self, plan: RoomPlan, starter_id: int) -> None:
        """Start a room; whoever starts it agrees to be heard by that.

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
        glossary = self._glossary(plan)
        requests = plan.requests(starter_id, glossary)
        for request in requests:
            self._interpreter.check(request)
        self._rooms[plan.guild_id] = None
        try:
            account = await self._account(plan.guild_id)
            # The starter's own conversation is opened ahead: a bad key is said here and now.
            lead = next(request for request in requests if request.target == plan.lead)
            await self._interpreter.prepare(lead)
            room = await self._opened(plan, starter_id, glossary, account)
            room.use_glossary(self._glossary(plan))  # it may have changed meanwhile
            self._rooms[plan.guild_id] = room
        except BaseException:
            del self._rooms[plan.guild_id]
            await self._interpreter.discard(plan.guild_id)
            raise

    def use_glossary(self, guild_id: int, glossary: Glossary) -> None:
        """A guild's own terms from now on, in its running room too."""
        self._glossaries[guild_id] = glossary
        if (room := self._rooms.get(guild_id)) is not None:
            room.use_glossary(self._glossary(room.plan))

    def _glossary(self, plan: RoomPlan) -> Glossary:
        own = self._glossaries.get(plan.guild_id, {})
        return {target: terms(target, own, self._default_glossary) for target in plan.targets}

    async def _account(self, guild_id: int) -> Account | None:
        if self._accounts is None:
            return None
        account = await self._accounts.of(guild_id)
        account.check()
        return account

    async def _opened(
        self, plan: RoomPlan, starter_id: int, glossary: Glossary, account: Account | None
    ) -> Room:
        consent = await self._consents.of(plan.guild_id)
        await consent.agree(starter_id)
        look = Look(plan.targets, originals=plan.originals)
        board = await self._open_board(plan.text_channel_id, look)
        room = Room(
            plan,
            interpreter=self._interpreter,
            consent=consent,
            board=board,
            clock=self._clock,
            ended=lambda: self._end(plan.guild_id),
            glossary=glossary,
            account=account,
            fanning=self._fanning,
            newcomers=self._newcomers(plan, consent),
        )
        try:
            link = await self._join_voice(
                plan.voice_channel_id, room, speaks=plan.spoken is not None
            )
            room.attach(link)
        except BaseException:
            await room.close()
            raise
        return room

    def _newcomers(self, plan: RoomPlan, consent: Consent) -> Newcomers | None:
        if self._announce is None:
            return None
        return Newcomers(consent, partial(self._announce, plan.text_channel_id), self._clock)

    def _end(self, guild_id: int) -> None:
        self._tasks.start(self._stopped(guild_id), f"end {guild_id}")

    async def _stopped(self, guild_id: int) -> None:
        try:
            await self.stop(guild_id)
        except NoRoomError:
            log.info("room %s had ended already", guild_id)

    async def stop(self, guild_id: int) -> None:
        """End a guild's room; its last captions are delivered.

        Raises:
            NoRoomError: None is running.
        """
        room = self._running(guild_id)
        self._rooms[guild_id] = None
        try:
            await room.close()
        finally:
            del self._rooms[guild_id]
            await self._interpreter.discard(guild_id)

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
