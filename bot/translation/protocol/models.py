"""What each LiveTranslate model can do, in one table."""

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from bot.logs import get_logger
from bot.translation.protocol import languages, livetranslate_voices
from bot.translation.protocol.livetranslate_voices import Voices

log = get_logger(__name__)


class Dialect(Enum):
    """How a model wants to be addressed. What it answers is read the same way for both."""

    FLAT = "flat"  # qwen3, qwen3.5: session.modalities, formats and turn detection at the top
    NESTED = "nested"  # qwen3.8: session.output_modalities, session.audio.input and .output


class SourceTextSupport(Enum):
    """Whether a model can say what it heard."""

    OPTIONAL = "optional"  # on when a transcription model is named
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes:
        name: The model's name for LIVETRANSLATE_MODEL and the service.
        dialect: How its session.update is written.
        spoken: Target languages with voice and text.
        text_only: Target languages with text alone.
        voices: What it speaks with.
        imitates: Whether it can speak in the speaker's own voice.
        source_text: Whether the original text can be turned off.
        source_language: Whether it can be told the speaker's language.
        assumed_source: The language it takes all speech for unless told, and names as the source's.
        skips_echo: Target languages for which it can be told to skip speech that is in them.
        most_phrases: Terms of a glossary it takes.
        audio_format: Name of PCM16 in the flat dialect.
        cumulative_usage: Whether the token counts of a response are those of the whole session.
        tokens_in_per_s: What a second of speech takes.
        tokens_out_per_s: What a second of voice takes.
    """

    name: str
    dialect: Dialect
    spoken: frozenset[str]
    text_only: frozenset[str]
    voices: Voices
    imitates: bool
    source_text: SourceTextSupport
    source_language: bool
    assumed_source: str | None
    skips_echo: frozenset[str]
    most_phrases: int
    audio_format: str
    cumulative_usage: bool
    tokens_in_per_s: float
    tokens_out_per_s: float

    @property
    def targets(self) -> frozenset[str]:
        """Every language it translates into."""
        return self.spoken | self.text_only


_MOST_PHRASES: Final = 1000  # the vendor's advice

_QWEN3: Final = Model(
    name="qwen3-livetranslate-flash-realtime",
    dialect=Dialect.FLAT,
    spoken=languages.QWEN3_SPOKEN,
    text_only=languages.QWEN3_TEXT_ONLY,
    voices=livetranslate_voices.QWEN3,
    imitates=False,
    source_text=SourceTextSupport.OPTIONAL,
    source_language=True,
    assumed_source="en",
    skips_echo=frozenset(),
    most_phrases=_MOST_PHRASES,
    audio_format="pcm16",
    cumulative_usage=False,
    tokens_in_per_s=12.5,
    tokens_out_per_s=12.5,
)
_QWEN35: Final = Model(
    name="qwen3.5-livetranslate-flash-realtime",
    dialect=Dialect.FLAT,
    spoken=languages.SPOKEN,
    text_only=languages.TEXT_ONLY,
    voices=livetranslate_voices.NEWER,
    imitates=True,
    source_text=SourceTextSupport.OPTIONAL,
    source_language=True,
    assumed_source=None,
    skips_echo=frozenset({"zh", "en"}),
    most_phrases=_MOST_PHRASES,
    audio_format="pcm",
    cumulative_usage=True,  # seen live by others, not documented
    tokens_in_per_s=7,
    tokens_out_per_s=12.5,
)
_QWEN38: Final = Model(
    name="qwen3.8-livetranslate-flash-realtime",
    dialect=Dialect.NESTED,
    spoken=languages.SPOKEN,
    text_only=languages.TEXT_ONLY,
    voices=livetranslate_voices.NEWER,
    imitates=True,
    source_text=SourceTextSupport.ALWAYS,
    source_language=False,
    assumed_source=None,
    skips_echo=frozenset(),
    most_phrases=_MOST_PHRASES,
    audio_format="pcm",
    cumulative_usage=True,  # unknown; as the generation before
    tokens_in_per_s=7,
    tokens_out_per_s=12.5,
)

MODELS: Final = (_QWEN3, _QWEN35, _QWEN38)
NEWEST: Final = _QWEN38
TEXT_MODELS: Final = ("qwen-mt-flash", "qwen-mt-plus", "qwen-mt-lite", "qwen-mt-turbo")
"""Models that translate in writing."""
TTS_MODEL: Final = "qwen3-tts-flash"
"""The model that reads typed words aloud."""

_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_FAMILY: Final = re.compile(r"qwen\d[\d.]*-livetranslate(-[a-z\d]+)*-realtime(-\d{4}-\d\d-\d\d)?")
_TEXT_FAMILY: Final = re.compile(r"qwen[\d.]*-mt-[a-z\d]+(-[a-z\d]+)*")

_TTS_FAMILY: Final = re.compile(r"qwen\d[\d.]*-tts-[a-z\d]+(-\d{4}-\d\d-\d\d)?")


def is_live(name: str) -> bool:
    """Return whether a name is that of a LiveTranslate model, even one newer than our table."""
    return _FAMILY.fullmatch(name) is not None


def is_text(name: str) -> bool:
    """Return whether a name is that of a Qwen-MT model, even one newer than our table."""
    return _TEXT_FAMILY.fullmatch(name) is not None


def is_tts(name: str) -> bool:
    """Return whether a name is that of a Qwen3-TTS model over HTTP, even one not known yet."""
    return _TTS_FAMILY.fullmatch(name) is not None


def look_at_text_model(name: str) -> None:
    """Warn of a model for texts that is not known; it is asked as the others are."""
    if _SNAPSHOT.sub("", name) not in TEXT_MODELS:
        log.warning("unknown text model", model=name, treated_as=TEXT_MODELS[0])


def model_named(name: str) -> Model:
    """Return the table's row for a model or a dated snapshot of it.

    A name that is not in the table gets the newest row, with a warning: a new generation is more
    likely to speak as the newest does than as an older one.
    """
    family = _SNAPSHOT.sub("", name)
    for model in MODELS:
        if model.name == family:
            return replace(model, name=name)
    log.warning("unknown model", model=name, treated_as=NEWEST.name)
    return replace(NEWEST, name=name)
