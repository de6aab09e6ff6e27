"""session.update as each generation of models wants it."""

import json
from itertools import product
from typing import Any

import pytest
from dashscope.audio.qwen_omni import OmniRealtimeCallback, OmniRealtimeConversation

from bot.translation.protocol.models import MODELS, Dialect, model_named
from bot.translation.protocol.session_body import SessionOptions, VoiceClone, say, session


def options(
    voice: str | None = "Tina",
    source: str | None = None,
    *,
    source_text: bool = True,
    phrases: dict[str, str] | None = None,
    target: str = "en",
    clone: VoiceClone | None = None,
) -> SessionOptions:
    return SessionOptions(
        target=target,
        source=source,
        voice=voice,
        source_text=source_text,
        silence_ms=800,
        phrases=phrases or {},
        clone=clone,
    )


class Sent(OmniRealtimeConversation):
    """The SDK's conversation, whose messages are kept."""

    def __init__(self) -> None:
        super().__init__(model="any", callback=OmniRealtimeCallback(), api_key="sk-1")
        self.sock = self
        self.connected = True
        self.messages: list[dict[str, Any]] = []
        self.by_sdk = 0
        self.ws = self  # type: ignore[assignment] # the SDK declares it as None

    def send(self, data: str) -> None:
        self.messages.append(json.loads(data))

    def update_session(self, *args: Any, **options: Any) -> None:
        self.by_sdk += 1
        super().update_session(*args, **options)


def said(body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The session as the service gets it, and whether `update_session` said it."""
    sent = Sent()
    say(sent, body)
    (message,) = sent.messages
    assert message["type"] == "session.update"
    assert message["event_id"].startswith("event_")
    found: dict[str, Any] = message["session"]
    return found, bool(sent.by_sdk)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_sdk_says_what_was_meant_and_as_it_is_what_it_has_no_words_for(model: Any) -> None:
    for voice, source, source_text, phrases, target, clone in product(
        ("Tina", None), ("zh", None), (True, False), ({"a": "b"}, None), ("en", "fr"),
        (None, VoiceClone.ONCE),
    ):  # fmt: skip
        body = session(
            model,
            options(voice, source, source_text=source_text, phrases=phrases, target=target,
                    clone=clone),
        )  # fmt: skip
        found, by_sdk = said(body)
        flat = model.dialect is Dialect.FLAT
        skips = flat and target in model.skips_echo
        assert by_sdk == (flat and source is None and not skips)
        if by_sdk:  # its own words for the same
            body = {"voice": None, **body}
            body["input_audio_format"] = body["output_audio_format"] = "pcm16"
        assert found == body


@pytest.mark.parametrize("clone", VoiceClone)
def test_a_speaker_s_own_voice_is_asked_for_by_the_name_default(clone: VoiceClone) -> None:
    flat, by_sdk = said(session(MODELS[1], options(clone=clone, target="fr")))
    assert by_sdk
    nested, _ = said(session(MODELS[2], options(clone=clone)))
    for body in (flat, nested):
        assert body["voice"] == "default"
        assert body["enable_voice_clone"] is True
        assert body["voice_clone_options"] == {"frequency": clone.value}
    assert nested["audio"]["output"]["voice"] == "default"


def test_text_alone_imitates_nobody() -> None:
    assert "enable_voice_clone" not in session(
        MODELS[1], options(voice=None, clone=VoiceClone.ONCE)
    )


def test_qwen35_is_addressed_in_the_flat_dialect() -> None:
    model = model_named("qwen3.5-livetranslate-flash-realtime")
    assert session(model, options(source="zh", phrases={"a": "b"})) == {
        "modalities": ["text", "audio"],
        "voice": "Tina",
        "sample_rate": 16000,
        "input_audio_format": "pcm",
        "output_audio_format": "pcm",
        "input_audio_transcription": {"model": "qwen3-asr-flash-realtime", "language": "zh"},
        "turn_detection": {
            "type": "server_vad",
            "threshold": 0.2,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 800,
        },
        "translation": {
            "language": "en",
            "same_language_skip_options": {"skip_text": True, "skip_audio": True},
            "corpus": {"phrases": {"a": "b"}},
        },
    }


def test_qwen38_is_addressed_in_the_nested_dialect() -> None:
    model = model_named("qwen3.8-livetranslate-flash-realtime")
    assert session(model, options(source="zh")) == {
        "output_modalities": ["text", "audio"],
        "audio": {
            "input": {
                "format": {"type": "pcm", "sample_rate": 16000},
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.2,
                    "silence_duration_ms": 800,
                },
            },
            "output": {"format": {"type": "pcm", "sample_rate": 24000}, "voice": "Tina"},
        },
        "voice": "Tina",
        "translation": {"language": "en"},
    }


def test_text_alone_asks_for_no_audio() -> None:
    flat = session(model_named("qwen3-livetranslate-flash-realtime"), options(voice=None))
    assert flat["modalities"] == ["text"]
    assert "voice" not in flat
    nested = session(model_named("qwen3.8-livetranslate-flash-realtime"), options(voice=None))
    assert nested["output_modalities"] == ["text"]


def test_the_nested_dialect_names_a_voice_even_for_text() -> None:
    nested = session(model_named("qwen3.8-livetranslate-flash-realtime"), options(voice=None))
    assert nested["voice"] == nested["audio"]["output"]["voice"] == "Tina"


def test_source_text_is_turned_off_by_a_null_model() -> None:
    flat = session(model_named("qwen3.5-livetranslate-flash-realtime"), options(source_text=False))
    assert flat["input_audio_transcription"] == {"model": None}


def test_every_update_names_the_translation() -> None:
    for model in MODELS:
        assert session(model, options())["translation"]["language"] == "en"


def test_no_more_phrases_are_sent_than_the_model_takes() -> None:
    many = {f"term {number}": "x" for number in range(1005)}
    body = session(MODELS[0], options(phrases=many))
    assert len(body["translation"]["corpus"]["phrases"]) == 1000
