"""People who talk for minutes, in time that jumps, to a channel with the loopback's own limits."""

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from bot.chat.entry import Change, Delete, Edit, Post
from bot.chat.schedule import Schedule
from bot.chat.transport import MessageRef
from bot.errors import RateLimitError
from bot.loopback.rest.limits import Limits
from bot.room.events import Caption, Member

_LABELLED = re.compile(r"(?:\*\*(?P<name>\w+)\*\* )?(?:`(?P<language>[A-Z]+)` )?(?P<text>.*)")
_WORD = re.compile(r"([a-z]+)(\d+)n(\d+)")  # language, speaker, utterance; says where it belongs


@dataclass(frozen=True, slots=True)
class Talk:
    """How people talk.

    Attributes:
        speakers: How many.
        languages: Of the captions.
        at_once: They all talk; else one after the other.
        seconds: For how long.
        starts_at: When they begin.
        first_key: Of their captions.
    """

    speakers: int
    languages: tuple[str, ...]
    at_once: bool
    seconds: float
    starts_at: float = 0.0
    first_key: int = 1

    def events(self, chance: random.Random) -> list[tuple[float, Caption]]:
        """Captions as conversations of their own would show them, interims too, by time."""
        found: list[tuple[float, Caption]] = []
        keys = itertools.count(self.first_key)
        for speaker, number, began, ended in self.utterances(chance):
            member = Member(speaker + 1, f"speaker{speaker}")
            for language in self.languages:
                words = max(4, int(3 * (ended - began)))
                word = f"{language}{speaker}n{number}"
                final_at = ended + chance.uniform(0.6, 1.4)
                said = Caption(
                    key=next(keys),
                    speaker=member,
                    language=language,
                    text=" ".join([word] * words),
                    source_text=" ".join([f"fr{speaker}n{number}"] * words),
                    source_language="fr",
                    final=True,
                    began_at=began,
                )
                at = began + 1.0 + chance.uniform(0, 0.5)
                while at < final_at - 0.3:
                    soon = " ".join([word] * min(int(4 * (at - began)), words))
                    found.append((at, replace(said, text=soon, source_text="", final=False)))
                    at += 0.5
                if chance.random() < 0.5:
                    found.append((final_at, said))
                else:  # the original comes later
                    found.append((final_at, replace(said, source_text="")))
                    found.append((final_at + 0.5, said))
        return sorted(found, key=lambda pair: pair[0])

    def utterances(self, chance: random.Random) -> Iterator[tuple[int, int, float, float]]:
        """Who speaks, their how manieth it is, and the seconds from and to which."""
        numbers = [0] * self.speakers
        free = [self.starts_at + chance.uniform(0, 2) for _ in range(self.speakers)]
        turn = 0
        while True:
            speaker = turn % self.speakers
            turn += 1
            began = free[speaker] + chance.uniform(0.4, 1.2)
            ended = began + chance.uniform(2.0, 5.0)
            if not self.at_once:
                free = [ended] * self.speakers
            else:
                free[speaker] = ended
            if ended > self.starts_at + self.seconds:
                return
            yield speaker, numbers[speaker], began, ended
            numbers[speaker] += 1


@dataclass(slots=True)
class Shown:
    """What the channel's readers saw of one utterance in one language."""

    final_at: float
    whole_at: float | None = None


@dataclass(slots=True)
class Hall:
    """A text channel under the loopback's limits, driven by a schedule."""

    schedule: Schedule
    chance: random.Random
    limits: Limits = field(default_factory=lambda: Limits(lambda: 0.0))
    messages: dict[int, tuple[str, str]] = field(default_factory=dict)
    refused: list[float] = field(default_factory=list)
    steps: list[tuple[float, int]] = field(default_factory=list)
    standing: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def hear(self, events: Sequence[tuple[float, Caption]]) -> dict[int, Shown]:
        """Show all; for each caption when it was final and when it stood."""
        shown: dict[int, Shown] = {}
        texts: dict[str, int] = {}
        queue: list[tuple[float, int, Caption]] = []
        for order, (at, caption) in enumerate(events):
            heappush(queue, (at, order, caption))
        now, busy_until = 0.0, 0.0
        under_way: tuple[Change, float] | None = None
        end = events[-1][0] + 60.0
        while now < end:
            while queue and queue[0][0] <= now:
                at, _, caption = heappop(queue)
                if caption.final and caption.key not in shown:
                    shown[caption.key] = Shown(at)
                    texts[caption.text.split()[0]] = caption.key
                self.schedule.show(caption, now)
            wake = queue[0][0] if queue else end
            if under_way is not None and now >= busy_until:
                change, _ = under_way
                under_way = None
                self._apply(change, now, shown, texts)
            if under_way is None:
                step = self.schedule.next(now)
                self._note_step(now)
                if isinstance(step, float):
                    now = max(now, min(wake, step))
                    if step > wake and not queue and step > end:
                        break
                    continue
                busy_until = now + self.chance.uniform(0.08, 0.3)
                under_way = (step, busy_until)
            now = max(now, min(wake, busy_until))
        return shown

    def _note_step(self, now: float) -> None:
        step = int(self.schedule.figures()["step"])
        if not self.steps or self.steps[-1][1] != step:
            self.steps.append((now, step))

    def _apply(
        self, change: Change, now: float, shown: dict[int, Shown], texts: dict[str, int]
    ) -> None:
        verdict = self.limits.route("webhook", "1", None, now)
        wait = verdict.retry_after_s or self.limits.shared_webhooks(1, now)
        if wait is not None:
            self.refused.append(now)
            self.schedule.failed(change, RateLimitError(wait), now)
            return
        ref = None
        match change:
            case Post():
                ref = MessageRef(len(self.messages) + 1, 1)
                name = change.speaker.name if change.speaker is not None else ""
                self.messages[ref.id] = (name, change.content)
            case Edit():
                self.messages[change.ref.id] = (
                    change.speaker.name if change.speaker is not None else "",
                    change.content,
                )
            case Delete():
                self.messages[change.ref.id] = ("", "")
        if not isinstance(change, Delete):
            for word in whole_words(change.content):
                known = shown.get(texts.get(word, 0))
                if known is not None and known.whole_at is None:
                    known.whole_at = now
        self.schedule.succeeded(change, ref, now)

    def rows(self) -> list[tuple[str, str, str]]:
        """Speaker, language label and text of every row that stands, originals left out."""
        return rows_of(self.messages.values())


def rows_of(messages: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Speaker, language label and text of each row of (author, content), originals left out."""
    found = []
    for author, content in messages:
        name = author
        for row in filter(None, content.split("\n")):
            if row.startswith("-# "):
                continue
            parts = _LABELLED.fullmatch(row)
            assert parts is not None
            name = parts["name"] or name
            found.append((name, parts["language"] or "", parts["text"]))
    return found


def spoken_words(text: str) -> tuple[tuple[str, int, int], int]:
    """Whose words a row holds (language, speaker, utterance: one alone), and how many."""
    found = [(word[1], int(word[2]), int(word[3])) for word in _WORD.finditer(text)]
    assert len(set(found)) == 1, "one row, one utterance in one language"
    return found[0], len(found)


def whole_words(content: str) -> set[str]:
    """The words of rows that are final."""
    rows = [row for row in content.split("\n") if not row.startswith("-# ")]
    return {found[0] for row in rows if not row.endswith("…") for found in _WORD.finditer(row)}
