"""What people saw, and whether it accounts for every sentence."""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.loopback import MessageDeleted, MessageEdited, MessagePosted, Observation
from bot.loopback.state.entities import Message
from tests.soak.sentences import Sentence

_HEARD = re.compile(r"\bs(\d+)x(\d+)\b")
_ROW = re.compile(r"(?:\*\*(?P<name>[^*]+)\*\* )?(?:`(?P<language>[A-Z]+)` )?(?P<text>.*)")
_MORE: Final = "…"
_SEEN_BEFORE_S: Final = 60.0  # of a sentence, a reason that lasts may have been shown so long ago
_SEEN_AFTER_S: Final = 90.0
EDGE_CHUNKS: Final = 4  # that may be heard as more

# Sentences by which people are told that something is not translated.
REASONS: Final = re.compile(
    r"couldn't be translated|can't be translated|wasn't translated|Trying again|Reconnecting"
    r"|Nothing new can be translated|nobody is (being )?heard|Nobody is heard|can't hear"
    r"|lost the connection|was disconnected|was deleted|can't continue|was moved|no longer"
    r"|Translation (has )?(ended|stopped)|is paused|I left|missing|not being heard|deafened"
    r"|was locked|couldn't join|You stay out"
)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the bot said of itself."""

    at: float
    guild: int
    text: str


class Watching:
    """Watches a Discord: `discord.subscribe(watching)`.

    Attributes:
        told: All that was said which is no caption, oldest first.
        whole: Most chunks of a sentence that stood at once in finals, by number and language.
        named: Under which names captions of a sentence stood.
        rows: The lines with it that were final, each with its name.
    """

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.whole: dict[tuple[int, str], int] = {}
        self.first_at: dict[int, float] = {}
        self.named: defaultdict[int, set[str]] = defaultdict(set)
        self.rows: defaultdict[int, set[str]] = defaultdict(set)
        self.marked: set[int] = set()  # stood with a mark that words are missing
        self._standing: dict[int, list[tuple[int, str, int]]] = {}
        self._messages: defaultdict[tuple[int, str], dict[int, int]] = defaultdict(dict)

    def __call__(self, observation: Observation) -> None:
        match observation:
            case MessagePosted(at, message) | MessageEdited(at, message):
                self._stands(at, message)
            case MessageDeleted(_, message):
                self._put(message.id, [])

    def _stands(self, at: float, message: Message) -> None:
        rows = list(self._finals(message))
        self._put(message.id, rows)
        for number, _, _ in rows:
            self.first_at.setdefault(number, at)
        if not rows and not _HEARD.search(message.content) and message.webhook_id is None:
            text = f"{message.content} {_texts(message)}".strip()
            if not message.ephemeral:
                self.told.append(Told(at, message.channel.guild.id, text))

    def _finals(self, message: Message) -> Iterator[tuple[int, str, int]]:
        name = message.author_name
        for line in message.content.split("\n"):
            row = _ROW.fullmatch(line)
            assert row is not None
            name = row["name"] or name  # of a line without a sentence, too
            if line.startswith("-# ") or not (found := _HEARD.findall(line)):
                continue
            for number, count in found:
                if "[…" in line:
                    self.marked.add(int(number))
                elif not line.endswith(_MORE):
                    self.named[int(number)].add(name)
                    self.rows[int(number)].add(f"{name}: {line}")
                    yield int(number), row["language"] or "", int(count)

    def _put(self, message: int, rows: list[tuple[int, str, int]]) -> None:
        for number, language, _ in self._standing.pop(message, []):
            self._messages[number, language].pop(message, None)
        for number, language, count in rows:
            at = self._messages[number, language]
            at[message] = at.get(message, 0) + count
        for number, language, _ in rows:
            total = sum(self._messages[number, language].values())
            key = number, language
            self.whole[key] = max(total, self.whole.get(key, 0))
        if rows:
            self._standing[message] = rows

    def reason(self, sentence: Sentence) -> str | None:
        """Return what people were told by which a sentence is not missed."""
        begin, end = sentence.began_at - _SEEN_BEFORE_S, sentence.ended_at + _SEEN_AFTER_S
        for told in self.told:
            if told.guild != sentence.guild or not begin <= told.at <= end:
                continue
            if found := REASONS.search(told.text):
                return found[0]
        return None


@dataclass(slots=True)
class Account:
    """What became of the sentences.

    Attributes:
        captioned: Their caption stood once.
        told: They did not, and people were told why.
        unowed: No room was hearing their speaker.
        wrong: What is unaccounted for, a line each.
    """

    captioned: int = 0
    told: int = 0
    unowed: int = 0
    wrong: tuple[str, ...] = ()


def account(sentences: list[Sentence], seen: Watching) -> Account:
    """Hold what was said against what people saw."""
    found = Account()
    wrong: list[str] = []
    for one in sentences:
        parts = {
            lang: count for (number, lang), count in seen.whole.items() if number == one.number
        }
        names = seen.named[one.number] - {one.speaker}
        what = f"sentence {one.number} of {one.speaker} at {one.began_at:.1f}"
        if names:
            wrong.append(f"{what}: stood elsewhere: {sorted(seen.rows[one.number])}")
        elif any(count > one.chunks + EDGE_CHUNKS for count in parts.values()):
            rows = sorted(seen.rows[one.number])
            wrong.append(f"{what}: stood more than once: {parts} of {one.chunks}, {rows}")
        elif parts or one.number in seen.marked:
            found.captioned += 1
        elif not one.owed:
            found.unowed += 1
        elif one.excused or seen.reason(one) is not None:
            found.told += 1
        else:
            wrong.append(f"{what}: neither captioned nor told of ({one.chunks} chunks)")
    found.wrong = tuple(wrong)
    return found


def _texts(message: Message) -> str:
    """Words in a message's embeds and components."""
    shown = json.dumps([message.embeds, message.components], ensure_ascii=False)
    return shown if len(shown) > 6 else ""


def now() -> float:
    """Return the loop's second."""
    return asyncio.get_running_loop().time()
