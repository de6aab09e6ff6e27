"""What a room needs of the world, split by direction. Each edge implements one of these."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.domain.events import (
    Caption,
    ConversationEvent,
    ConversationRequest,
    Failed,
    Member,
    Speech,
    TextAnswer,
    TextRequest,
    Usage,
    VoiceRequest,
)
from bot.domain.spent import Spent, SpentKey
from bot.domain.stored import Layout
from bot.domain.voices import OfferedVoices

# The voice channel


class Listener(Protocol):
    """The room, as its voice link sees it. Called on the event loop; must not block or raise."""

    def heard(self, speech: Speech) -> None:
        """Take speech; batches of one member come in order and without gaps in time."""

    def fell_silent(self, user_id: int, at: float) -> None:
        """Record that a member stopped at clock second `at`: silence came, or nothing for 200 ms.

        For longer where their packets are long, or their network stands still at times.
        """

    def joined(self, member: Member) -> None:
        """Record that a member entered the voice channel."""

    def left(self, user_id: int) -> None:
        """Record that a member left the voice channel."""

    def noticed(self, code: str, text: str) -> None:
        """Tell the people; `code` names the matter, `text` how it stands now."""

    def lost(self, reason: str) -> None:
        """Record that the link ended for good; `reason` is a sentence for the text channel."""


class VoiceTrack(Protocol):
    """The voice of one utterance in a voice channel. Never blocks; of no effect once it is over."""

    @property
    def over(self) -> bool:
        """Nothing more is heard of it.

        It was played out or dropped, or the call had to be joined anew, or was left, in its middle.
        """

    def left_s(self) -> float:
        """Return the seconds that are still to be heard, at the track's rate."""

    def add(self, pcm: bytes) -> None:
        """Queue voice (PCM16, 24 kHz, mono, any length) behind what is queued of it."""

    def end(self) -> None:
        """Record that no more comes; what there is, is played out."""

    def drop(self) -> None:
        """Stop being heard, at once and without a click."""

    def hold(self, *, on: bool) -> None:
        """Pause and keep what is left, or go on with it."""

    def set_gain(self, gain: float) -> None:
        """Glide to this gain, a factor, within some 200 ms."""

    def set_rate(self, rate: float) -> None:
        """Speak so many times as fast from now on, at the same pitch."""


class VoiceLink(Protocol):
    """A joined voice channel, both directions."""

    @property
    def channel_id(self) -> int:
        """Where the bot is now; it may have been moved."""

    def allow(self, user_ids: frozenset[int]) -> None:
        """Decrypt these members and nobody else, from now on. Takes effect with the next packet."""

    def members(self) -> tuple[Member, ...]:
        """Return who is in the channel now, bots left out."""

    def begin(self, *, gain: float = 1.0) -> VoiceTrack:
        """Return a track for one utterance, heard beside those there are; see there."""

    def someone_speaks(self) -> bool:
        """Return whether one of those who are heard speaks now, or did a moment ago."""

    def figures(self) -> Mapping[str, float]:
        """Return counters and gauges by name (packets, lost, concealed, rejoins, deaf, ...)."""

    async def close(self) -> None:
        """Leave the channel. Idempotent; no thread, socket or task stays."""


class JoinVoice(Protocol):
    """Opens voice links."""

    def __call__(
        self, channel_id: int, listener: Listener, *, speaks: bool
    ) -> Awaitable[VoiceLink]:
        """Join a voice channel for a listener, to hear and, if it `speaks`, to be heard.

        Raises:
            VoiceLinkError: It could not be joined.
        """


# The translation service


class Conversation(Protocol):
    """One speaker's live translation into one language. Called on the event loop; never blocks."""

    def feed(self, pcm: bytes) -> None:
        """Translate speech: PCM16, 16 kHz, mono. Opens the link when it is not open."""

    def fell_silent(self) -> None:
        """Send silence until the turn is done, as the speaker stopped."""

    def use_glossary(self, phrases: Mapping[str, str]) -> None:
        """Translate these source terms to these target terms from now on."""

    def discard(self) -> None:
        """Send nothing of what was fed and is not sent yet: its speaker withdrew."""

    async def close(self) -> None:
        """End it; a running turn gets its last events first (bounded). Idempotent."""


class Interpreter(Protocol):
    """The translation service."""

    def check(self, request: ConversationRequest) -> None:
        """Raise LanguageError when the model can't serve the request."""

    def converse(
        self, request: ConversationRequest, listener: Callable[[ConversationEvent], None]
    ) -> Conversation:
        """Return a conversation, not yet open; `listener` is called on the event loop."""

    async def prepare(self, request: ConversationRequest) -> None:
        """Open a request's conversation before its first word; `converse` takes it over.

        Returns within 2 s. Raises ConversationError when the service refuses for good; a failure
        that may pass is left to the conversation.
        """

    async def discard(self, guild_id: int) -> None:
        """Close what was prepared for a guild and not taken over."""

    def languages(self) -> Mapping[str, bool]:
        """Return each target language's code, and whether it can be spoken."""

    def voices(self) -> OfferedVoices:
        """Return what translations can be spoken with."""


class Capacity(Protocol):
    """What of the translation service is left. `Interpreter`s that know it have it too."""

    def has_room(self, conversations: int, guild_id: int) -> bool:
        """Return whether a server could open so many more soon, within its share of the limits."""


class TextTicket(Protocol):
    """A text that was handed in."""

    @property
    def waiting(self) -> bool:
        """Whether it has not been sent yet."""

    def cancel(self) -> None:
        """Take it back: it is not sent. One that was sent already may still be answered."""


class TextTranslator(Protocol):
    """The text translation service. Called on the event loop; never blocks."""

    def languages(self) -> frozenset[str]:
        """Return the codes of the languages it translates between."""

    def ask(
        self, request: TextRequest, answered: Callable[[TextAnswer | Failed | Usage], None]
    ) -> TextTicket:
        """Hand a text in.

        `answered` is called on the event loop, after this returns, at most once: with the
        translation, or with why there is none. A fatal failure means that no further text of this
        language will be translated either. Before that it is told what was used to no avail, each
        time as a Usage.
        """


class SpeechSynthesis(Protocol):
    """Reads aloud what was typed. Called on the event loop."""

    def languages(self) -> frozenset[str]:
        """Return the codes of the languages it speaks; none where nothing is read aloud."""

    def characters(self, text: str) -> int:
        """Return for how many characters a text is charged."""

    async def speak(
        self, request: VoiceRequest, said: Callable[[bytes | Usage], None]
    ) -> Failed | None:
        """Have a text read aloud; return why it was not, or not to its end.

        `said` is told each piece of voice (PCM16, 24 kHz, mono) as it comes, and what was used,
        also when this is cancelled.
        """


# The text channel


@dataclass(frozen=True, slots=True)
class Look:
    """How a room's captions stand in its text channel.

    Attributes:
        languages: The room's, in the order shown; captions of others are shown behind them.
        layout: Where captions of several languages stand.
        originals: Show what was really said beneath its translation.
        caption_minutes: Minutes after which a caption is removed; 0: it stays.
        locale: The locale of the notices, as Discord names it.
    """

    languages: tuple[str, ...] = ()
    layout: Layout = Layout.TOGETHER
    originals: bool = True
    caption_minutes: int = 0
    locale: str = "en-US"


class CaptionBoard(Protocol):
    """Where captions and notices are read."""

    def show(self, caption: Caption) -> None:
        """Show a caption or its newer state, soon; interim states may be skipped, finals never."""

    def say(self, text: str) -> None:
        """Post a notice of the room to its people, in order with the captions.

        A sentence made with `bot.words.t` is shown in the board's locale.
        """

    def languages_changed(self, languages: Sequence[str]) -> None:
        """Show these languages from now on, in this order."""

    async def close(self) -> None:
        """Deliver what is final, then end. Idempotent."""


OpenBoard = Callable[[int, Look, Callable[[str], None]], Awaitable[CaptionBoard]]
"""The board in the text channel of this id, with this look; raises ChatError.

The last argument is called, at most once, with a sentence that says why nothing can be written
there any more.
"""


# The store


class ConsentStore(Protocol):
    """Who agreed to be heard, per guild. Nothing is stored about those who did not."""

    async def consenting(self, guild_id: int) -> frozenset[int]:
        """Return the user ids of those who agreed."""

    async def agree(self, guild_id: int, user_id: int) -> None:
        """Remember that this person agreed."""

    async def withdraw(self, guild_id: int, user_id: int) -> None:
        """Forget that this person agreed."""


class UsageStore(Protocol):
    """What was spent, a row for each day, guild, person and model. Methods raise StoreError."""

    async def add(self, amounts: Mapping[SpentKey, Spent]) -> None:
        """Add to rows, all of them or none; at most some hundred."""

    async def day(self, guild_id: int, day: date) -> Mapping[str, Spent]:
        """Return what a guild spent on a day, by model."""

    async def since(
        self, guild_id: int, day: date, whose: int | None = None
    ) -> Mapping[SpentKey, Spent]:
        """Return a guild's rows of a day and those after it.

        Args:
            guild_id: The guild.
            day: The first day.
            whose: Only this person's rows are apart, the others' are summed as `NOBODY`'s; None:
                everybody's are apart.
        """

    async def forget(self, guild_id: int, user_id: int) -> None:
        """Add a person's rows to those that name nobody, and delete them."""
