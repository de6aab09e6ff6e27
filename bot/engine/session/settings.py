"""What a session was asked for, whichever dialect it was said in."""

from dataclasses import dataclass, field
from typing import Any

from bot.engine.catalogue import LiveModel
from bot.errors import EngineError


class SettingRefusedError(EngineError):
    """A client's event is not taken; becomes an `error` event.

    Args:
        message: A message for the client's developer.
        code: The service's error code.
        param: The part of the event that is at fault.
        kind: The service's "type" of error.
    """

    code = "invalid_value"

    def __init__(
        self,
        message: str,
        *,
        code: str = "invalid_value",
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.wire_code = code
        self.param = param
        self.kind = kind


class VoiceRefusedError(EngineError):
    """The service closes the connection over a voice that it has not."""

    code = "voice"

    def __init__(self, voice: str) -> None:
        super().__init__(f"InternalError.Algo.InvalidParameter: Voice '{voice}' is not supported.")


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """How the end of a turn is found.

    Attributes:
        kind: "server_vad" or, in 3.8, "speaker_detection".
        threshold: The threshold, as the client gave it.
        silence_ms: That ends a turn.
        prefix_ms: How much sound is kept from before the speech.
    """

    kind: str
    threshold: float
    silence_ms: int
    prefix_ms: int = 300

    @property
    def probability(self) -> float:
        """The threshold as a probability of speech.

        Speaker detection's is one. The other runs from -1 to 1; its default of 0.2 is laid on
        0.5, the detector's own.
        """
        return self.threshold if self.kind == "speaker_detection" else 0.42 + 0.4 * self.threshold


@dataclass(frozen=True, slots=True)
class RequestedSettings:
    """The state of a session's settings.

    Attributes:
        target: Language to translate into.
        audio: Whether the translation is spoken too.
        voice: Name of the voice.
        source_text: Whether the original is sent.
        source_language: Language of the speech; None detects it.
        detection: None leaves the turns to the client (commit).
        sample_rate: Hertz of the sound that comes in.
        shown: What the client set that changes nothing here, told back in session.updated.
    """

    target: str
    audio: bool
    voice: str
    source_text: bool
    source_language: str | None
    detection: TurnDetection | None
    sample_rate: int
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def modalities(self) -> list[str]:
        """As the protocol names them."""
        return ["text", "audio"] if self.audio else ["text"]


def section(body: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    """Return the object at `key`, empty where there is none.

    Raises:
        RefusedError: It is no object.
    """
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingRefusedError(f"Invalid {path}: an object is expected.", param=path)
    return value


def number(value: Any, low: float, high: float, path: str) -> float:
    """Return a number within bounds.

    Raises:
        RefusedError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SettingRefusedError(
            f"Invalid {path}: a number from {low:g} to {high:g} is expected.", param=path
        )
    return value


def wants_audio(value: Any, path: str) -> bool:
    """Return whether modalities ask for voice.

    Raises:
        RefusedError: Another combination than text, or text and audio.
    """
    if isinstance(value, list) and value == ["text"]:
        return False
    if isinstance(value, list) and len(value) == 2 and {"text", "audio"} == set(map(str, value)):
        return True
    raise SettingRefusedError(
        f"Invalid modalities: {value}. Supported combinations are: ['text'] and ['audio', 'text'].",
        param=path,
    )


def check_voice(model: LiveModel, voice: Any, path: str) -> str:
    """Return the name of a voice that the model has, or may have.

    Raises:
        RefusedError: It is no name.
        VoiceRefusedError: The model has it not.
    """
    if not isinstance(voice, str) or not voice:
        raise SettingRefusedError(f"Invalid {path}: a name is expected.", param=path)
    known = model.voices is None or voice in model.voices
    if not known or voice in model.refused_voices:
        raise VoiceRefusedError(voice)
    return voice


def refuse_imitation(body: dict[str, Any]) -> None:
    """Refuse to speak in a speaker's own voice, which none of the engines here can.

    Raises:
        RefusedError: It is asked for.
    """
    if body.get("enable_voice_clone"):
        raise SettingRefusedError(
            "This engine can't clone a voice.", param="session.enable_voice_clone"
        )


def check_target(model: LiveModel, target: Any, *, audio: bool, speakable: frozenset[str]) -> str:
    """Return a language that the model translates into, in the way that is wanted.

    Raises:
        RefusedError: It does not, or this engine has no voice for it.
    """
    if not isinstance(target, str) or target not in model.spoken | model.written:
        raise SettingRefusedError(
            f"Invalid translation language: {target!r} is not supported by {model.name}.",
            param="session.translation.language",
        )
    if audio and (target not in model.spoken or target not in speakable):
        raise SettingRefusedError(
            f"Language '{target}' does not support audio output; use the modality ['text'].",
            param="session.translation.language",
        )
    return target


def check_phrases(translation: dict[str, Any]) -> None:
    """Check that a glossary is an object of texts.

    It is checked and told back, but changes nothing: none of the engines here takes one.

    Raises:
        RefusedError: It is something else.
    """
    corpus = section(translation, "corpus", "session.translation.corpus")
    phrases = section(corpus, "phrases", "session.translation.corpus.phrases")
    if not all(isinstance(value, str) for value in phrases.values()):
        raise SettingRefusedError(
            "Invalid phrases: texts are expected.", param="session.translation.corpus.phrases"
        )
