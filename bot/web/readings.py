"""What the parts of the bot count, as one value: read when somebody asks for the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one kind of model took since the process began.

    Attributes:
        audio_in_s: Seconds of speech sent.
        audio_out_s: Seconds of voice received.
        tokens_in: Tokens read.
        tokens_text: Tokens written.
        tokens_voice: Tokens spoken.
        connects: Conversations opened, failed tries too.
    """

    audio_in_s: float = 0.0
    audio_out_s: float = 0.0
    tokens_in: int = 0
    tokens_text: int = 0
    tokens_voice: int = 0
    connects: int = 0


@dataclass(frozen=True, slots=True)
class Readings:
    """Counters since the process began, and gauges. Nothing in it names a person or a server.

    Attributes:
        ready: Whether each part of the bot works, by part.
        rooms: Rooms that run.
        deaf: How many of them hear nobody for want of a working connection.
        heard_ago_s: Seconds since anybody was heard in a room that runs; None: nobody was.
        voice: Counters of the voice links; see `bot.voice.figures.Figures`.
        voice_queued_s: Seconds of voice that are still to be played.
        rejoins: Voice channels joined afresh, by the reason.
        conversations: Conversations with the translation service, by state.
        queues: What waits now, by queue.
        dropped: What was given up because too much waited, by queue.
        dropped_speech_s: Seconds of speech given up, as no conversation could be opened in time.
        requests: Requests to Discord that were answered, by route.
        limited: How many of them were refused with 429.
        readers: People who read the page.
        listeners: How many of them hear a voice there.
        speech: What the conversations took.
        texts: What text translation took.
        cost_dollars: The estimated cost of both, as far as prices are known.
        cost_known: Whether all prices are known.
        store_failures: Transactions of the database that failed.
        logged: Lines logged, by level.
    """

    ready: Mapping[str, bool]
    rooms: int
    deaf: int
    heard_ago_s: float | None
    voice: Mapping[str, float]
    voice_queued_s: float
    rejoins: Mapping[str, float]
    conversations: Mapping[str, float]
    queues: Mapping[str, float]
    dropped: Mapping[str, float]
    dropped_speech_s: float
    requests: Mapping[str, float]
    limited: Mapping[str, float]
    readers: int
    listeners: int
    speech: ModelUse
    texts: ModelUse
    cost_dollars: float
    cost_known: bool
    store_failures: int
    logged: Mapping[str, float]
