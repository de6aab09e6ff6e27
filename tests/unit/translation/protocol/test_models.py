"""The tables of models, languages and voices."""

import logging

import pytest

from bot.translation.protocol.languages import (
    NAMES,
    QWEN3_SPOKEN,
    QWEN3_TEXT_ONLY,
    SPOKEN,
    TEXT_ONLY,
)
from bot.translation.protocol.models import (
    MODELS,
    TEXT_MODELS,
    Dialect,
    Model,
    is_live,
    is_text,
    look_at_text_model,
    model_named,
)


def test_the_tables_hold_as_many_languages_as_the_vendor_documents() -> None:
    assert len(SPOKEN) == 29
    assert len(TEXT_ONLY) == 31
    assert len(QWEN3_SPOKEN | QWEN3_TEXT_ONLY) == 18
    assert not SPOKEN & TEXT_ONLY
    assert not QWEN3_SPOKEN & QWEN3_TEXT_ONLY


def test_every_language_has_a_name() -> None:
    for model in MODELS:
        assert model.targets <= NAMES.keys()


def test_a_default_voice_is_among_its_model_s_voices() -> None:
    for model in MODELS:
        assert model.voices.has(model.voices.default)


def test_every_spoken_language_of_qwen3_is_given_a_voice_that_speaks_it() -> None:
    model = model_named("qwen3-livetranslate-flash-realtime")
    for language in model.spoken:
        assert model.voices.choose(language) in model.voices.speaking(language)
    assert model.voices.choose("en") == "Cherry"
    assert model.voices.choose("yue") == "Kiki"


def test_a_dated_snapshot_is_its_model_under_its_own_name() -> None:
    model = model_named("qwen3.5-livetranslate-flash-realtime-2026-05-19")
    assert model.name == "qwen3.5-livetranslate-flash-realtime-2026-05-19"
    assert model.dialect is Dialect.FLAT
    assert model.voices.default == "Tina"


def test_an_unknown_model_is_treated_as_the_newest_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        model = model_named("qwen9-livetranslate-flash-realtime")
    assert model.name == "qwen9-livetranslate-flash-realtime"
    assert model.dialect is Dialect.NESTED
    assert "qwen9-livetranslate-flash-realtime" in caplog.text


def test_an_unknown_model_for_texts_is_taken_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        look_at_text_model("qwen-mt-plus")
        assert caplog.text == ""
        look_at_text_model("qwen-mt-nano")
    assert "qwen-mt-nano" in caplog.text


@pytest.mark.parametrize("model", MODELS)
def test_every_model_we_know_has_a_name_of_its_family(model: Model) -> None:
    assert is_live(model.name)
    assert is_live(f"{model.name}-2026-05-19")
    assert not is_live(f"x{model.name}")
    assert not is_live(f"{model.name}!")


def test_every_text_model_we_know_has_a_name_of_its_family() -> None:
    assert all(map(is_text, TEXT_MODELS))
    assert not is_text("qwen-max")
