"""People who talk for minutes, in time that jumps, to a channel with the loopback's own limits."""

import asyncio
import itertools
import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.chat.board import ChannelBoard
from bot.chat.budget import Budget, own_budget
from bot.chat.http.limits import read, tell
from bot.chat.transport import MessageRef, Posted
from bot.chat.webhook_or_bot import as_own
from bot.domain.events import Caption, Member
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.loopback.rest.limits import Limits
from tests.support.clock import ManualClock

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
        counted = enumerate(self.utterances(chance), start=self.first_key)
        for utterance, (speaker, number, began, ended) in counted:
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
                    utterance=utterance,
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
    """What readers saw of one utterance in one language; seconds.

    Attributes:
        heard_at: The first of it was given to the board.
        seen_at: Something of it stood.
        final_at: The final was given to the board.
        whole_at: The whole stood.
    """

    heard_at: float
    seen_at: float | None = None
    final_at: float = math.inf
    whole_at: float | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A message that stands: where, through what, under which name, since when, what it says."""

    place: str
    by_webhook: bool
    author: str
    posted_at: float
    content: str


class Place:
    """A text channel, or a thread of it, as discord.py lets one write to it.

    Args:
        hall: Whose.
        name: Of the thread; empty for the channel itself.
    """

    def __init__(self, hall: "Hall", name: str = "") -> None:
        self._hall = hall
        self._name = name
        self._own = own_budget()

    def own_budget(self) -> Budget | None:
        """Of the bot's own messages here."""
        return self._own if self._hall.posts_own else None

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        """Post a message."""
        by_webhook = speaker is not None and not own
        held_s = await self._request("webhook" if by_webhook else "message-send")
        ref = MessageRef(len(self._hall.messages) + 1, 1 if by_webhook else None)
        author = speaker.name if speaker is not None and by_webhook else "Parley"
        at = self._hall.clock.now()
        shown = Written(self._name, by_webhook, author, at, "")
        self._write(ref, shown, speaker, content)
        await self._hall.sleep(held_s)
        return Posted(ref)

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        """Change a message."""
        held_s = await self._request("webhook" if ref.webhook_id else "message-edit")
        self._write(ref, self._hall.messages[ref.id], speaker, content)
        await self._hall.sleep(held_s)

    async def delete(self, ref: MessageRef) -> None:
        """Remove a message."""
        held_s = await self._request("webhook" if ref.webhook_id else "message-delete")
        del self._hall.messages[ref.id]
        await self._hall.sleep(held_s)

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        """Never asked for."""
        raise AssertionError("nothing is lost here", speaker, content)

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        """Never asked for."""
        raise AssertionError("nothing is removed here", refs)

    def _write(
        self, ref: MessageRef, before: Written, speaker: Member | None, content: str
    ) -> None:
        shown = content if before.by_webhook else as_own(speaker, content)
        self._hall.messages[ref.id] = replace(before, content=shown)
        self._hall.seen(shown)

    async def _request(self, bucket: str) -> float:
        """Waits out a 429; seconds for which the answer is held back as it used up its bucket."""
        hall, webhook = self._hall, bucket == "webhook"
        major, token = ("the webhook", None) if webhook else (self._name, "token")
        while True:
            await hall.sleep(hall.chance.uniform(0.08, 0.3))
            now = hall.clock.now()
            verdict = hall.limits.route(bucket, major, token, now)
            wait = verdict.retry_after_s
            if wait is None and webhook:
                wait = hall.limits.shared_webhooks(1, now)
            if wait is None:
                break
            hall.refused.append(now)
            tell(read(429, {"Retry-After": str(wait)}, own=not webhook))
            await hall.sleep(wait)
        answer = read(200, verdict.headers, own=not webhook)
        tell(answer)
        return answer.wait_s


@dataclass
class Hall:
    """A text channel and its threads under the loopback's limits, written to by a board.

    Attributes:
        posts_own: Whether the bot may write there by itself.
        refused: When a request was told to come later.
        steps: Each step of any place, with its second.
    """

    look: Look
    chance: random.Random
    posts_own: bool = True
    limits: Limits = field(default_factory=lambda: Limits(lambda: 0.0))
    clock: ManualClock = field(default_factory=lambda: ManualClock(0.0))
    messages: dict[int, Written] = field(default_factory=dict)
    refused: list[float] = field(default_factory=list)
    steps: list[tuple[float, int]] = field(default_factory=list)
    shown: dict[int, Shown] = field(default_factory=dict)
    _keys: dict[str, int] = field(default_factory=dict)

    async def hear(self, events: Sequence[tuple[float, Caption]]) -> dict[int, Shown]:
        """Show all; for each caption when it was final and when it stood."""
        apart = self.look.layout is Layout.THREADS
        threads: dict[str, Place] = {}
        board = ChannelBoard(
            Place(self),
            self.clock,
            self.look,
            threads=(lambda code: threads.setdefault(code, Place(self, code))) if apart else None,
        )
        for at, caption in events:
            await self._until(board, at)
            shown = self.shown.setdefault(caption.key, Shown(at))
            if words := caption.text.split():
                self._keys[words[0]] = caption.key
            if caption.final:
                shown.final_at = min(at, shown.final_at)
            board.show(caption)
            await self._settle(board)
        await self._until(board, events[-1][0] + 60.0)
        await board.close()
        return self.shown

    async def sleep(self, seconds: float) -> None:
        """Let so much of the hall's time pass."""
        over = asyncio.Event()
        self.clock.call_at(self.clock.now() + seconds, over.set)
        await over.wait()

    def seen(self, content: str) -> None:
        """Readers have this before them."""
        for found in _WORD.finditer(content):
            begun = self.shown.get(self._keys.get(found[0], 0))
            if begun is not None and begun.seen_at is None:
                begun.seen_at = self.clock.now()
        for word in whole_words(content):
            known = self.shown.get(self._keys.get(word, 0))
            if known is not None and known.whole_at is None and known.final_at < math.inf:
                known.whole_at = self.clock.now()

    def rows(self, place: str = "") -> list[tuple[str, str, str]]:
        """Speaker, language label and text of every row that stands, originals left out."""
        return rows_of(
            (one.author, one.content) for one in self.messages.values() if one.place == place
        )

    async def _until(self, board: ChannelBoard, at: float) -> None:
        while (due := self.clock.next_at) is not None and due <= at:
            self.clock.advance_to(due)
            await self._settle(board)
        self.clock.advance_to(at)

    async def _settle(self, board: ChannelBoard) -> None:
        for _ in range(6):  # what was woken runs, and what that wakes
            await asyncio.sleep(0)
        step = int(board.figures()["step"])
        if not self.steps or self.steps[-1][1] != step:
            self.steps.append((self.clock.now(), step))


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


def words_of(content: str) -> set[str]:
    """The words of all rows but the originals, interims too."""
    rows = [row for row in content.split("\n") if not row.startswith("-# ")]
    return {found[0] for row in rows for found in _WORD.finditer(row)}
