"""The call as a person in the channel saw it: who spoke when, and which captions came."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.chat.rendering.reading import Read, plain, read_all
from bot.chat.rendering.render import has_name
from bot.demo.script import Script, SpokenLine
from bot.loopback import (
    Message,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Observation,
    PersonSpeaking,
    VoiceStateChanged,
)
from bot.words.codes import same_language

_NO_PREVIEWS = 1 << 2  # a flag of the bot's captions and notices
_MENTION = re.compile(r"<([#@])(\d+)>")
_COMMAND = re.compile(r"</([^:<>]+):\d+>")


@dataclass(slots=True)
class Participant:
    """Someone in the voice channel."""

    name: str
    bot: bool = False
    present: bool = False
    speaking: bool = False
    heard: bool = False  # joined in, so that the bot may hear them


@dataclass(slots=True)
class Said:
    """A line of the script as it was really spoken; seconds of the timeline."""

    name: str
    file: str
    began_s: float
    ended_s: float


@dataclass(slots=True)
class Shown:
    """A caption or notice in the text channel; seconds of the timeline.

    Attributes:
        speaker: The name it stands under.
        caption: Whether it is a caption; else a notice of the bot's own.
        content: The content as posted, with its Markdown.
        names: Names of channels and people that it may mention, by id.
        first_s: When it appeared.
        last_s: When it last changed.
        edits: How often it was edited.
        language: The language of captions without a label.
    """

    message_id: int
    speaker: str
    caption: bool
    content: str
    names: Mapping[int, str]
    first_s: float
    last_s: float
    edits: int = 0
    language: str = ""

    def headline(self) -> str:
        """Return the first row without its Markdown, mentions by name."""
        first, _, _ = self.content.partition("\n")
        named = _MENTION.sub(
            lambda found: found[1] + self.names.get(int(found[2]), found[2]), first.lstrip("# ")
        )
        return plain(_COMMAND.sub(r"/\1", named).replace("**", ""))

    def read(self) -> list[Read]:
        """Return what a person reads in it, in each language; at least one."""
        return read_all(self.content, self.language)

    @property
    def final(self) -> bool:
        """Nothing in it says that more comes."""
        return all(words.final for words in self.read())


@dataclass(slots=True)
class Timeline:
    """Collects observations of the loopback Discord.

    Args:
        channel_id: The id of the text channel with the captions.
        now: Clock seconds, of the same clock as the observations.
        names: The channels' names, for mentions.
        language: Language of captions without a label, where the room has a single one.
        assumed: Language of originals that name none: what the model takes all speech for.
        tell: Called with seconds and a line for the reader, for each thing worth telling.
    """

    channel_id: int
    now: Callable[[], float]
    tell: Callable[[float, str], None]
    names: Mapping[int, str] = field(default_factory=dict)
    language: str = ""
    assumed: str = ""
    started_at: float = 0.0
    people: dict[int, Participant] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    shown: dict[int, Shown] = field(default_factory=dict)
    edits: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Let second 0 be now."""
        self.started_at = self.now()

    def seconds(self) -> float:
        """Return the seconds since the beginning."""
        return self.now() - self.started_at

    def captions(self) -> list[Shown]:
        """Return the captions that stand, in the order they appeared."""
        return [shown for shown in self.shown.values() if shown.caption]

    def missing(self, script: Script) -> list[tuple[SpokenLine, str]]:
        """Return what stands in no final caption yet: lines, each with a language due.

        What is said in one of the languages is that language's line as it was said.
        """
        stands: set[tuple[str, int, str]] = set()
        for shown in self.captions():
            number = sum(s.name == shown.speaker and s.began_s <= shown.first_s for s in self.said)
            for words in shown.read():
                if words.final and words.text:
                    stands.add((shown.speaker, number, words.language))
                if words.final and words.source:
                    stands |= {
                        (shown.speaker, number, target)
                        for target in script.targets
                        if same_language(words.source_language or self.assumed, target)
                    }
        spoken: Counter[str] = Counter()
        missing = []
        for line in script.lines:
            spoken[line.name] += 1
            missing += [
                (line, target)
                for target in script.targets
                if (line.name, spoken[line.name], target) not in stands
            ]
        return missing

    def complete(self, script: Script) -> bool:
        """Return whether every line stands in every language, and no caption grows."""
        return not self.missing(script) and all(shown.final for shown in self.captions())

    async def until(self, predicate: Callable[[], bool], within_s: float) -> bool:
        """Wait until something is seen that makes it true; False when nothing did in time."""
        try:
            async with asyncio.timeout(within_s):
                while not predicate():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def observe(self, observation: Observation) -> None:
        """Take in what the loopback Discord shows."""
        self._changed.set()
        at_s = observation.at - self.started_at
        match observation:
            case MessagePosted(message=message) if self._here(message):
                self._posted(message, at_s)
            case MessageEdited(message=message) if message.id in self.shown:
                self._edited(message, at_s)
            case MessageDeleted(message=message) if message.id in self.shown:
                shown = self.shown.pop(message.id)
                self.tell(at_s, f"caption of {shown.speaker} taken back")
            case VoiceStateChanged(user=user, channel=channel):
                person = self.people.setdefault(user.id, Participant(user.name, user.bot))
                if person.present != (channel is not None):
                    person.present = channel is not None
                    self.tell(at_s, f"{user.name} {'joins' if person.present else 'leaves'}")
            case PersonSpeaking(user=user, on=on):
                person = self.people.setdefault(user.id, Participant(user.name, user.bot))
                if person.speaking != on:
                    person.speaking = on
                    self.tell(at_s, f"{user.name} {'speaks' if on else 'is silent'}")
            case _:
                pass

    def _here(self, message: Message) -> bool:
        return message.channel.id == self.channel_id and not message.ephemeral

    def _posted(self, message: Message, at_s: float) -> None:
        # By a webhook, or as the bot's own message with the names in its text.
        named = bool(message.flags & _NO_PREVIEWS) and has_name(message.content)
        caption = (message.webhook_id is not None or named) and message.interaction is None
        shown = Shown(
            message_id=message.id,
            speaker=message.author_name,
            caption=caption,
            content=message.content,
            names={**self.names, **{user: person.name for user, person in self.people.items()}},
            language=self.language,
            first_s=at_s,
            last_s=at_s,
        )
        self.shown[message.id] = shown
        self._tell(shown, at_s)

    def _edited(self, message: Message, at_s: float) -> None:
        shown = self.shown[message.id]
        if shown.content == message.content:
            return
        before = shown.headline()
        shown.content = message.content
        shown.last_s = at_s
        shown.edits += 1
        self.edits += 1
        if shown.caption or shown.headline() != before:  # of a panel, the figures change often
            self._tell(shown, at_s)

    def _tell(self, shown: Shown, at_s: float) -> None:
        if not shown.caption:
            self.tell(at_s, f"notice: {shown.headline()}")
            return
        for words in shown.read():
            language = f"{words.source_language}: " if words.source_language else ""
            source = f"({language}{words.source})" if words.source else ""
            mark = "final  " if words.final else "interim"
            text = f"[{words.language}] {words.text}  " if words.text else ""
            self.tell(at_s, f"{mark} {shown.speaker} {text}{source}".rstrip())
