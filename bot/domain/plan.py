"""What a room is to do, and how it stands: the values that go in and out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.domain.cost import Today
from bot.domain.events import ConversationRequest, ConversationState, Member, Usage
from bot.domain.glossary import Glossary
from bot.domain.stored import Layout
from bot.domain.trouble import ServiceTrouble
from bot.domain.voice_mode import VoiceStyle
from bot.words.codes import ORIGINAL

_UNSEEN: Final = ("en", "zh", "es", "fr", "de", "ja")
"""Languages to hear speech by where nobody wants a translation; one more than guests add."""


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """What to interpret, where to, in which languages.

    Attributes:
        guild_id: The guild, which has at most one room.
        voice_channel_id: Heard, and spoken into.
        text_channel_id: Where captions go.
        targets: Languages to translate into, in the order shown; `ORIGINAL` may be among them.
        spoken: The one of `targets` that is spoken back, or None.
        originals: Show what was said beside its translation.
        layout: Where captions of several languages stand.
        session: Id of its transcript; an empty one is replaced when the room starts.
        locale: Discord's locale for the room's own messages in the text channel.
        guests: How many languages those who read may add; None: as many as the server lets them.
        read: Languages of `targets` that readers added; they are made by text translation.
        resting: Languages of `read` that nobody present reads: nothing is translated into them.
        voice: How translations are read aloud.
        listened: Those of `targets` whose voice somebody listens to on the page.
    """

    guild_id: int
    voice_channel_id: int
    text_channel_id: int
    targets: tuple[str, ...]
    spoken: str | None = None
    originals: bool = True
    layout: Layout = Layout.TOGETHER
    session: str = ""
    locale: str = "en-US"
    guests: int | None = None
    read: tuple[str, ...] = ()
    resting: frozenset[str] = frozenset()
    voice: VoiceStyle = field(default_factory=VoiceStyle)
    listened: frozenset[str] = frozenset()

    @property
    def lead(self) -> str:
        """The language that has a conversation in any case."""
        return self.heard[0] if self.spoken is None else self.spoken

    @property
    def heard(self) -> tuple[str, ...]:
        """The languages that may have a conversation, in the order shown; at least one."""
        chosen = (one for one in self.targets if one != ORIGINAL and one not in self.read)
        return tuple(chosen) or tuple(filter(None, (self.unseen,)))

    @property
    def unseen(self) -> str | None:
        """The language of the conversation that only hears, where no translation was chosen."""
        if any(one != ORIGINAL and one not in self.read for one in self.targets):
            return None
        return next((one for one in _UNSEEN if one not in self.targets), _UNSEEN[0])

    @property
    def translated(self) -> tuple[str, ...]:
        """What speech is translated into, whether it is shown or not."""
        shown = tuple(one for one in self.targets if one != ORIGINAL)
        return shown if self.unseen is None else (self.unseen, *shown)

    def requests(
        self, user_id: int, glossary: Glossary, source: str | None = None
    ) -> list[ConversationRequest]:
        """Return what to open for a speaker of this language, a conversation for each target."""
        return [
            ConversationRequest(
                user_id,
                target,
                source=source,
                spoken=target == self.spoken or target in self.listened,
                glossary=glossary.get(target, {}),
                guild_id=self.guild_id,
                # Others may be made from it, for guests also later: what was opened then fits.
                source_text=len(self.targets) > 1 or self.guests != 0 or ORIGINAL in self.targets,
            )
            for target in self.translated
        ]


@dataclass(frozen=True, slots=True)
class SpeakerStatus:
    """How one member in the channel stands with the room.

    Attributes:
        consenting: They agreed to be heard.
        unread: The language they want to read and do not get.
        reads: They can read that they are heard where the captions go; who can't is not heard.
        sees: They see where the captions go.
        unreadable: They won't get it, as it can't be added here; else it has no place yet.
    """

    member: Member
    consenting: bool
    speaking: bool
    conversations: Mapping[str, ConversationState]
    unread: str | None = None
    reads: bool = True
    sees: bool = True
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """A room at one moment.

    Attributes:
        plan: Its channel is where the bot is, its targets what is translated into now.
        running_s: Seconds since it started.
        heard_ago_s: Seconds since anybody was last heard; None when nobody was yet.
        usage: What the service counted so far.
        figures: The voice link's counters and gauges.
        today: What its guild spent today.
        paused: Whether the room is paused, so that nobody is heard.
        chosen: Targets that were chosen for the room; the others are there for members who read
            them. Empty: all were.
        ended: Whether the room is over.
        restarting: Whether it is over for now, as the process ends.
        trouble: Why nothing can be translated, also if it began just now.
        interrupted: Whether that has lasted for a while.
        text_trouble: Why some languages are missing.
        missing: The languages that have no captions.
    """

    plan: RoomPlan
    running_s: float
    heard_ago_s: float | None
    speakers: tuple[SpeakerStatus, ...]
    captions: int
    usage: Usage
    figures: Mapping[str, float]
    today: Today
    paused: bool = False
    chosen: tuple[str, ...] = ()
    ended: bool = False
    restarting: bool = False
    trouble: ServiceTrouble | None = None
    interrupted: bool = False
    text_trouble: ServiceTrouble | None = None
    missing: tuple[str, ...] = ()

    @property
    def hears_nobody(self) -> bool:
        """Whether the link hears nobody at the moment."""
        return bool(self.figures.get("deafened") or self.figures.get("deaf"))

    @property
    def heard(self) -> frozenset[int]:
        """User ids of those who are heard as soon as they speak, where the link hears anybody."""
        if self.paused or self.ended:
            return frozenset()
        return frozenset(s.member.id for s in self.speakers if s.consenting and s.reads)
