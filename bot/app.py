"""The composition root: builds every part, connects them, and ends them in order."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec
from urllib.parse import urlsplit

from bot import settings
from bot.audio import opus
from bot.chat.caption_channels import CaptionChannels
from bot.chat.http.limits import http_trace
from bot.chat.http.requests import Requests
from bot.chat.owner import OwnerMessages
from bot.client import DiscordEndpoints, Handlers, ParleyBot
from bot.clock import Clock, LoopClock
from bot.consent.consent import Consents
from bot.domain.audience import Pages
from bot.domain.glossary import Glossary
from bot.domain.meters import Meters
from bot.domain.processes import Processes
from bot.guild.housekeeping import Housekeeping
from bot.guild.names import GuildNames
from bot.guild.preferences import Wishing
from bot.guild.settings import SettingsService
from bot.login import log_in
from bot.logs import LineCounts
from bot.page.server import PageServer
from bot.process.monitoring import Monitor, Watched
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
from bot.room.written.typed_voices import NoSynthesis
from bot.settings import DiscordSettings, Settings, TranslationSettings
from bot.sharding.build import divide, join
from bot.sharding.owner import ShardOwner
from bot.sharding.rooms import RoomsByShard
from bot.store.database import Database
from bot.store.stores import Stores
from bot.tasks import TaskOwner
from bot.translation.interpreter import AccountLimits, LiveTranslate, SpeechSettings
from bot.translation.ports import Endpoint
from bot.translation.text.build import build as build_texts
from bot.translation.text.queue import TextQueue
from bot.translation.tts.build import build as build_reading
from bot.translation.tts.reading import ReadAloud
from bot.typed.messages import MessageTranslator
from bot.ui.announcer import Announcer
from bot.ui.cooldowns import Cooldowns
from bot.ui.messages.proposals import Proposals
from bot.usage.access import Access
from bot.usage.availability import Availability, Services
from bot.usage.build import Tariff, UsageServices
from bot.usage.build import build as build_usage
from bot.voice.links import VoiceLinks
from bot.wall_clock import WallClock
from bot.web.health import HealthServer
from bot.web.metrics import Metrics
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
        processes: This process among those that share its database.
    """

    bot: ParleyBot
    rooms: Rooms
    links: VoiceLinks
    processes: Processes


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
    metrics, requests = Metrics(), Requests()
    async with shutdown:
        # Parts close in the reverse order; their seconds are left for the parts behind each.
        processes, database = await _database(config.database_url, clock, shutdown)
        stores = Stores.of(database)

        # Discord: voice in and out, and the channels that captions go to.
        trace = http_trace(wall.heard, requests.answered)
        bot = ParleyBot(_endpoints(config.discord), trace)
        links = VoiceLinks(bot, clock, noise_gate=config.voice.noise_gate)
        channels = CaptionChannels(bot, clock, wall, metrics)

        # The translation service.
        services = _services(clock, wall, shutdown)
        interpreter = _interpreter(
            config.translation, services.speech, clock, shutdown, lambda: len(bot.guilds)
        )

        # What servers set and spend, and what is kept for them.
        access = await _access(config, stores, clock, shutdown)
        guild_settings = _guild_settings(config, stores, interpreter, access)
        usage = _usage(config, stores, guild_settings, interpreter, access, clock=clock, wall=wall)
        await _count(usage, shutdown)
        housekeeping = Housekeeping(stores.guilds, stores.usage, clock=clock, wall=wall)
        shutdown.part("housekeeping", housekeeping.close, 0.4)
        texts, close_texts = _texts(
            config.translation, interpreter.languages(), clock, services.texts
        )
        shutdown.part("text translation", close_texts, 0.5)
        transcripts = Transcripts(stores.transcripts, guild_settings, clock=clock, wall=wall)
        shutdown.part("transcripts", transcripts.close, 0.6)  # likewise

        # Rooms: from speech to captions and voice.
        names = _names(stores, clock, shutdown)
        pages = await _pages(config, clock, wall, shutdown)
        hears = service_name(config.translation.url)
        announcer = Announcer(bot, hears, guild_settings, channels.boards.remove_later)
        reading = _reading(config.translation, clock, shutdown)
        fanning = Fanning(FanOut(config.translation.fan_out), texts, interpreter)
        terms = glossaries.of_host(config.glossary_file, interpreter.languages())
        rooms = Rooms(
            RoomServices(
                translation=TranslationServices(
                    interpreter,
                    fanning,
                    reading or NoSynthesis(),
                    services,
                    config.translation.max_languages,
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
                meters=metrics,
            )
        )
        _obey(guild_settings, usage, rooms, transcripts)

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
        watched = Watched(
            bot=bot,
            requests=requests,
            links=links,
            channels=channels,
            rooms=rooms,
            interpreter=interpreter,
            texts=texts,
            usage=usage,
            transcripts=transcripts,
            pages=pages,
            database=database,
        )
        await _offer_health(config, watched, metrics, shutdown, clock=clock, wall=wall)

        shards = ShardOwner(
            processes,
            divide(
                config.database_url, config.translation, interpreter, texts, reading, clock=clock
            ),
            bot,
            RoomsByShard(rooms, lambda: bot.shard_count),
            fixed=config.sharding.count,
            most=config.sharding.per_process,
        )
        tasks = TaskOwner("bot")
        _end_calls(
            shutdown,
            bot,
            tasks,
            shards,
            channels=channels,
            links=links,
            rooms=rooms,
        )
        await bot.install(
            build_commands(bot, called, greet=stores.guilds.greet, hears=hears, wall=wall),
            sharding=shards,
            handlers=_handlers(called, links, housekeeping, names, metrics),
            cooldowns=Cooldowns(rooms, clock),
        )
        await log_in(bot, config.discord.token.get_secret_value(), tasks)
        housekeeping.start(bot.is_in)
        names.start(bot.guild_names)
        usage.ceiling.alert_by(OwnerMessages(bot).tell)
        transcripts.expire_daily(lambda: [guild.id for guild in bot.guilds])
        yield App(bot, rooms, links, processes)


async def _database(url: str, clock: Clock, shutdown: Shutdown) -> tuple[Processes, Database]:
    processes = await join(url, clock)
    shutdown.part("lease", processes.close, 0.0)
    store = await Database.open(url)
    shutdown.part("database", store.close, 0.0)
    shutdown.at_once(lambda: store.hurry(lambda: shutdown.left() - _UNLOCKED_S))
    return processes, store


def _end_calls(
    shutdown: Shutdown,
    bot: ParleyBot,
    logging_in: TaskOwner,
    shards: ShardOwner,
    *,
    channels: CaptionChannels,
    links: VoiceLinks,
    rooms: Rooms,
) -> None:
    """Say what ends, from the rooms, which end first, to the Discord client."""
    shutdown.part("Discord client", bot.close, 1.0)
    shutdown.part("login", logging_in.close, 1.1)
    shutdown.part("shards", shards.close, 1.1)
    shutdown.part("commands under way", bot.finish, 1.2)
    shutdown.at_once(shards.stop_taking)
    shutdown.at_once(rooms.deafen)
    shutdown.part("caption deletion", channels.boards.close, 1.6)
    shutdown.part("voice links", links.close, 1.6)
    shutdown.part("rooms", rooms.close, 1.8)


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
    config: Settings, stores: Stores, interpreter: LiveTranslate, access: Access
) -> SettingsService:
    most = config.translation.max_languages
    # Languages for readers alone are made in writing.
    writes = FanOut(config.translation.fan_out) is not FanOut.SPEECH
    return SettingsService(
        stores.settings,
        languages=interpreter.languages(),
        most_languages=most,
        most_guests=most - 1 if writes else 0,
        host_minutes=lambda guild_id: access.of(guild_id).daily_minutes,
    )


async def _access(config: Settings, stores: Stores, clock: Clock, shutdown: Shutdown) -> Access:
    access = Access(stores.host, config.usage.access, clock)
    shutdown.part("access of servers", access.close, 0.1)
    await access.open()
    return access


def _names(stores: Stores, clock: Clock, shutdown: Shutdown) -> GuildNames:
    names = GuildNames(stores.host, clock)
    shutdown.part("names of servers", names.close, 0.4)
    return names


async def _count(usage: UsageServices, shutdown: Shutdown) -> None:
    """Begin to count; the rooms end before that ends, and the store after."""
    shutdown.part("usage", usage.ledger.close, 0.1)
    shutdown.part("usage of all servers", usage.ceiling.close, 0.1)
    await usage.ceiling.open()


def _usage(
    config: Settings,
    stores: Stores,
    guild_settings: SettingsService,
    interpreter: LiveTranslate,
    access: Access,
    *,
    clock: Clock,
    wall: WallClock,
) -> UsageServices:
    models, usage = config.translation, config.usage
    return build_usage(
        stores.usage,
        Tariff(models.model, models.text_model, models.tts_model, usage.monthly, usage.prices),
        guild_settings.settings,
        months=stores.host,
        access=access,
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
        voices=stores.voices,
        glossaries=RoomGlossaries(terms, partial(glossaries.load, stores.glossary)),
        accounts=usage.accounts,
        saved=RememberedRooms(stores.rooms, clock, wall.seconds),
    )


def _obey(
    settings: SettingsService, usage: UsageServices, rooms: Rooms, transcripts: Transcripts
) -> None:
    """Have what runs follow a server's settings, and the host."""
    usage.access.listen(rooms.obey_host)
    usage.ceiling.listen(rooms.obey_host)
    settings.listen(usage.accounts.settings_changed)
    settings.listen(lambda guild, now: rooms.use_consent_mode(guild, now.consent))
    settings.listen(lambda guild, now: rooms.use_guests(guild, now.guests))
    settings.listen(lambda guild, now: transcripts.keep_for(guild, now.transcript_days))


def _handlers(
    called: CommandServices,
    links: VoiceLinks,
    housekeeping: Housekeeping,
    names: GuildNames,
    meters: Meters,
) -> Handlers:
    """Have what runs follow Discord's events."""
    channels = called.channels
    return Handlers(
        voice_state_changed=links.voice_state_changed,
        connected_again=_each(channels.boards.look_again, links.look_again),
        guild_joined=housekeeping.guild_joined,
        guild_left=_each(
            called.rooms.guild_left,  # first, as nobody is heard from then on
            housekeeping.guild_left,
            names.forget,
            called.settings.forget,
            called.usage.accounts.forget,
            channels.readers.forget,
        ),
        guild_released=_each(
            called.settings.forget,
            called.usage.accounts.forget,
            called.usage.ledger.release,
            channels.readers.forget,
        ),
        failed=meters.failed,
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


def _reading(config: TranslationSettings, clock: Clock, shutdown: Shutdown) -> ReadAloud | None:
    """Build what reads typed words aloud; None where they are captions only."""
    if not config.tts_model:
        return None
    reading, close = build_reading(_endpoint(config, config.tts_model), clock)
    shutdown.part("reading aloud", close, 0.8)
    return reading


def service_name(url: str) -> str:
    """Return who hears the speech, as the notice says it."""
    if settings.is_local(url):
        return t("a translation engine on the bot's own machine")
    host = urlsplit(url).hostname or ""
    if not host.endswith(_ALIBABA):
        return t("a translation engine at {host}", host=host)
    return t("Qwen-LiveTranslate of Alibaba Cloud ({host})", host=host)


async def _offer_health(
    config: Settings,
    watched: Watched,
    metrics: Metrics,
    shutdown: Shutdown,
    *,
    clock: Clock,
    wall: WallClock,
) -> None:
    if not config.health.port:
        return
    lines = LineCounts()
    models = config.translation.model, config.translation.text_model
    monitor = Monitor(watched, models, lines, clock, wall)
    metrics.read(monitor.readings)
    server = HealthServer(config.health.host, config.health.port, monitor.health, metrics.render)
    await server.start()
    lines.begin()

    async def close() -> None:
        lines.end()
        await server.close()

    shutdown.part("health server", close, 0.9)
