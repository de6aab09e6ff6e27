import pytest

from bot.engine.catalogue import model_named
from bot.engine.models.stability import Stability
from bot.engine.models.whisper import loops, once
from bot.engine.session.usage import TokenMeter


def test_stable_is_what_two_hypotheses_agree_on_but_for_the_last_word() -> None:
    text = Stability()
    assert text.hear("the cat") == ""
    assert text.hear("the cat sat on") == "the cat"
    assert text.hear("the cat sat down") == " sat"
    assert text.split("the cat sat down") == ("the cat sat", " down")
    assert text.settle("the cat sat down there") == " down there"


def test_stable_text_is_never_taken_back() -> None:
    text = Stability()
    text.hear("one two three")
    text.hear("one two three four")
    assert text.hear("a different thing altogether") == ""
    assert text.stable == "one two three"
    assert text.split("a different thing") == ("", "a different thing")
    assert text.settle("a different thing") == ""


def test_what_is_appended_adds_up_where_words_have_no_spaces_between() -> None:
    text = Stability()
    hypotheses = ["今天天", "今天天气真", "今天天气真好我们"]
    parts = [text.hear(each) for each in hypotheses]
    assert len([part for part in parts if part]) == 2
    whole = "今天天气真好我们去散步。"
    assert "".join(parts) + text.settle(whole) == whole


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("He was a young man. He was a young man.", "He was a young man."),
        ("Go to the menu now. Go to the menu now. Go to th", "Go to the menu now."),
        ("One, press two to use it. Press two to use it.", "One, press two to use it."),
        ("I don't care, I don't care", "I don't care, I don't care"),
        ("no no no no no", "no no no no no"),
        ("nothing comes twice in this one", "nothing comes twice in this one"),
        ("", ""),
    ],
)
def test_a_sentence_said_again_by_the_model_is_said_once(text: str, kept: str) -> None:
    assert once(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("7 7 7 7", "7"),
        ("one one", "one"),
        ("Nueve, Nueve.", "Nueve"),
        ("ten ten ten te", "ten"),
        ("power to do power to do", "power to do"),
        ("power to do", "power to do"),
        ("so so good", "so so good"),
        ("no", "no"),
    ],
)
def test_in_less_than_a_second_nothing_is_said_twice(text: str, kept: str) -> None:
    assert once(text, 0.7) == kept
    assert once(text, 1.4) == text


def test_a_text_that_runs_in_circles_is_found_out() -> None:
    assert loops("ねえ" * 20)
    assert loops("thank you " * 20)
    assert loops("1,5,5,5,5,5,5,5,5,5,5")
    assert loops("O" + "o" * 20)
    assert not loops("no no no no no")
    assert not loops("La persona que usted busca no se encuentra en su oficina en este momento.")


def test_usage_adds_up_in_a_model_that_counts_from_the_sessions_begin() -> None:
    model = model_named("qwen3.5-livetranslate-flash-realtime")
    assert model is not None
    meter = TokenMeter(model)
    meter.response(16_000 * 10, "twelve chars", 24_000 * 2)
    second = meter.response(16_000 * 10, "twelve chars", 24_000 * 2)
    assert second["input_tokens_details"] == {"text_tokens": 40, "audio_tokens": 140}
    assert second["output_tokens_details"] == {"text_tokens": 6, "audio_tokens": 50}
    assert second["total_tokens"] == 236
