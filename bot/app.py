"""The composition root: builds every part, connects them, and ends them in order."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec
from urllib.parse import urlsplit

from bot import settings
from bot.audio import opus
from bot.chat.caption_channels import CaptionChannels
from bot.chat.limits import http_trace
from bot.client import DiscordEndpoints, Handlers, ParleyBot
from bot.clock import Clock, LoopClock
from bot.consent.consent import Consents
from bot.domain.audience import Pages
from bot.domain.glossary import Glossary
from bot.guild.housekeeping import Housekeeping
from bot.guild.preferences import Wishing
from bot.guild.settings import SettingsService
from bot.login import log_in
from bot.page.server import PageServer
from bot.process.shutdown import Shutdown
from bot.records import glossaries
from bot.records.forgetting import Forgetting
from bot.records.transcripts import Transcripts
from bot.room.fan_out import Fanning, FanOut
from bot.room.listening.nobody import NoPages
from bot.room.rooms import Rooms
from bot.room.saved_rooms import RememberedRooms
from bot.room.services import (
    ChannelServices,
    GuildServices,
    RoomGlossaries,
    RoomServices,
    TranslationServices,
)
from bot.settings import DiscordSettings, HealthSettings, Settings, TranslationSettings
from bot.store import lease
from bot.store.database import Database
from bot.store.lease import DatabaseLease
from bot.store.stores import Stores
from bot.tasks import TaskOwner
from bot.translation.interpreter import AccountLimits, LiveTranslate, SpeechSettings
from bot.translation.ports import Endpoint
from bot.translation.text.build import build as build_texts
from bot.translation.text.queue import TextQueue
from bot.typed.messages import MessageTranslator
from bot.ui.announcer import Announcer
from bot.ui.cooldowns import Cooldowns
from bot.ui.messages.proposals import Proposals
from bot.usage.availability import Availability, Services
from bot.usage.build import Tariff, UsageServices
from bot.usage.build import build as build_usage
from bot.usage.daily_allowance import Accounts
from bot.voice.links import VoiceLinks
from bot.wall_clock import WallClock
from bot.web.health import HealthServer
from bot.web.report import health_of
from bot.words import t
from cogs.build import CommandServices
from cogs.build import build as build_commands

P = ParamSpec("P")

_ALIBABA = ".aliyuncs.com"  # the service's own hosts, in every region
_UNLOCKED_S = 1.8  # before the end, nothing waits for the database's lock any more


@dataclass(frozen=True, slots=True)
class App:
    """A running bot.

    Attributes:
        bot: The Discord client.
        rooms: The rooms of all guilds.
        links: Its voice links.
        lease: Keeps other processes from its database.
    """

    bot: ParleyBot
    rooms: Rooms
    links: VoiceLinks
    lease: DatabaseLease


@asynccontextmanager
async def running(config: Settings, shutdown: Shutdown | None = None) -> AsyncIterator[App]:
    """Run a bot that is logged in and ready; everything it opened is closed at the end.

    Args:
        config: The settings.
        shutdown: Ends it; None: it is ended from here alone.

    Raises:
        SettingsError: Discord refuses the token, or an address can't be used.
        LoginError: Discord can't be reached, or does not let the bot in.
        OpusError: libopus is missing.
        StoreError: The database can't be used, or another process uses it.
    """
    opus.library()
    clock = LoopClock()
    wall = WallClock(clock)
    shutdown = shutdown or Shutdown()
    async with shutdown:
        # Parts close in the reverse order; their seconds are left for the parts behind each.
        held, database = await _database(config.database_url, shutdown)
        stores = Stores.of(database)

        # Discord: voice in and out, and the channels that captions go to.
        bot = ParleyBot(_endpoints(config.discord), http_trace(wall.heard))
        links = VoiceLinks(bot, clock, noise_gate=config.voice.noise_gate)
        channels = CaptionChannels(bot, clock, wall)

        # The translation service.
        services = _services(clock, wall, shutdown)
        interpreter = _interpreter(
            config.translation, services.speech, clock, shutdown, lambda: len(bot.guilds)
        )

        # What servers set and spend, and what is kept for them.
        guild_settings = _guild_settings(config, stores, interpreter)
        usage = _usage(config, stores, guild_settings, interpreter, clock=clock, wall=wall)
        shutdown.part("usage", usage.ledger.close, 0.1)  # the rooms end before it, the store after
        housekeeping = Housekeeping(stores.guilds, stores.usage, clock=clock, wall=wall)
        shutdown.part("housekeeping", housekeeping.close, 0.4)
        texts, close_texts = _texts(
            config.translation, interpreter.languages(), clock, services.texts
        )
        shutdown.part("text translation", close_texts, 0.5)
        transcripts = Transcripts(stores.transcripts, guild_settings, clock=clock, wall=wall)
        shutdown.part("transcripts", transcripts.close, 0.6)  # likewise

        # Rooms: from speech to captions and voice.
        pages = await _pages(config, clock, wall, shutdown)
        hears = service_name(config.translation.url)
        announcer = Announcer(bot, hears, guild_settings, channels.boards.remove_later)
        fanning = Fanning(FanOut(config.translation.fan_out), texts, interpreter)
        terms = glossaries.of_host(config.glossary_file, interpreter.languages())
        rooms = Rooms(
            RoomServices(
                translation=TranslationServices(
                    interpreter, fanning, services, config.translation.max_languages
                ),
                channels=ChannelServices(
                    links.join,
                    channels.open,
                    announcer,
                    channels.readers,
                    pages,
                ),
                guilds=_kept(
                    stores, guild_settings, usage, interpreter, terms, clock=clock, wall=wall
                ),
                record=transcripts.record,
                clock=clock,
            )
        )
        _obey(guild_settings, usage.accounts, rooms, transcripts)

        # What people use.
        kept = glossaries.Glossaries(stores.glossary, rooms.use_glossary, default=terms)
        called = CommandServices(
            rooms,
            channels,
            guild_settings,
            usage,
            transcripts,
            kept,
            Forgetting(rooms, usage.ledger, transcripts),
            MessageTranslator(texts, usage.accounts, kept.into, lambda: services.texts.trouble),
            Proposals(kept, guild_settings, clock),
        )
        await _offer_health(config.health, shutdown, partial(_health, bot, links, called, wall))

        tasks = TaskOwner("bot")
        shutdown.part("Discord client", bot.close, 1.0)
        shutdown.part("login", tasks.close, 1.1)
        shutdown.part("commands under way", bot.finish, 1.2)
        shutdown.at_once(rooms.deafen)
        shutdown.part("caption deletion", channels.boards.close, 1.6)
        shutdown.part("voice links", links.close, 1.6)
        shutdown.part("rooms", rooms.close, 1.8)
        await bot.install(
            build_commands(bot, called, greet=stores.guilds.greet, hears=hears, wall=wall),
            handlers=_handlers(called, links, housekeeping),
            cooldowns=Cooldowns(rooms, clock),
        )
        await log_in(bot, config.discord.token.get_secret_value(), tasks)
        housekeeping.start(bot.guild_ids)
        transcripts.expire_daily(lambda: [guild.id for guild in bot.guilds])
        yield App(bot, rooms, links, held)


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
        _endpoint(config, config.model),
        clock=clock,
        limits=AccountLimits(
            config.connects_per_minute, config.open_conversations, config.tokens_per_minute
        ),
        speech=SpeechSettings(config.silence_ms, config.idle_seconds),
        servers=servers,
        reach=speech,
    )
    interpreter.open()
    shutdown.part("connections to the service", interpreter.close, 0.5)
    speech.use(interpreter.attempt)
    return interpreter


async def _pages(config: Settings, clock: Clock, wall: WallClock, shutdown: Shutdown) -> Pages:
    """Serve the page on which rooms are read, where there is to be one."""
    if config.page.public_url is None:
        return NoPages()
    token = config.discord.token.get_secret_value().encode()
    pages = PageServer(
        config.page.public_url,
        config.page.host,
        config.page.port,
        # Sessions outlive a restart, and end when the bot's token is made anew.
        secret=hmac.digest(token, b"parley: sessions of the page", "sha256"),
        clock=clock,
        wall=wall.seconds,
    )
    await pages.start()
    shutdown.part("page", pages.close, 0.8)
    return pages


def _endpoint(config: TranslationSettings, model: str) -> Endpoint:
    return Endpoint(config.url, config.api_key.get_secret_value(), model, config.workspace or "")


def _endpoints(config: DiscordSettings) -> DiscordEndpoints:
    return DiscordEndpoints(config.api_url, config.gateway_url, config.ca_file)


def _guild_settings(
    config: Settings, stores: Stores, interpreter: LiveTranslate
) -> SettingsService:
    most = config.translation.max_languages
    # Languages for readers alone are made in writing.
    writes = FanOut(config.translation.fan_out) is not FanOut.SPEECH
    return SettingsService(
        stores.settings,
        languages=interpreter.languages(),
        most_languages=most,
        most_guests=most - 1 if writes else 0,
        most_minutes=config.usage.daily_minutes,
    )


def _usage(
    config: Settings,
    stores: Stores,
    guild_settings: SettingsService,
    interpreter: LiveTranslate,
    *,
    clock: Clock,
    wall: WallClock,
) -> UsageServices:
    models, usage = config.translation, config.usage
    return build_usage(
        stores.usage,
        Tariff(models.model, models.text_model, usage.daily_minutes, usage.prices),
        guild_settings.settings,
        waiting=lambda: interpreter.connects_waiting,
        clock=clock,
        wall=wall,
    )


def _kept(
    stores: Stores,
    guild_settings: SettingsService,
    usage: UsageServices,
    interpreter: LiveTranslate,
    terms: Glossary,
    *,
    clock: Clock,
    wall: WallClock,
) -> GuildServices:
    """Return what rooms use of what is kept; `terms` are the host's, for every server."""
    return GuildServices(
        consents=Consents(stores.consent, guild_settings),
        settings=guild_settings,
        wishes=Wishing(stores.wishes, interpreter),
        glossaries=RoomGlossaries(terms, partial(glossaries.load, stores.glossary)),
        accounts=usage.accounts,
        saved=RememberedRooms(stores.rooms, clock, wall.seconds),
    )


def _obey(
    settings: SettingsService, accounts: Accounts, rooms: Rooms, transcripts: Transcripts
) -> None:
    """Have what runs follow a server's settings."""
    settings.listen(accounts.settings_changed)
    settings.listen(lambda guild, now: rooms.use_consent_mode(guild, now.consent))
    settings.listen(lambda guild, now: rooms.use_guests(guild, now.guests))
    settings.listen(lambda guild, now: transcripts.keep_for(guild, now.transcript_days))


def _handlers(called: CommandServices, links: VoiceLinks, housekeeping: Housekeeping) -> Handlers:
    """Have what runs follow Discord's events."""
    channels = called.channels
    return Handlers(
        voice_state_changed=links.voice_state_changed,
        connected_again=_each(channels.boards.look_again, links.look_again),
        guild_joined=housekeeping.guild_joined,
        guild_left=_each(
            called.rooms.guild_left,  # first, as nobody is heard from then on
            housekeeping.guild_left,
            called.settings.forget,
            called.usage.accounts.forget,
            channels.readers.forget,
        ),
    )


def _each(*told: Callable[P, None]) -> Callable[P, None]:
    def tell(*what: P.args, **by_name: P.kwargs) -> None:
        for one in told:
            one(*what, **by_name)

    return tell


def _texts(
    config: TranslationSettings, known: Collection[str], clock: Clock, reach: Availability
) -> tuple[TextQueue, Callable[[], Awaitable[None]]]:
    return build_texts(
        _endpoint(config, config.text_model),
        languages=known,
        per_minute=config.text_requests_per_minute,
        clock=clock,
        reach=reach,
    )


def service_name(url: str) -> str:
    """Return who hears the speech, as the notice says it."""
    if settings.is_local(url):
        return t("a translation engine on the bot's own machine")
    host = urlsplit(url).hostname or ""
    if not host.endswith(_ALIBABA):
        return t("a translation engine at {host}", host=host)
    return t("Qwen-LiveTranslate of Alibaba Cloud ({host})", host=host)


async def _offer_health(
    config: HealthSettings,
    shutdown: Shutdown,
    report: Callable[[], tuple[bool, Mapping[str, object]]],
) -> None:
    if config.port:
        server = HealthServer(config.host, config.port, report)
        await server.start()
        shutdown.part("health server", server.close, 0.9)


def _health(
    bot: ParleyBot, links: VoiceLinks, called: CommandServices, wall: WallClock
) -> tuple[bool, Mapping[str, object]]:
    rooms = called.rooms
    services = {
        "translation": rooms.availability.speech,
        "text_translation": rooms.availability.texts,
    }
    return health_of(
        troubles={name: one.trouble for name, one in services.items() if one.trouble is not None},
        now=wall.seconds(),
        figures=called.usage.spending.figures(),
        ready=bot.is_ready() and not bot.is_closed(),
        rooms=len(rooms),
        links=[link.figures() for link in links.open],
    )
