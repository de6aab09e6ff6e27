"""session.update as each generation of models wants it."""

from bot.translation.dialect import SessionOptions, session
from bot.translation.models import MODELS, model_named


def options(
    voice: str | None = "Tina",
    source: str | None = None,
    *,
    source_text: bool = True,
    phrases: dict[str, str] | None = None,
) -> SessionOptions:
    return SessionOptions(
        target="en",
        source=source,
        voice=voice,
        source_text=source_text,
        silence_ms=800,
        phrases=phrases or {},
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
