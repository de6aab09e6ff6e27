"""The service's models: which dialect, languages, voices, defaults and counts each one has.

Figures and lists are those of the vendor's documentation, September 2026.
"""

from dataclasses import dataclass
from enum import StrEnum


class EngineDialect(StrEnum):
    """The form of session settings and of interim text."""

    FLAT = "3/3.5"  # flat settings; interim text replaces what came before
    NESTED = "3.8"  # nested settings; interim text is appended


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One model of the service.

    Attributes:
        name: Its name, as in the address.
        dialect: The dialect of the protocol.
        spoken: Languages it translates into as text and voice.
        written: Languages it translates into as text alone.
        voice: The default voice.
        voices: All there are; None where the list is not published in full.
        refused_voices: Known not to be among them.
        audio_format: Names for (input, output).
        source_text: Whether the original is sent unless asked otherwise.
        source_language: Assumed unless named; None detects it.
        audio_tokens: A second (in, out).
        usage_sums: Whether usage counts from the session's begin instead of the response's.
    """

    name: str
    dialect: EngineDialect
    spoken: frozenset[str]
    written: frozenset[str]
    voice: str
    voices: frozenset[str] | None
    refused_voices: frozenset[str]
    audio_format: tuple[str, str]
    source_text: bool
    source_language: str | None
    audio_tokens: tuple[float, float]
    usage_sums: bool


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_SPOKEN_3 = _names("zh en ru fr de pt es it ko ja yue")
_WRITTEN_3 = _names("id vi th ar hi el tr")
_SPOKEN_35 = _names(
    "zh en ar de fr es pt id it ko ru th vi ja tr hi ms nl ur nb sv da he fi pl is cs fil fa"
)
_WRITTEN_35 = _names(
    "yue el af ast be bg bn bs ca ceb et gl gu hr hu jv kk kn ky lv mk ml mr pa ro sk sl sw tg az "
    "uk"
)
_VOICES_3 = _names("Cherry Nofish Jada Dylan Sunny Peter Eric Kiki")


def _qwen3(name: str) -> LiveModel:
    return LiveModel(
        name,
        EngineDialect.FLAT,
        spoken=_SPOKEN_3,
        written=_WRITTEN_3,
        voice="Cherry",
        voices=_VOICES_3,
        refused_voices=frozenset(),
        audio_format=("pcm16", "pcm24"),
        source_text=False,
        source_language="en",
        audio_tokens=(12.5, 12.5),
        usage_sums=False,
    )


def _qwen35(name: str) -> LiveModel:
    return LiveModel(
        name,
        EngineDialect.FLAT,
        spoken=_SPOKEN_35,
        written=_WRITTEN_35,
        voice="Tina",
        voices=None,
        refused_voices=frozenset({"Chelsie"}),
        audio_format=("pcm", "pcm"),
        source_text=True,
        source_language=None,
        audio_tokens=(7.0, 12.5),
        usage_sums=True,
    )


def _qwen38(name: str) -> LiveModel:
    return LiveModel(
        name,
        EngineDialect.NESTED,
        spoken=_SPOKEN_35,
        written=_WRITTEN_35,
        voice="Tina",
        voices=None,
        refused_voices=frozenset({"Cherry", "Chelsie"}),
        audio_format=("pcm", "pcm"),
        source_text=True,
        source_language=None,
        audio_tokens=(7.0, 12.5),
        usage_sums=False,
    )


_MODELS = {
    model.name: model
    for model in (
        _qwen3("qwen3-livetranslate-flash-realtime"),
        _qwen3("qwen3-livetranslate-flash-realtime-2025-09-22"),
        _qwen35("qwen3.5-livetranslate-flash-realtime"),
        _qwen35("qwen3.5-livetranslate-flash-realtime-2026-05-19"),
        _qwen38("qwen3.8-livetranslate-flash-realtime"),
    )
}


def model_named(name: str) -> LiveModel | None:
    """Return the model of that name; None where the service has none."""
    return _MODELS.get(name)
