"""One caption or notice on its way to the channel: what should stand there, and what does."""

from dataclasses import dataclass, field

from bot.chat.render import parts
from bot.chat.transport import MessageRef
from bot.room.events import Caption, Member

Key = int | str  # a caption's own number, or a notice's name


@dataclass(frozen=True, slots=True)
class Post:
    """A message to post under the speaker's name; None is the bot itself."""

    key: Key
    speaker: Member | None
    content: str


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
    """A caption's or notice's state; several messages when it is long.

    Attributes:
        order: Of arrival, where two began at the same time.
        wanted: The messages as they should read now.
        sent: The messages as they do.
        changed_at: Clock seconds of the last request; spaces the interims.
        failures: Requests that failed in a row.
        removed: Somebody deleted a message of it; it is left alone.
    """

    key: Key
    order: int
    began_at: float
    speaker: Member | None
    wanted: list[str]
    final: bool
    caption: Caption | None = None
    sent: list[Sent] = field(default_factory=list)
    changed_at: float = float("-inf")
    failures: int = 0
    removed: bool = False

    def take(self, caption: Caption) -> None:
        """A newer state of the caption."""
        self.caption = caption
        self.final = caption.final
        self.wanted = parts(caption)

    @property
    def begun(self) -> bool:
        """A part stands and a further one is to be posted."""
        return 0 < len(self.sent) < len(self.wanted)

    def change(self) -> Change | None:
        """The next request that brings the channel closer to what is wanted, if one is needed."""
        for index, (sent, content) in enumerate(zip(self.sent, self.wanted, strict=False)):
            if sent.content != content:
                return Edit(self.key, index, sent.ref, self.speaker, content)
        if len(self.sent) < len(self.wanted):
            return Post(self.key, self.speaker, self.wanted[len(self.sent)])
        if len(self.sent) > len(self.wanted):
            return Delete(self.key, self.sent[-1].ref)
        return None

    def done(self, change: Change, ref: MessageRef | None) -> None:
        """A request succeeded; `ref` is the new message of a Post."""
        self.failures = 0
        match change:
            case Post() if ref is not None:
                self.sent.append(Sent(ref, change.content))
            case Edit():
                self.sent[change.index].content = change.content
            case Delete():
                self.sent.pop()
