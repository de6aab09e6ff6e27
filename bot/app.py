"""The composition root: builds every part, connects them, and ends them in order."""

import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import discord

from bot import settings
from bot.audio import opus
from bot.audio.silero import SileroDetector
from bot.chat.board import ChannelBoard
from bot.chat.boards import Boards
from bot.chat.limits import http_trace
from bot.chat.readers import Readers
from bot.chat.webhooks import CaptionChannel
from bot.client import ParleyBot
from bot.clock import Clock, LoopClock
from bot.consent.consent import Consents
from bot.domain.ports import Listener, Look
from bot.errors import ChatError, VoiceLinkError
from bot.guild.housekeeping import Housekeeping
from bot.guild.preferences import Wishing
from bot.guild.settings import SettingsService
from bot.login import log_in
from bot.process.shutdown import Shutdown
from bot.records import glossaries
from bot.records.forgetting import Forgetting
from bot.records.transcripts import Transcripts
from bot.room.fan_out import Fanning, FanOut
from bot.room.rooms import Rooms
from bot.room.saved_rooms import RememberedRooms
from bot.room.services import (
    ChannelServices,
    GuildServices,
    RoomGlossaries,
    RoomServices,
    TranslationServices,
)
from bot.settings import Settings, TranslationSettings
from bot.store import lease
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.glossary import GlossaryTable
from bot.store.guilds import GuildTable
from bot.store.lease import DatabaseLease
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable
from bot.store.wishes import WishTable
from bot.tasks import TaskOwner
from bot.translation.interpreter import LiveTranslate
from bot.translation.protocol.models import look_at_text_model
from bot.translation.text import qwen_mt
from bot.translation.text.queue import TextQueue
from bot.ui import stopping
from bot.ui.announcer import Announcer
from bot.ui.checkup import Checkup
from bot.ui.cooldowns import Cooldowns
from bot.ui.notice import ConsentButtons
from bot.ui.panel import PanelButtons
from bot.ui.room_host import Host
from bot.ui.settings_menus import MENUS
from bot.ui.text_channels import TextChannelWatch
from bot.usage.allowance import Accounts
from bot.usage.availability import Availability, Services
from bot.usage.ledger import Ledger
from bot.usage.report import Spending
from bot.voice.link import DiscordVoiceLink, connect
from bot.voice.noise_gate import GatedListener
from bot.wall import Wall, WallClock
from bot.web.health import HealthServer
from bot.web.report import health_of
from bot.words import t
from cogs.auto_start import AutoStart
from cogs.glossary import GlossaryCommands
from cogs.privacy import Privacy
from cogs.settings import SettingsCommands as SettingsCog
from cogs.translate import Translate
from cogs.welcome import Welcome

log = logging.getLogger(__name__)


_UNLOCKED_S = 1.8  # before the end, nothing waits for the database's lock any more


@dataclass(frozen=True, slots=True)
class App:
    """A running bot."""

    bot: ParleyBot
    rooms: Rooms
    doors: "Doors"
    lease: DatabaseLease


class Doors:
    """Opens Discord's channels for rooms.

    Args:
        clock: The time.
        wall: The date.
        noise_gate: Rooms hear speech only.
    """

    def __init__(self, clock: Clock, wall: Wall, *, noise_gate: bool = False) -> None:
        self._clock = clock
        self._wall = wall
        self._noise_gate = noise_gate
        self._bot: ParleyBot | None = None
        self._boards: Boards | None = None
        self.readers = Readers(self._guild)
        self._tasks = TaskOwner("doors")
        self.links: list[DiscordVoiceLink] = []

    def belong_to(self, bot: ParleyBot) -> None:
        """Use this client's channels."""
        self._bot = bot

    def _guild(self, guild_id: int) -> discord.Guild | None:
        return self._bot.get_guild(guild_id) if self._bot is not None else None

    def _channel(self, channel_id: int) -> object:
        return self._bot.get_channel(channel_id) if self._bot is not None else None

    async def join_voice(
        self, channel_id: int, listener: Listener, *, speaks: bool
    ) -> DiscordVoiceLink:
        """Implements JoinVoice."""
        channel = self._channel(channel_id)
        if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
            raise VoiceLinkError(t("The voice channel no longer exists."), retryable=False)
        if self._noise_gate:
            listener = GatedListener(listener, SileroDetector)
        link = await connect(channel, listener, self._clock, speaks=speaks)
        self.links = [known for known in self.links if not known.closed]
        self.links.append(link)
        return link

    async def open_board(
        self, channel_id: int, look: Look, refused: Callable[[str], None]
    ) -> ChannelBoard:
        """Implements OpenBoard."""
        channel = self._channel(channel_id)
        if not isinstance(channel, CaptionChannel) or self._bot is None or self._bot.user is None:
            raise ChatError(t("The text channel no longer exists."))
        if self._boards is None:
            self._boards = Boards(self._bot.user.id, self._clock, self._wall)
        self.readers.use(channel)
        return await self._boards.open(channel, look, refused)

    def remove_later(self, channel: CaptionChannel, message_id: int, minutes: float) -> None:
        """Remove a message that names people as late as captions are removed."""
        if self._boards is not None:
            self._boards.remove_later(channel, message_id, minutes)

    def webhooks_changed(self, channel_id: int) -> None:
        """A text channel's webhooks are others now."""
        if self._boards is not None:
            self._boards.webhooks_changed(channel_id)

    def look_again(self) -> None:
        """Have each voice link see anew who is there, as Discord may not have told all changes.

        Likewise the boards, which webhooks there are.
        """
        if self._boards is not None:
            self._boards.look_again()
        for link in self.links:
            if not link.closed:
                self._tasks.start(link.look_again(), f"look again {link.channel_id}")

    async def close(self) -> None:
        """End what goes on behind the channels. Idempotent."""
        await self._tasks.close()
        if self._boards is not None:
            await self._boards.close()

    def voice_state_changed(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Let each voice link know."""
        for link in self.links:
            link.voice_state_changed(member, before, after)


@asynccontextmanager
async def running(config: Settings, shutdown: Shutdown | None = None) -> AsyncIterator[App]:
    """A bot that is logged in and ready; everything it opened is closed at the end.

    Args:
        config: Its settings.
        shutdown: Ends it; None: it is ended from here alone.

    Raises:
        SettingsError: Discord refuses the token, or an address can't be used.
        OpusError: libopus is missing.
        StoreError: The database can't be used, or another process uses it.
    """
    opus.library()
    clock = LoopClock()
    wall = WallClock(clock)
    shutdown = shutdown or Shutdown()
    async with shutdown:
        # Parts close in the reverse order; their seconds are left for the parts behind each.
        held, store = await _database(config.database_url, shutdown)
        services = _services(clock, wall, shutdown)
        interpreter = _interpreter(
            config.translation, services.speech, clock, shutdown, lambda: len(bot.guilds)
        )
        usage = UsageTable(store)
        ledger = Ledger(
            usage,
            model=config.translation.model,
            text_model=config.translation.text_model,
            clock=clock,
            wall=wall.now,
        )
        shutdown.part("usage", ledger.close, 0.1)  # the rooms end before it, the store after
        guilds = GuildTable(store)
        housekeeping = Housekeeping(guilds, usage, clock=clock, wall=wall)
        shutdown.part("housekeeping", housekeeping.close, 0.4)
        guild_settings = SettingsService(
            SettingsTable(store),
            languages=interpreter.languages(),
            most_languages=config.translation.max_languages,
            most_guests=_most_guests(config.translation),
            most_minutes=config.usage.daily_minutes,
        )
        accounts = Accounts(
            ledger,
            config.usage.prices,
            limit_minutes=config.usage.daily_minutes,
            clock=clock,
            settings=guild_settings.settings,
        )
        guild_settings.listen(accounts.settings_changed)
        texts, close_texts = _texts(
            config.translation, frozenset(interpreter.languages()), clock, services.texts
        )
        shutdown.part("text translation", close_texts, 0.5)
        transcripts = Transcripts(TranscriptTable(store), guild_settings, clock=clock, wall=wall)
        shutdown.part("transcripts", transcripts.close, 0.6)  # likewise
        doors = Doors(clock, wall, noise_gate=config.voice.noise_gate)
        service = service_name(config.translation.url)
        announcer = Announcer(service, guild_settings, doors.remove_later)
        rooms = Rooms(
            RoomServices(
                translation=TranslationServices(
                    interpreter,
                    Fanning(FanOut(config.translation.fan_out), texts, interpreter),
                    services,
                    config.translation.max_languages,
                ),
                channels=ChannelServices(
                    doors.join_voice, doors.open_board, announcer, doors.readers
                ),
                guilds=GuildServices(
                    consents=Consents(ConsentTable(store), guild_settings),
                    settings=guild_settings,
                    wishes=Wishing(WishTable(store), interpreter),
                    glossaries=RoomGlossaries(
                        glossaries.of_host(config.glossary_file, interpreter.languages()),
                        partial(glossaries.load, GlossaryTable(store)),
                    ),
                    accounts=accounts,
                    saved=RememberedRooms(RoomTable(store), clock, wall.seconds),
                ),
                record=transcripts.record,
                clock=clock,
            )
        )
        kept_glossaries = glossaries.Glossaries(GlossaryTable(store), rooms.use_glossary)
        _obey(guild_settings, rooms, transcripts)
        forgetting = Forgetting(rooms, ledger, transcripts)
        spending = Spending(
            ledger,
            accounts,
            config.usage.prices,
            waiting=lambda: interpreter.connects_waiting,
        )
        host = Host(rooms, spending, wall.seconds)
        bot = ParleyBot(
            api_url=config.discord.api_url,
            gateway_url=config.discord.gateway_url,
            ca_file=config.discord.ca_file,
            cogs=[
                lambda _: Translate(rooms, host, spending, wall.seconds, transcripts),
                lambda client: AutoStart(client, rooms, host),
                lambda _: TextChannelWatch(rooms, doors.readers, doors.webhooks_changed),
                lambda _: GlossaryCommands(kept_glossaries, interpreter.languages()),
                lambda _: Privacy(rooms, forgetting),
                lambda _: SettingsCog(
                    guild_settings, Checkup(guild_settings, accounts), rooms.runs
                ),
                lambda client: Welcome(
                    client,
                    guilds.greet,
                    guild_settings,
                    Checkup(guild_settings, accounts),
                    hears=service,
                    now=wall.now,
                ),
            ],
            views=[
                lambda: ConsentButtons(rooms),
                lambda: PanelButtons(rooms),
                *(lambda menu=menu: menu(guild_settings, rooms.runs) for menu in MENUS),
            ],
            buttons=stopping.buttons(rooms),
            voice_state_changed=doors.voice_state_changed,
            connected_again=doors.look_again,
            guild_joined=housekeeping.guild_joined,
            guild_left=_each(
                rooms.guild_left,  # first, as nobody is heard from then on
                housekeeping.guild_left,
                guild_settings.forget,
                accounts.forget,
                doors.readers.forget,
            ),
            cooldowns=Cooldowns(rooms, clock),
            http_trace=http_trace(wall.heard),
        )
        doors.belong_to(bot)
        announcer.belong_to(bot, rooms)
        if config.health.port:
            health = HealthServer(
                config.health.host,
                config.health.port,
                lambda: _health(bot, doors, rooms, spending.figures(), wall.seconds()),
            )
            await health.start()
            shutdown.part("health server", health.close, 0.9)
        tasks = TaskOwner("bot")
        shutdown.part("Discord client", bot.close, 1.0)
        shutdown.part("login", tasks.close, 1.1)
        shutdown.part("commands under way", bot.finish, 1.2)
        shutdown.at_once(rooms.deafen)
        shutdown.part("caption deletion", doors.close, 1.6)
        shutdown.part("rooms", rooms.close, 1.8)
        await log_in(bot, config.discord.token.get_secret_value(), tasks)
        housekeeping.start(bot.guild_ids)
        transcripts.expire_daily(lambda: [guild.id for guild in bot.guilds])
        yield App(bot, rooms, doors, held)


async def _database(url: str, shutdown: Shutdown) -> tuple[DatabaseLease, Database]:
    held = await lease.take(url)
    shutdown.part("lease", held.close, 0.0)
    store = await Database.open(url)
    shutdown.part("database", store.close, 0.0)
    shutdown.at_once(lambda: store.hurry(lambda: shutdown.left() - _UNLOCKED_S))
    return held, store


def _services(clock: Clock, wall: WallClock, shutdown: Shutdown) -> Services:
    services = Services(clock, wall.seconds)
    shutdown.part("attempts at the translation services", services.close, 0.4)
    return services


def _interpreter(
    config: TranslationSettings,
    speech: Availability,
    clock: Clock,
    shutdown: Shutdown,
    servers: Callable[[], int],
) -> LiveTranslate:
    interpreter = LiveTranslate(
        url=config.url,
        api_key=config.api_key.get_secret_value(),
        model=config.model,
        workspace=config.workspace or "",
        silence_ms=config.silence_ms,
        connects_per_minute=config.connects_per_minute,
        open_conversations=config.open_conversations,
        tokens_per_minute=config.tokens_per_minute,
        idle_s=config.idle_seconds,
        clock=clock,
        servers=servers,
        reach=speech,
    )
    interpreter.open()
    shutdown.part("connections to the service", interpreter.close, 0.5)
    speech.use(interpreter.attempt)
    return interpreter


def _most_guests(config: TranslationSettings) -> int:
    """How many languages of a room readers may ever add: such are made in writing alone."""
    return 0 if FanOut(config.fan_out) is FanOut.SPEECH else config.max_languages - 1


def _obey(settings: SettingsService, rooms: Rooms, transcripts: Transcripts) -> None:
    """Have what runs follow a server's settings."""
    settings.listen(lambda guild, now: rooms.use_consent_mode(guild, now.consent))
    settings.listen(lambda guild, now: rooms.use_guests(guild, now.guests))
    settings.listen(lambda guild, now: transcripts.keep_for(guild, now.transcript_days))


def _each(*told: Callable[[int], None]) -> Callable[[int], None]:
    def tell(what: int) -> None:
        for one in told:
            one(what)

    return tell


def _texts(
    config: TranslationSettings, known: frozenset[str], clock: Clock, reach: Availability
) -> tuple[TextQueue, Callable[[], Awaitable[None]]]:
    look_at_text_model(config.text_model)
    mt = qwen_mt.QwenMt(
        url=config.url,
        api_key=config.api_key.get_secret_value(),
        model=config.text_model,
        workspace=config.workspace or "",
    )
    desk = TextQueue(
        mt.send,
        languages=qwen_mt.languages(known),
        per_minute=config.text_requests_per_minute,
        clock=clock,
        chance=random.Random(),  # noqa: S311 - jitter, no secret
        reach=reach,
    )

    async def close() -> None:
        await desk.close()
        await mt.close()

    return desk, close


def service_name(url: str) -> str:
    """Who hears the speech, as the notice says it."""
    if settings.is_local(url):
        return t("a translation engine on the machine of this bot")
    return t("Qwen-LiveTranslate of Alibaba Cloud ({host})", host=urlsplit(url).hostname)


def _health(
    bot: ParleyBot, doors: Doors, rooms: Rooms, figures: Mapping[str, object], now: float
) -> tuple[bool, Mapping[str, object]]:
    services = {
        "translation": rooms.availability.speech,
        "text_translation": rooms.availability.texts,
    }
    return health_of(
        troubles={name: one.trouble for name, one in services.items() if one.trouble is not None},
        now=now,
        figures=figures,
        ready=bot.is_ready() and not bot.is_closed(),
        rooms=len(rooms),
        links=[link.figures() for link in doors.links if not link.closed],
    )
