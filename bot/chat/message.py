"""One message on its way to the channel (several when it is long): what should stand, what does."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.chat.rendering.render import Style, messages
from bot.chat.transport import DIGEST, MessageRef
from bot.domain.events import Caption, Member
from bot.words.codes import same_language

Key = int | str  # of an entry: its first caption's number, or a name


@dataclass(frozen=True, slots=True)
class Post:
    """A message to post under the speaker's name; None is the bot itself.

    Attributes:
        doubtful: It may stand already: an earlier try of it was not answered.
        own: Whether it is posted under the bot's own name, with the speaker's name in the text.
    """

    key: Key
    speaker: Member | None
    content: str
    doubtful: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """A message to change."""

    key: Key
    index: int
    ref: MessageRef
    speaker: Member | None
    content: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A message to remove."""

    key: Key
    ref: MessageRef


Change = Post | Edit | Delete


@dataclass(slots=True)
class Sent:
    """A message that stands in the channel."""

    ref: MessageRef
    content: str


@dataclass(slots=True)
class Entry:
    """What one message shows: an utterance in its languages, several utterances, or a notice.

    Attributes:
        order: Order of arrival, for entries that began at the same time.
        began_at: Clock seconds of its first speech.
        speaker: Under whose name; None is the bot itself.
        said: Captions by utterance and key, in order of speech.
        wanted: The messages as they should read now.
        sent: The messages as they do.
        urgent_at: Since when something final is missing, or the word that something is; None when
            only interims or originals are.
        opened_at: Clock seconds at which it was first to be shown.
        changed_at: Clock seconds of the last request; spaces the interims.
        fused: Several utterances in one.
        failures: Requests that failed in a row.
        doubtful: The last post was not answered and may stand.
        removed: Somebody deleted a message of it; it is left alone.
        stood: Finals that stand whole, by caption, and their text.
        behind: Captions that stand final in a message that is out of reach; they are not shown
            again.
    """

    key: Key
    order: int
    began_at: float
    speaker: Member | None
    said: dict[int, dict[int, Caption]] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    urgent_at: float | None = None
    opened_at: float = float("-inf")
    changed_at: float = float("-inf")
    fused: bool = False
    failures: int = 0
    doubtful: bool = False
    removed: bool = False
    stood: dict[int, str] = field(default_factory=dict)
    behind: set[int] = field(default_factory=set)
    _asked: tuple[list[str], dict[int, str]] = field(default_factory=lambda: ([], {}))

    def take(self, utterance: int, caption: Caption, style: Style, now: float) -> None:
        """Take a newer state of a caption."""
        known = self.said.setdefault(utterance, {})
        before = known.get(caption.key)
        known[caption.key] = caption
        if before is not None and before.text != caption.text:
            self.behind.discard(caption.key)
        if self.fused and before is not None and before.text == caption.text:
            # Where requests are scarce, none is spent on an original that comes later.
            known[caption.key] = replace(caption, source_text=before.source_text)
        news = caption.final and (before is None or not before.final or before.text != caption.text)
        taken_back = before is not None and not caption.text and bool(before.text)
        breaks = bool(self.sent) and caption.broken and before is not None and not before.broken
        if (news or taken_back or breaks) and self.urgent_at is None:
            self.urgent_at = now
        self.write(style)

    def speaks(self, utterance: int, language: str) -> bool:
        """Return whether what was said stands here already, as the line of this language."""
        known = self.said.get(utterance, {}).values()
        return any(
            bool(one.source_text) and same_language(one.source_language, language) for one in known
        )

    def write(self, style: Style) -> None:
        """Write anew what should stand; a notice stays as it is."""
        if self.said:
            utterances = [
                [caption for caption in known.values() if caption.key not in self.behind]
                for known in self.said.values()
            ]
            self.wanted = messages(utterances, style, names=self.speaker == DIGEST)

    def lacks(self, caption: Caption) -> bool:
        """Return whether a caption is final and does not stand yet in a message out of reach."""
        return caption.final and caption.key not in self.behind

    def captions(self) -> Iterator[Caption]:
        """Return all captions that it shows."""
        return (caption for known in self.said.values() for caption in known.values())

    @property
    def final(self) -> bool:
        """Nothing of it grows any more; a notice never does."""
        return all(caption.final for caption in self.captions())

    @property
    def broken(self) -> bool:
        """Words are missing at the end of one of its captions."""
        return any(caption.broken for caption in self.captions())

    @property
    def languages(self) -> frozenset[str]:
        """The languages of what is final in it."""
        return frozenset(caption.language for caption in self.captions() if caption.final)

    @property
    def begun(self) -> bool:
        """A part stands and a further one is to be posted."""
        return 0 < len(self.sent) < len(self.wanted)

    def change(self) -> Change | None:
        """Return the next request that brings the channel closer to what is wanted, if any."""
        for index, (sent, content) in enumerate(zip(self.sent, self.wanted, strict=False)):
            if sent.content != content:
                return Edit(self.key, index, sent.ref, self.speaker, content)
        if len(self.sent) < len(self.wanted):
            content = self.wanted[len(self.sent)]
            return Post(self.key, self.speaker, content, doubtful=self.doubtful)
        if len(self.sent) > len(self.wanted):
            return Delete(self.key, self.sent[-1].ref)
        return None

    def asked(self) -> None:
        """Remember what was wanted when a request is about to be made."""
        self._asked = (list(self.wanted), self._finals())

    def _finals(self) -> dict[int, str]:
        return {caption.key: caption.text for caption in self.captions() if caption.final}

    def lost(self, style: Style) -> None:
        """Post anew what is missing, as what stands is out of reach."""
        self.sent.clear()
        finals = self._finals().items()
        self.behind |= {key for key, text in finals if self.stood.get(key) == text}
        self.stood.clear()
        self.write(style)

    def done(self, change: Change, ref: MessageRef | None) -> list[Caption]:
        """Record that a request succeeded; `ref` is the new message of a Post.

        Returns:
            The captions that stand whole and final by it.
        """
        self.failures = 0
        match change:
            case Post() if ref is not None:
                self.doubtful = False
                self.sent.append(Sent(ref, change.content))
            case Edit():
                self.sent[change.index].content = change.content
            case Delete():
                self.sent.pop()
        wanted, finals = self._asked
        if [sent.content for sent in self.sent] != wanted:
            return []
        known = self.stood.keys() | self.behind
        self.stood = finals
        return [one for one in self.captions() if one.key in finals.keys() - known]

    def give_up(self) -> None:
        """Leave it as it stands."""
        self.wanted = [sent.content for sent in self.sent]
        self.urgent_at = None

    def end(self, style: Style) -> None:
        """Make what stands final as it is and drop what nobody saw, as no more comes."""
        if self.final:
            return
        for known in self.said.values():
            for key, caption in list(known.items()):
                if self.sent or caption.final:
                    known[key] = replace(caption, final=True, source_follows=False)
                else:
                    del known[key]
        self.write(style)
        if self.urgent_at is None and self.change() is not None:
            self.urgent_at = float("-inf")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a schedule would do now: its change is made by `Schedule.start`."""

    entries: tuple[Entry, ...]  # several: in one message
    urgent: bool

    @property
    def rank(self) -> tuple[bool, float]:
        """The smaller, the earlier among the offers of several schedules."""
        return (not self.urgent, self.entries[0].began_at)
