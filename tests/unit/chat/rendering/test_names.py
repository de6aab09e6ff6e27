import pytest

from bot.chat.rendering.names import FALLBACK, LIMIT, username
from bot.chat.rendering.plain import length


@pytest.mark.parametrize(
    "name", ["Ana", "María José", "李雷", "👩‍🚒", "O'Neil (work)", "discipline"]
)
def test_a_good_name_stays(name: str) -> None:
    assert username(name) == name


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u200d", "\u3164", "\u2800\u202e"])
def test_a_name_that_shows_nothing_gets_the_fallback(name: str) -> None:
    assert username(name) == FALLBACK


@pytest.mark.parametrize(
    "name", ["Discord", "xDISCORDx", "clyde", "ClYdE Barrow", "my discord clyde"]
)
def test_a_refused_word_is_broken_without_being_shortened(name: str) -> None:
    shown = username(name)
    assert "discord" not in shown.lower()
    assert "clyde" not in shown.lower()
    assert len(shown) == len(name)
    assert sum(a != b for a, b in zip(shown, name, strict=True)) <= 2


@pytest.mark.parametrize("name", ["everyone", "here", "HERE"])
def test_a_reserved_name_is_not_used_as_it_is(name: str) -> None:
    assert username(name).lower() not in {"everyone", "here"}


def test_a_word_hidden_by_invisible_characters_is_broken_too() -> None:
    assert "discord" not in username("dis\u200bcord")


def test_a_long_name_is_cut_to_the_limit_in_utf_16_units() -> None:
    assert length(username("x" * 200)) == LIMIT
    assert length(username("👋" * 79)) <= LIMIT
