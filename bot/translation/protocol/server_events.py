"""What the service says, as values; both dialects end here.

Interim text either replaces what stood before (qwen3, qwen3.5) or is added to it (qwen3.8):
`append` says which.
"""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """The session exists."""

    session_id: str


@dataclass(frozen=True, slots=True)
class SessionUpdated:
    """The session took the settings sent; audio may follow."""


@dataclass(frozen=True, slots=True)
class SessionFinished:
    """Everything asked for was answered; the socket is left for the client to close."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech begins `at_ms` after the session's first audio. `item_id` with qwen3.8 only."""

    at_ms: int | None
    item_id: str | None


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Speech ended `at_ms` after the session's first audio."""

    at_ms: int | None
    item_id: str | None


@dataclass(frozen=True, slots=True)
class SourceText:
    """Interim source text of an item."""

    item_id: str
    text: str
    append: bool
    language: str | None


@dataclass(frozen=True, slots=True)
class SourceDone:
    """The source text of an item; empty when the interim text stands."""

    item_id: str
    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """No source text will come for this item; empty when the service names none."""

    item_id: str
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class ItemCreated:
    """An item follows another: a translation its source."""

    item_id: str
    previous_item_id: str | None


@dataclass(frozen=True, slots=True)
class ResponseCreated:
    """A translation begins."""

    response_id: str


@dataclass(frozen=True, slots=True)
class OutputItemAdded:
    """An item belongs to a response."""

    response_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class TranslationText:
    """Interim translation of an item."""

    response_id: str
    item_id: str
    text: str
    append: bool


@dataclass(frozen=True, slots=True)
class TranslationDone:
    """The translation of an item; empty when the interim text stands."""

    response_id: str
    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class VoiceDelta:
    """A piece of spoken translation: bytes of PCM16, 24 kHz, mono, cut anywhere."""

    response_id: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class VoiceDone:
    """No more voice comes for this response."""

    response_id: str


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens used, by one response or by the session so far: the model decides.

    Attributes:
        tokens_in: Tokens read.
        tokens_out: Tokens written and spoken.
        tokens_voice: How many of `tokens_out` were spoken, where that is said.
    """

    tokens_in: int
    tokens_out: int
    tokens_voice: int = 0

    def __add__(self, other: "TokenCount") -> "TokenCount":
        return TokenCount(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.tokens_voice + other.tokens_voice,
        )

    def __sub__(self, other: "TokenCount") -> "TokenCount":
        return TokenCount(
            self.tokens_in - other.tokens_in,
            self.tokens_out - other.tokens_out,
            max(0, self.tokens_voice - other.tokens_voice),
        )


class Outcome(Enum):
    """How a translation ended."""

    WHOLE = auto()
    CUT = auto()  # something of it is missing
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class ResponseDone:
    """A translation ended.

    Attributes:
        response_id: The response's id.
        text: Its whole text as repeated here; empty when it is not.
        usage: What was counted, where it is said.
        outcome: How it ended.
    """

    response_id: str
    text: str
    usage: TokenCount | None
    outcome: Outcome = Outcome.WHOLE


@dataclass(frozen=True, slots=True)
class ServerError:
    """The service reports an error; the connection may go on.

    Attributes:
        code: The service's error code.
        message: The service's own words, for the log.
        param: The setting of ours that it is about.
        kind: The error's kind, such as invalid_request_error.
    """

    code: str
    message: str
    param: str | None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Unused:
    """An event that says nothing needed here, or one not known yet."""

    type: str


ServerEvent = (
    SessionCreated
    | SessionUpdated
    | SessionFinished
    | SpeechStarted
    | SpeechStopped
    | SourceText
    | SourceDone
    | SourceFailed
    | ItemCreated
    | ResponseCreated
    | OutputItemAdded
    | TranslationText
    | TranslationDone
    | VoiceDelta
    | VoiceDone
    | ResponseDone
    | ServerError
    | Unused
)
