"""Figures for Prometheus.

What the bot's parts count anyway is read when Prometheus asks, so that counting costs nothing
where it happens. Only what has no counter is measured on the way: how late captions and voices
are, and what failed. Labels name no person, server, channel or room, and each has few values.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot import __version__
from bot.web.readings import ModelUse, Readings

FATES: Final = {
    # What became of datagrams that were not heard, and the counter of the voice link.
    "no_audio": "foreign",
    "malformed": "malformed",
    "no_consent": "unconsented",
    "wrong_transport_key": "transport_failures",
    "wrong_key": "dave_failures",
    "unencrypted": "plain_refused",
    "unknown_sender": "unknown_expired",
    "late": "late",
    "not_opus": "undecodable",
    "internal_error": "internal_errors",
    "dropped_by_kernel": "kernel_dropped",
}
REPAIRS: Final = {
    # What became of the gap that a lost packet left.
    "restored": "recovered",
    "continued": "concealed",
    "silence": "skipped",
}
OTHER: Final = "other"

_MOST_CODES: Final = 100
_CODE: Final = re.compile(r"[a-z][a-z_-]{0,39}")
_CAPTION_S: Final = (0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 30, 60)
_VOICE_S: Final = (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 30, 60)


class Metrics:
    """Implements `bot.domain.meters.Meters`; renders all figures.

    Attributes:
        registry: Holds them; of this bot alone.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._first = self._histogram(
            "parley_caption_first_seconds",
            "From the beginning of an utterance to its first words in the text channel.",
            _CAPTION_S,
        )
        self._final = self._histogram(
            "parley_caption_final_seconds",
            "From the end of what was said to its whole translation in the text channel.",
            _CAPTION_S,
        )
        self._voice = self._histogram(
            "parley_voice_first_seconds",
            "From the beginning of an utterance to its translation being read aloud.",
            _VOICE_S,
        )
        self._failed: Counter[str] = Counter()

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self.registry)

    # Meters

    def first_caption(self, seconds: float) -> None:
        """Note how long after the beginning of an utterance its first words were shown."""
        self._first.observe(max(0.0, seconds))

    def final_caption(self, seconds: float) -> None:
        """Note how long after the end of what was said its whole translation was shown."""
        self._final.observe(max(0.0, seconds))

    def voice(self, seconds: float) -> None:
        """Note how long after the beginning of an utterance its voice began."""
        self._voice.observe(max(0.0, seconds))

    def failed(self, code: str) -> None:
        """Count a failure; beyond a hundred codes, all further ones are "other"."""
        known = code in self._failed or len(self._failed) < _MOST_CODES
        self._failed[code if known and _CODE.fullmatch(code) else OTHER] += 1

    # For Prometheus

    def read(self, readings: Callable[[], Readings]) -> None:
        """Ask for these readings each time that the figures are rendered. To be called once."""
        self.registry.register(_Counters(readings, self._failed))

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the figures, and the content type of their format.

        Args:
            accept: The value of the request's Accept header.
        """
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class _Counters(Collector):
    """Reads what the bot's parts count."""

    def __init__(self, readings: Callable[[], Readings], failed: Mapping[str, int]) -> None:
        self._readings = readings
        self._failed = failed

    def describe(self) -> Iterable[Metric]:
        """Describe nothing before it is asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield a metric for each figure."""
        now = self._readings()
        yield InfoMetricFamily("parley", "The bot's version.", {"version": __version__})
        yield from _of_state(now)
        yield from _of_voice(now)
        yield from _of_work(now)
        yield from _of_spending(now)
        failed = Counter(self._failed)
        failed["store"] += now.store_failures
        yield _counters("parley_errors", "Failures, by code.", "code", failed)
        yield _counters("parley_log_lines", "Lines logged, by level.", "level", now.logged)


def _of_state(now: Readings) -> Iterator[Metric]:
    yield _gauges(
        "parley_ready",
        "Whether each part of the bot works: 1 or 0. All do while /readyz answers 200.",
        "part",
        now.ready,
    )
    yield GaugeMetricFamily("parley_rooms", "Rooms that run.", now.rooms)
    yield GaugeMetricFamily(
        "parley_rooms_deaf",
        "Rooms that hear nobody for want of a working connection.",
        now.deaf,
    )
    yield _gauges(
        "parley_conversations",
        "Conversations with the translation service, by state.",
        "state",
        now.conversations,
    )
    yield GaugeMetricFamily("parley_page_readers", "People who read the page.", now.readers)
    yield GaugeMetricFamily(
        "parley_page_listeners", "People who hear a voice on the page.", now.listeners
    )


def _of_voice(now: Readings) -> Iterator[Metric]:
    voice = now.voice
    if now.heard_ago_s is not None:
        yield GaugeMetricFamily(
            "parley_heard_ago_seconds",
            "Since anybody was heard in a room that runs; missing while nobody was.",
            now.heard_ago_s,
        )
    yield CounterMetricFamily(
        "parley_voice_packets_received", "Datagrams that came in.", voice.get("packets", 0)
    )
    yield _counters(
        "parley_voice_packets_unheard",
        "Datagrams that were not heard, by what became of them.",
        "fate",
        {fate: voice.get(name, 0) for fate, name in FATES.items()},
    )
    yield CounterMetricFamily(
        "parley_voice_packets_lost", "Packets that never came.", voice.get("lost", 0)
    )
    yield _counters(
        "parley_voice_gaps",
        "20 ms that were lost, by what was put in their place.",
        "repair",
        {repair: voice.get(name, 0) for repair, name in REPAIRS.items()},
    )
    yield _counters("parley_voice_rejoins", "Voice channels joined afresh.", "reason", now.rejoins)
    yield CounterMetricFamily(
        "parley_voice_heard_seconds", "Speech that was heard.", voice.get("heard_s", 0)
    )
    yield GaugeMetricFamily(
        "parley_voice_queued_seconds", "Voice that is still to be played.", now.voice_queued_s
    )
    yield CounterMetricFamily(
        "parley_voice_played_seconds", "Voice that was played.", voice.get("sent", 0) * 0.02
    )


def _of_work(now: Readings) -> Iterator[Metric]:
    yield _gauges("parley_queue_length", "What waits, by queue.", "queue", now.queues)
    yield _counters(
        "parley_queue_dropped",
        "What was given up because too much waited, by queue.",
        "queue",
        now.dropped,
    )
    yield CounterMetricFamily(
        "parley_speech_dropped_seconds",
        "Speech given up, as no conversation could be opened in time.",
        now.dropped_speech_s,
    )
    yield _counters(
        "parley_discord_requests", "Requests that Discord answered.", "route", now.requests
    )
    yield _counters(
        "parley_discord_limited", "Requests that Discord refused with 429.", "route", now.limited
    )


def _of_spending(now: Readings) -> Iterator[Metric]:
    speech = now.speech
    yield CounterMetricFamily(
        "parley_audio_sent_seconds", "Speech sent to the service.", speech.audio_in_s
    )
    yield CounterMetricFamily(
        "parley_audio_received_seconds", "Voice received from the service.", speech.audio_out_s
    )
    yield CounterMetricFamily(
        "parley_connects", "Conversations opened, failed tries too.", speech.connects
    )
    tokens = CounterMetricFamily(
        "parley_tokens",
        "Tokens, by the kind of model and what they are.",
        labels=("model", "kind"),
    )
    for model, spent in (("speech", now.speech), ("text", now.texts)):
        for kind, amount in _tokens(spent):
            tokens.add_metric((model, kind), amount)
    yield tokens
    yield CounterMetricFamily(
        "parley_cost_dollars",
        "Estimated cost in US dollars, as far as prices are known.",
        now.cost_dollars,
    )
    yield GaugeMetricFamily(
        "parley_cost_known", "Whether the prices of all models are known.", now.cost_known
    )


def _tokens(spent: ModelUse) -> tuple[tuple[str, int], ...]:
    return (
        ("read", spent.tokens_in),
        ("written", spent.tokens_text),
        ("spoken", spent.tokens_voice),
    )


def _counters(name: str, text: str, label: str, values: Mapping[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=(label,))
    for value, amount in values.items():
        family.add_metric((value,), amount)
    return family


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for value, amount in values.items():
        family.add_metric((value,), amount)
    return family
