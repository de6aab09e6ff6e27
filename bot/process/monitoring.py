"""What whoever watches the running bot is told: its health, and figures for Prometheus."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.chat.caption_channels import CaptionChannels
from bot.chat.http.requests import ROUTES, Requests
from bot.client import ParleyBot
from bot.clock import Clock
from bot.domain.audience import Pages
from bot.domain.events import SPEECH_RATE, VOICE_RATE, ConversationState
from bot.domain.spent import Spent
from bot.logs import LEVELS, LineCounts
from bot.records.transcripts import Transcripts
from bot.room.rooms import Rooms
from bot.store.database import Database
from bot.translation.interpreter import LiveTranslate
from bot.translation.text.queue import TextQueue
from bot.usage.build import UsageServices
from bot.voice.links import VoiceLinks
from bot.voice.watch.health import REASONS
from bot.wall_clock import WallClock
from bot.web.health import Health
from bot.web.readings import ModelUse, Readings
from bot.web.report import health_of

_KNOWN_S = 1.0  # for so long an answer of the database counts, whoever asks


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts that are asked.

    Attributes:
        bot: The Discord client.
        requests: Counts its requests.
        links: The voice links.
        channels: The text channels.
        rooms: The rooms.
        interpreter: The translation service.
        texts: Text translation.
        usage: What was spent.
        transcripts: What is kept of calls.
        pages: The page.
        database: The database.
    """

    bot: ParleyBot
    requests: Requests
    links: VoiceLinks
    channels: CaptionChannels
    rooms: Rooms
    interpreter: LiveTranslate
    texts: TextQueue
    usage: UsageServices
    transcripts: Transcripts
    pages: Pages
    database: Database


class Monitor:
    """Asks the parts of one bot.

    Args:
        parts: The parts.
        models: Names of the model of the conversations and of that of text translation.
        lines: Counts lines of the log.
        clock: Tells the time.
        wall: Tells the date and time of day.
    """

    def __init__(
        self,
        parts: Watched,
        models: tuple[str, str],
        lines: LineCounts,
        clock: Clock,
        wall: WallClock,
    ) -> None:
        self._parts = parts
        self._lines = lines
        self._models = models
        self._clock = clock
        self._wall = wall
        self._asking = asyncio.Lock()
        self._asked_at: float | None = None
        self._database = False  # whether it answered then

    async def health(self) -> Health:
        """Return whether the bot does its work, and figures that say how."""
        parts = self._parts
        availability = parts.rooms.availability
        services = {
            "translation": availability.speech,
            "text_translation": availability.texts,
        }
        return health_of(
            troubles={name: one.trouble for name, one in services.items() if one.trouble},
            now=self._wall.seconds(),
            figures=parts.usage.spending.figures(),
            ready=self._online,
            rooms=len(parts.rooms),
            links=[link.figures() for link in parts.links.open],
            database=await self._database_answers(),
        )

    @property
    def _online(self) -> bool:
        return self._parts.bot.is_ready() and not self._parts.bot.is_closed()

    async def _database_answers(self) -> bool:
        async with self._asking:
            now = self._clock.now()
            if self._asked_at is None or now - self._asked_at >= _KNOWN_S:
                self._database = await self._parts.database.answers()
                self._asked_at = self._clock.now()
            return self._database

    def readings(self) -> Readings:
        """Return what is counted; whether the database answers is as `health` found it last."""
        parts = self._parts
        links = [link.figures() for link in parts.links.open]
        heard = [link["heard_ago_s"] for link in links if "heard_ago_s" in link]
        deaf = sum(bool(link["deaf"]) for link in links)
        voice, captions = parts.links.counters(), parts.channels.boards.counters()
        states = parts.rooms.conversations()
        ledger = parts.usage.ledger
        spent, cost = parts.usage.spending.process()
        readers, listeners = parts.pages.audience
        return Readings(
            ready={"gateway": self._online, "database": self._database, "rooms": not deaf},
            rooms=len(parts.rooms),
            deaf=deaf,
            heard_ago_s=min(heard, default=None),
            voice=voice,
            voice_queued_s=sum(link["queued_voice_s"] for link in links),
            rejoins=_each(REASONS, parts.links.rejoins()),
            conversations={state.value: states[state] for state in ConversationState},
            queues={
                "captions": parts.channels.boards.waiting,
                "texts": parts.texts.waiting,
                "connects": parts.interpreter.connects_waiting,
                "transcript_lines": parts.transcripts.waiting,
                "usage_rows": len(ledger),
            },
            dropped={
                "captions": captions.get("dropped", 0) + captions.get("late", 0),
                "texts": parts.texts.given_up,
                "transcript_lines": parts.transcripts.dropped,
                "usage_rows": ledger.dropped,
                "speech": voice.get("undelivered", 0),
            },
            dropped_speech_s=parts.interpreter.budget().dropped_s,
            requests=_each(ROUTES, parts.requests.made),
            limited=_each(ROUTES, parts.requests.limited),
            readers=readers,
            listeners=listeners,
            speech=_spending(spent.get(self._models[0], Spent())),
            texts=_spending(spent.get(self._models[1], Spent())),
            cost_dollars=cost.dollars,
            cost_known=not cost.unknown,
            store_failures=parts.database.failures,
            logged=_each(LEVELS, self._lines.counts),
        )


def _each(names: tuple[str, ...], counts: Mapping[str, float]) -> dict[str, float]:
    """Return a count for each name: a series that is there from the start shows its first rise."""
    return {name: counts.get(name, 0) for name in names}


def _spending(spent: Spent) -> ModelUse:
    return ModelUse(
        spent.audio_in_samples / SPEECH_RATE,
        spent.audio_out_samples / VOICE_RATE,
        spent.tokens_in,
        spent.tokens_out - spent.tokens_voice,
        spent.tokens_voice,
        spent.connects,
    )
