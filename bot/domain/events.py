"""The values that flow through a room. Nothing here knows Discord or DashScope.

A *turn* is one utterance in one conversation, numbered from 1 in the order of speech. What a
conversation says about a turn may come in any order (the source text often after the
translation) and always carries its turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SPEECH_RATE = 16_000  # hertz, of all speech heard; PCM16 little-endian mono
VOICE_RATE = 24_000  # hertz, of all speech spoken back; PCM16 little-endian mono


@dataclass(frozen=True, slots=True)
class Member:
    """A person in the voice channel, as the room needs them."""

    id: int
    name: str
    avatar_url: str | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """Decoded speech of one member.

    Attributes:
        user_id: Who spoke; proven by the encryption, not guessed.
        pcm: PCM16, 16 kHz, mono, whole 20 ms frames; lost time is filled, so its length is true.
        at: Clock seconds at which the packet with its last frame arrived.
    """

    user_id: int
    pcm: bytes
    at: float


@dataclass(frozen=True, slots=True)
class ConversationRequest:
    """What one conversation with the translation service is for.

    Attributes:
        speaker_id: The member whose speech it gets.
        target: Language to translate into (code of the service, as "en").
        source: The speaker's language where known; None lets the service detect it.
        spoken: Whether the translation is wanted as voice too.
        voice: Name of the voice; None takes the model's default.
        imitated: Speak in the speaker's own voice instead, to which they agreed; `voice` is for
            where the service can't.
        glossary: Source term to target term.
        guild_id: The room's guild; scarce resources are shared fairly between guilds.
        source_text: The original is needed, whether it is shown or not.
    """

    speaker_id: int
    target: str
    source: str | None = None
    spoken: bool = False
    voice: str | None = None
    imitated: bool = False
    glossary: Mapping[str, str] = field(default_factory=dict)
    guild_id: int = 0
    source_text: bool = False


GAP = " […]"
"""Stands behind a text whose rest is not translated yet, and may be lost."""


@dataclass(frozen=True, slots=True)
class Partial:
    """The whole interim translation of a turn so far; replaces the one before.

    Attributes:
        turn: The turn.
        text: The whole text so far.
        broken: The connection broke, and what was said since is missing: `text` ends with `GAP`.
    """

    turn: int
    text: str
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The whole source text of a turn so far; `final` when it will not change.

    `broken` is as a Partial's.
    """

    turn: int
    text: str
    language: str | None
    final: bool
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Final:
    """The whole translation of a turn. May be extended by a later Final of the same turn.

    Attributes:
        turn: The turn.
        text: The whole text so far.
        source_follows: Its source text may still come; otherwise it came, or none does.
    """

    turn: int
    text: str
    source_follows: bool = True


@dataclass(frozen=True, slots=True)
class Voice:
    """A piece of a turn's spoken translation: PCM16, 24 kHz, mono."""

    turn: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class VoiceEnded:
    """No more voice comes for this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class Echoed:
    """The turn was said in the target language: its source text is what is shown of it.

    What was spoken of it is taken back. Should a translation follow all the same, it is shown.
    """

    turn: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """Nothing more comes for this turn; what was not made final by now is so as it stands."""

    turn: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used since the conversation's last Usage; tokens as the service counts them.

    Attributes:
        audio_in_s: Seconds of speech sent.
        audio_out_s: Seconds of voice received.
        tokens_in: Tokens of all kinds that the conversation read.
        tokens_out: Tokens the conversation wrote or spoke; includes `tokens_voice`.
        connects: Conversations opened, failed tries too.
        tokens_voice: How many of `tokens_out` are spoken; the others are written.
        text_tokens_in: Tokens that text translation read.
        text_tokens_out: Tokens that text translation wrote.
        voice_characters: Characters of typed words that were read aloud, as they are charged for.
    """

    audio_in_s: float = 0.0
    audio_out_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    connects: int = 0
    tokens_voice: int = 0
    text_tokens_in: int = 0
    text_tokens_out: int = 0
    voice_characters: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.audio_in_s + other.audio_in_s,
            self.audio_out_s + other.audio_out_s,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.connects + other.connects,
            self.tokens_voice + other.tokens_voice,
            self.text_tokens_in + other.text_tokens_in,
            self.text_tokens_out + other.text_tokens_out,
            self.voice_characters + other.voice_characters,
        )


@dataclass(frozen=True, slots=True)
class TextRequest:
    """A text to be translated.

    Attributes:
        text: What was said; a sentence or a few.
        source: Its language where known; None lets the service detect it.
        target: Language to translate into.
        final: It is translated whatever it takes; an interim only while there is room for it.
        terms: Source term to target term.
        guild_id: The room's guild; scarce resources are shared fairly between guilds.
    """

    text: str
    source: str | None
    target: str
    final: bool
    terms: Mapping[str, str] = field(default_factory=dict)
    guild_id: int = 0


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """A translated text, and what it took."""

    text: str
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """A text to be read aloud.

    Attributes:
        text: What is said; a sentence or a few.
        language: Its language.
        voice: Name of the voice in which conversations speak the same member; None: any.
        guild_id: The room's guild; scarce resources are shared fairly between guilds.
    """

    text: str
    language: str
    voice: str | None = None
    guild_id: int = 0


class ConversationState(StrEnum):
    """Where a conversation stands, for the status panel."""

    IDLE = "idle"  # not open; opens with the next speech
    WAITING = "waiting"  # for the account's limits, with what is said meanwhile
    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"  # for good


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The conversation's link to the service changed."""

    state: ConversationState


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong; the conversation says what it does about it.

    Attributes:
        code: A stable name of the fault, for logs.
        message: One sentence for the people in the room, with what to do where something can be.
        fatal: The conversation ended for good; otherwise it goes on, or opens anew by itself.
        of_service: The service as a whole can't be used, which is said for all together.
    """

    code: str
    message: str
    fatal: bool
    turn: int | None = None
    of_service: bool = False


ConversationEvent = (
    Partial
    | Source
    | Final
    | Voice
    | VoiceEnded
    | Echoed
    | TurnEnded
    | Usage
    | StateChanged
    | Failed
)


TYPED = "typed"
"""Stands for the language of a conversation where there was none: words that were typed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The turn of a conversation that a caption is made from: in writing, or by itself.

    Attributes:
        visit: Which visit of which member.
        language: The conversation's; `TYPED` for what was typed.
        turn: Its number there.
    """

    visit: int
    language: str
    turn: int

    def contradicts(self, other: "Origin") -> bool:
        """Return whether both are different turns of one conversation, so different utterances."""
        if self.language == other.language == TYPED:
            return self != other
        return self != other and (self.visit, self.language) == (other.visit, other.language)


@dataclass(frozen=True, slots=True)
class Caption:
    """One utterance in one language as it should stand in the text channel now.

    Attributes:
        key: Unique in the room; the same caption is shown again with the same key when it grows.
        speaker: The member who said it.
        language: The language of `text`.
        text: The translation; empty while only the source is known.
        source_text: The original; empty while unknown.
        source_language: The original's language, where known.
        final: The translation is whole. It is shown once more should the original come later.
        began_at: Clock seconds when the utterance was first heard, for ordering.
        origin: What it is made from, where known; captions with the same are of one utterance.
        source_follows: The original may still come, or grow.
        utterance: Numbered in the room from 1; a member's words in all languages have the same. 0:
            it belongs with no other.
        broken: Words are missing at its end, for now, and it says so.
        unspoken: It is not read aloud, though others of its language are: too much waited.
        ended_at: Clock seconds when its speaker was last heard before it was final.
    """

    key: int
    speaker: Member
    language: str
    text: str
    source_text: str
    source_language: str | None
    final: bool
    began_at: float
    origin: Origin | None = None
    source_follows: bool = True
    utterance: int = 0
    broken: bool = False
    unspoken: bool = False
    ended_at: float | None = field(default=None, compare=False)
