"""A translation service in simulated time: what it says depends on the audio it hears alone.

Speech is told from silence by its samples: all samples of a word are its number, so a caption says
whose words it is made of, and how many of each.
"""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from bot.clock import Clock
from bot.domain.events import ConversationEvent
from bot.domain.events import Final as FinalText
from bot.translation.ports import OnEvent, OnLost
from bot.translation.protocol import server_events
from bot.translation.quota.quota import Claim, ConnectBudget
from bot.translation.speech.backlog import BYTES_PER_S, CHUNK
from bot.translation.speech.conversation import LiveConversation, Shared
from bot.translation.speech.meter import Meter
from bot.translation.speech.turns import Turns
from tests.support.live_translate import into_english

OPENS_IN_S: Final = 0.6
SILENCE_CHUNKS: Final = 8  # that end a turn
ANSWERS_IN_S: Final = 0.5


def word(number: int) -> bytes:
    """100 ms of a word, numbered from 1."""
    return number.to_bytes(2, "little") * (CHUNK // 2)


class SimulatedService:
    """Keeps when it was connected to, and what it heard.

    Args:
        clock: Time.
        straggling_s: When not 0, it says of each turn once more what it said, up to so long after.
        cumulative: Whether it counts the ten tokens of each turn over the whole session.
    """

    def __init__(
        self, clock: Clock, *, straggling_s: float = 0.0, cumulative: bool = False
    ) -> None:
        self.clock = clock
        self.cumulative = cumulative
        self.straggling_s = straggling_s
        self.dice = random.Random(3)
        self.connected_at: list[float] = []
        self.links: list[SimulatedLink] = []
        self.heard = 0  # bytes
        self.most_open = 0
        self.open = 0

    @property
    def heard_s(self) -> float:
        """Audio received, in seconds."""
        return self.heard / BYTES_PER_S

    def connect(self, on_event: OnEvent, on_lost: OnLost) -> "SimulatedLink":
        """A connection, which opens after a while."""
        del on_lost
        self.connected_at.append(self.clock.now())
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.links.append(SimulatedLink(self, len(self.connected_at), on_event))
        return self.links[-1]

    def busiest_minute(self) -> int:
        """The most connects in any 60 seconds."""
        return max(
            (
                sum(begin <= at < begin + 60 for at in self.connected_at)
                for begin in self.connected_at
            ),
            default=0,
        )


class SimulatedLink:
    """One session: hears speech, and answers when it hears silence."""

    def __init__(self, service: SimulatedService, number: int, on_event: OnEvent) -> None:
        self._service = service
        self._number = number
        self._on_event = on_event
        self._position = 0  # bytes
        self._words: Counter[int] = Counter()
        self._silence = 0  # chunks
        self._turn = 0
        self._closed = False
        self._later(
            OPENS_IN_S, server_events.SessionCreated(f"s{number}"), server_events.SessionUpdated()
        )

    def send(self, pcm: bytes) -> int:
        assert len(pcm) == CHUNK
        self._service.heard += len(pcm)
        self._position += len(pcm)
        said = int.from_bytes(pcm[:2], "little")
        if said:
            if not self._words:
                self._turn += 1
                self.says(
                    server_events.SpeechStarted(self._position * 1000 // BYTES_PER_S - 100, None)
                )
            self._words[said] += 1
            self._silence = 0
        elif self._words:
            self._silence += 1
            if self._silence == SILENCE_CHUNKS:
                self._answer(ANSWERS_IN_S)
        return 0

    def update(self, session: Mapping[str, Any]) -> None:
        raise AssertionError(f"nothing changes here: {session}")

    def finish(self) -> None:
        if self._words:
            self._answer(0.1)
        self._later(0.3, server_events.SessionFinished())

    async def close(self) -> None:
        self._closed = True
        self._service.open -= 1

    def _answer(self, in_s: float) -> None:
        text = " ".join(f"{said}x{count}" for said, count in self._words.items())
        self._words.clear()
        self._silence = 0
        self.says(server_events.SpeechStopped(self._position * 1000 // BYTES_PER_S, None))
        response = f"r{self._number}-{self._turn}"
        usage = server_events.TokenCount(10 * self._turn if self._service.cumulative else 10, 0)
        answer = (
            server_events.ResponseCreated(response),
            server_events.TranslationDone(response, "i" + response, text),
            server_events.ResponseDone(response, text, usage),
        )
        self._later(in_s, *answer)
        if self._service.straggling_s:
            self._later(in_s + self._service.dice.uniform(0, self._service.straggling_s), *answer)

    def says(self, *events: server_events.ServerEvent) -> None:
        """Say something now."""
        for event in events:
            if not self._closed:
                self._on_event(event)

    def _later(self, in_s: float, *events: server_events.ServerEvent) -> None:
        self._service.clock.call_at(self._service.clock.now() + in_s, lambda: self.says(*events))


class Listener:
    """One speaker in one language: the conversation, and the captions that come of it."""

    def __init__(
        self,
        service: SimulatedService,
        budget: ConnectBudget,
        claim: Claim,
        seed: int = 1,
        *,
        cumulative: bool = False,
    ) -> None:
        self.events: list[ConversationEvent] = []
        self.talk = LiveConversation(
            Shared(budget, service.clock, 60.0, random.Random(seed)),
            claim,
            open_link=service.connect,
            session=into_english(),
            turns=Turns("en", source_expected=False),
            meter=Meter(cumulative=cumulative),
            listener=self.events.append,
        )

    def read(self) -> Counter[int]:
        """How much of which word stands in the captions, the last state of each."""
        finals = {event.turn: event.text for event in self.events if isinstance(event, FinalText)}
        read: Counter[int] = Counter()
        for text in finals.values():
            for part in text.split():
                said, _, count = part.partition("x")
                read[int(said)] += int(count)
        return read
