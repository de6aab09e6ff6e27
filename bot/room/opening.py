"""Opens a room: its board, then its voice link, and everything between them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from bot.clock import Clock
from bot.consent.consent import Answer, Consent, Consents
from bot.consent.newcomers import Newcomers
from bot.domain.glossary import Glossary, terms
from bot.domain.notices import Notices, Sight, TextChannels
from bot.domain.plan import RoomPlan
from bot.domain.ports import CaptionBoard, Interpreter, JoinVoice, Look, OpenBoard
from bot.domain.stored import GuildSettings, MemberLanguages
from bot.domain.stores import SettingsStore
from bot.errors import ConversationError, ParleyError
from bot.guild.preferences import Wishing
from bot.room.ending import Ending
from bot.room.fan_out import Fanning
from bot.room.languages import Reading, outlook
from bot.room.outages import refused
from bot.room.room import PostNotice, Room
from bot.usage.allowance import Account, Accounts
from bot.usage.availability import Services

Record = Callable[[CaptionBoard, RoomPlan, Consent], Awaitable[CaptionBoard]]
"""A board that shows what this one shows and takes down what the guild wants kept."""


@dataclass(slots=True)
class RoomFactory:
    """What rooms are made of; `Rooms` describes the parts."""

    interpreter: Interpreter
    consents: Consents
    join_voice: JoinVoice
    open_board: OpenBoard
    clock: Clock
    default_glossary: Glossary
    accounts: Accounts | None
    fanning: Fanning | None
    settings_store: SettingsStore | None
    wishing: Wishing
    notices: Notices | None
    text_channels: TextChannels
    most_languages: int
    services: Services
    own_glossary: Callable[[int], Awaitable[Glossary]] | None = None
    record: Record | None = None
    process: Ending = field(default_factory=Ending)
    glossaries: dict[int, Glossary] = field(default_factory=dict)  # of guilds

    async def _load_glossary(self, guild_id: int) -> None:
        if self.own_glossary is not None and guild_id not in self.glossaries:
            loaded = await self.own_glossary(guild_id)
            self.glossaries.setdefault(guild_id, loaded)  # or it has changed meanwhile

    def glossary(self, guild_id: int) -> Glossary:
        """A guild's terms, its own before the default ones."""
        own = self.glossaries.get(guild_id, {})
        return {
            target: terms(target, own, self.default_glossary)
            for target in own.keys() | self.default_glossary.keys()
        }

    async def settings(self, guild_id: int) -> GuildSettings:
        """What a server set.

        Raises:
            StoreError: The store can't be read.
        """
        if self.settings_store is None:
            return GuildSettings()
        return await self.settings_store.settings(guild_id)

    @property
    def readable(self) -> frozenset[str]:
        """The languages that guests may add."""
        return frozenset() if self.fanning is None else self.fanning.readable

    @property
    def most_guests(self) -> int:
        """How many languages of a room guests may ever add."""
        return self.most_languages - 1 if self.readable else 0

    async def reading(self, guild_id: int, wishes: MemberLanguages) -> Reading:
        """Whether a member would get what they want to read in a server's next room.

        Raises:
            StoreError: The store can't be read.
        """
        settings = await self.settings(guild_id)
        return outlook(wishes.reads, settings.targets, self.readable, settings.guests)

    async def account(self, guild_id: int) -> Account | None:
        """What a guild may spend; its own terms are known from here on, too.

        Raises:
            AllowanceError: It is used up today.
            StoreError: The terms can't be read.
        """
        await self._load_glossary(guild_id)
        if self.accounts is None:
            return None
        account = await self.accounts.of(guild_id)
        account.check()
        return account

    async def prepare(self, plan: RoomPlan, starter_id: int) -> None:
        """Open the starter's own conversation ahead, and note that they agree to be heard.

        A key, model or account that is refused is said here and now. Who chose to stay out stays
        out: starting a room takes nobody's no back.
        """
        speaks = (await self.wishing.of(plan.guild_id)).get(starter_id, MemberLanguages()).speaks
        requests = plan.requests(starter_id, self.glossary(plan.guild_id), speaks)
        lead = next(request for request in requests if request.target == plan.lead)
        await self.interpreter.prepare(lead)
        await self.look(known=True)
        consent = await self.consents.of(plan.guild_id)
        if consent.answer(starter_id) is not Answer.NO:
            await consent.agree(starter_id)

    async def look(self, *, known: bool) -> None:
        """See whether the service takes conversations at all.

        Args:
            known: It was asked just now; else it is tried, where nothing is known of it.

        Raises:
            ConversationError: It refuses for good.
        """
        if not known:
            await self.services.speech.find_out()
        if (trouble := self.services.speech.refusal) is not None:
            raise ConversationError(refused(trouble))

    async def open(
        self,
        plan: RoomPlan,
        account: Account | None,
        *,
        ended: Callable[[], None],
        changed: Callable[[], None],
        unwritable: Callable[[str], None],
        post_notice: PostNotice,
        paused: bool,
    ) -> Room:
        """Open a room that hears nobody before its `begin`.

        Args:
            plan: What it is to do.
            account: Of its guild.
            ended: Called when it is to end.
            changed: Called when something changed that people see or that has to be remembered.
            unwritable: Called with the reason when nothing can be written in the text channel.
            post_notice: Posts its notice.
            paused: It hears nobody until it is resumed.

        Raises:
            ParleyError: As `Rooms.start`.
        """
        consent = await self.consents.of(plan.guild_id)
        wishes = await self.wishing.of(plan.guild_id)
        settings = await self.settings(plan.guild_id)
        look = Look(
            plan.targets,
            layout=plan.layout,
            originals=plan.originals,
            caption_minutes=settings.caption_minutes,
            locale=plan.locale,
        )
        board = await self.open_board(plan.text_channel_id, look, unwritable)
        if self.record is not None:
            try:
                board = await self.record(board, plan, consent)
            except BaseException:
                await board.close()
                raise
        sight = partial(self.text_channels.sight, plan.text_channel_id)
        newcomers = self._newcomers(plan, consent, sight)
        room = Room(
            plan,
            interpreter=self.interpreter,
            consent=consent,
            board=board,
            clock=self.clock,
            ended=ended,
            glossary=self.glossary(plan.guild_id),
            account=account,
            fanning=self.fanning,
            newcomers=newcomers,
            sight=sight,
            post_notice=post_notice,
            wishes=wishes,
            most_languages=self.most_languages,
            guests=settings.guests,
            changed=changed,
            paused=paused,
            process=self.process,
            services=self.services,
        )
        if newcomers is not None:
            newcomers.posted = room.sight_changed
            newcomers.paused = lambda: room.paused
        try:
            speaks = plan.spoken is not None
            room.attach(await self.join_voice(plan.voice_channel_id, room, speaks=speaks))
            # It, and the terms below, may have changed meanwhile.
            room.use_guests((await self.settings(plan.guild_id)).guests)
        except BaseException:
            await room.close()
            raise
        room.use_glossary(self.glossary(plan.guild_id))
        return room

    def _newcomers(
        self, plan: RoomPlan, consent: Consent, sight: Callable[[int], Sight]
    ) -> Newcomers | None:
        if self.notices is None:
            return None
        return Newcomers(
            consent,
            partial(self.notices.announce, plan.text_channel_id),
            self.clock,
            lambda user_id: sight(user_id) is not Sight.NOTHING,
        )


class Start:
    """A room that is starting.

    Attributes:
        room: Once it is open.
    """

    def __init__(self, voice_channel_id: int) -> None:
        self.voice_channel_id = voice_channel_id
        self.room: Room | None = None
        self._called_off: ParleyError | None = None

    @property
    def called_off(self) -> bool:
        """Whether it does not begin."""
        return self._called_off is not None

    def call_off(self, reason: ParleyError) -> None:
        """Do not let it begin."""
        self._called_off = self._called_off or reason
        if self.room is not None:
            self.room.deafen()

    def check(self) -> None:
        """Raise the reason for which it was called off, if it was."""
        if self._called_off is not None:
            raise self._called_off
