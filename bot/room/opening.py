"""Opens a room: its board, then its voice link, and everything between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from bot.consent.admission import Admission
from bot.consent.consent import Answer, Consent
from bot.consent.newcomers import Newcomers
from bot.domain.notices import Sight
from bot.domain.plan import RoomPlan
from bot.domain.ports import CaptionBoard, JoinVoice, Look
from bot.domain.stored import GuildSettings, MemberLanguages
from bot.domain.voices import MemberVoice
from bot.errors import ConversationError, ParleyError
from bot.room.languages import Allowed, Reading, outlook
from bot.room.outages import refused
from bot.room.room import Room
from bot.room.services import Preferences, RoomCallbacks, RoomServices
from bot.room.spoken.casting import Casting
from bot.usage.daily_allowance import Account
from bot.words import t


@dataclass(frozen=True, slots=True)
class RoomFactory:
    """Makes rooms, and answers what has to be known before there is one.

    Attributes:
        services: What rooms use.
    """

    services: RoomServices

    async def settings(self, guild_id: int) -> GuildSettings:
        """Return what a server set.

        Raises:
            StoreError: The store can't be read.
        """
        return await self.services.guilds.settings.settings(guild_id)

    async def reading(self, guild_id: int, wishes: MemberLanguages) -> Reading:
        """Return whether a member would get what they want to read in a server's next room.

        Raises:
            StoreError: The store can't be read.
        """
        settings = await self.settings(guild_id)
        readable = self.services.translation.fanning.readable
        return outlook(wishes.reads, settings.targets, readable, settings.guests)

    async def account(self, guild_id: int) -> Account:
        """Return what a guild may spend; its own terms are known from here on, too.

        Raises:
            AllowanceError: It is used up.
            NotServedError: The host did not allow the guild.
            StoreError: The account or the terms can't be read.
        """
        await self.services.guilds.glossaries.load(guild_id)
        account = await self.services.guilds.accounts.of(guild_id)
        account.check()
        return account

    async def prepare(self, plan: RoomPlan, starter_id: int) -> None:
        """Open the starter's own conversation ahead, and note that they agree to be heard.

        A key, model or account that is refused is said here and now. Who chose to stay out stays
        out: starting a room takes nobody's no back.
        """
        guilds = self.services.guilds
        speaks = (await guilds.wishes.of(plan.guild_id)).get(starter_id, MemberLanguages()).speaks
        requests = plan.requests(starter_id, guilds.glossaries.of(plan.guild_id), speaks)
        lead = next(request for request in requests if request.target == plan.lead)
        interpreter = self.services.translation.interpreter
        voices = await guilds.voices.voices(plan.guild_id)
        casting = Casting(interpreter.voices, voices, present=lambda: (starter_id,))
        await interpreter.prepare(*casting.cast([lead]))
        await self.look(known=True)
        consent = await guilds.consents.of(plan.guild_id)
        if consent.answer(starter_id) is not Answer.NO:
            await consent.agree(starter_id)

    async def look(self, *, known: bool) -> None:
        """See whether the service takes conversations at all.

        Args:
            known: It was asked just now; else it is tried, where nothing is known of it.

        Raises:
            ConversationError: It refuses for good.
        """
        speech = self.services.translation.availability.speech
        if not known:
            await speech.find_out()
        if (trouble := speech.refusal) is not None:
            raise ConversationError(refused(trouble))

    async def open(
        self, plan: RoomPlan, account: Account, *, callbacks: RoomCallbacks, paused: bool
    ) -> Room:
        """Open a room that hears nobody before its `begin`.

        Args:
            plan: What it is to do.
            account: What its guild may spend.
            callbacks: What it is told by, and tells.
            paused: It hears nobody until it is resumed.

        Raises:
            ParleyError: As `Rooms.start`.
        """
        guilds = self.services.guilds
        consent = await guilds.consents.of(plan.guild_id)
        wishes = await guilds.wishes.of(plan.guild_id)
        voices = await guilds.voices.voices(plan.guild_id)
        settings = await self.settings(plan.guild_id)
        board = await self._board(plan, settings, consent, callbacks)
        room = Room(
            plan,
            self.services.translation,
            admission=self._admission(plan, consent, paused=paused),
            preferences=self._preferences(plan, settings, wishes, voices),
            board=board,
            account=account,
            clock=self.services.clock,
            callbacks=callbacks,
        )
        try:
            speaks = plan.spoken is not None
            join = self.services.channels.join_voice
            room.attach(await join(plan.voice_channel_id, room, speaks=speaks))
            # They, and the terms below, may have changed meanwhile.
            room.use_guests((await self.settings(plan.guild_id)).guests)
        except BaseException:
            await room.close()
            raise
        room.use_glossary(guilds.glossaries.of(plan.guild_id))
        return room

    async def _board(
        self,
        plan: RoomPlan,
        settings: GuildSettings,
        consent: Consent,
        callbacks: RoomCallbacks,
    ) -> CaptionBoard:
        """Return the room's board, which is taken down where the guild wants that."""
        look = Look(
            plan.targets,
            layout=plan.layout,
            originals=plan.originals,
            caption_minutes=settings.caption_minutes,
            locale=plan.locale,
        )
        board = await self.services.channels.open_board(
            plan.text_channel_id, look, callbacks.unwritable
        )
        try:
            return await self.services.record(board, plan, consent)
        except BaseException:
            await board.close()
            raise

    def _admission(self, plan: RoomPlan, consent: Consent, *, paused: bool) -> Admission:
        channels = self.services.channels
        sight = partial(channels.readers.sight, plan.text_channel_id)
        newcomers = Newcomers(
            consent,
            partial(channels.notices.announce, plan.text_channel_id),
            self.services.clock,
            lambda user_id: sight(user_id) is not Sight.NOTHING,
        )
        return Admission(consent, sight, newcomers, paused)

    def _preferences(
        self,
        plan: RoomPlan,
        settings: GuildSettings,
        wishes: Mapping[int, MemberLanguages],
        voices: Mapping[int, MemberVoice],
    ) -> Preferences:
        most = self.services.translation.most_languages
        return Preferences(
            Allowed(most, settings.guests, plan.guests),
            wishes,
            voices,
            self.services.guilds.glossaries.of(plan.guild_id),
        )


class Start:
    """A room that is starting, and that may still be called off.

    Attributes:
        voice_channel_id: The voice channel it is to be in.
        room: The room, once it is open.
    """

    def __init__(self, voice_channel_id: int) -> None:
        self.voice_channel_id = voice_channel_id
        self.room: Room | None = None
        self._called_off: ParleyError | None = None

    @property
    def called_off(self) -> bool:
        """Whether the room will not begin."""
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


async def join_anew(room: Room, channel_id: int, join_voice: JoinVoice, *, speaks: bool) -> None:
    """Leave, and join this channel; where that fails, join the one that was.

    However it ends, the room has a link or is told to end.

    Raises:
        VoiceLinkError: It could not be joined. Where the former one can't be either, the room ends.
    """
    before = room.where
    try:
        if (link := room.detach()) is not None:
            await link.close()
        try:
            room.attach(await join_voice(channel_id, room, speaks=speaks))
        except Exception:  # unforeseen, too
            room.attach(await join_voice(before, room, speaks=speaks))
            raise
    except BaseException as error:
        if not room.linked:
            room.lost(error.message if isinstance(error, ParleyError) else _BROKE)
        raise


_BROKE = t("I couldn't join the voice channel, so I can't continue.")
