"""Limits that the account may not have, and limits that do not fit each other."""

import pytest

from bot.doctor import account
from bot.doctor.checks import Mark
from bot.settings import load

GOOD = {"DISCORD_TOKEN": "a.b.c", "DASHSCOPE_API_KEY": "sk-1"}


@pytest.mark.parametrize(
    ("given", "line", "cure"),
    [
        (
            {"LIVETRANSLATE_CONNECTS_PER_MINUTE": "60"},
            "LIVETRANSLATE_CONNECTS_PER_MINUTE is 60; a new account may use 10.",
            "else set it to 10.",
        ),
        (
            {"TEXT_REQUESTS_PER_MINUTE": "600"},
            "TEXT_REQUESTS_PER_MINUTE is 600; a new account may use 60.",
            "else set it to 60.",
        ),
        (
            {"LIVETRANSLATE_TOKENS_PER_MINUTE": "20000"},
            "40 open conversations can use 30,000 tokens a minute; LIVETRANSLATE_TOKENS",
            "Set LIVETRANSLATE_OPEN_CONVERSATIONS to 26 or less.",
        ),
        (
            {"FAN_OUT": "speech", "MAX_LANGUAGES": "6"},
            "With FAN_OUT=speech, two people and 6 languages need 12 connections at once;",
            "Set FAN_OUT=auto, or MAX_LANGUAGES lower.",
        ),
    ],
)
async def test_limits_beyond_the_account_are_said(
    given: dict[str, str], line: str, cure: str
) -> None:
    (found,) = await account.limits(load(None, given=GOOD | given))
    assert found.mark is Mark.WARNING
    assert line in found.line
    assert cure in found.cure


async def test_a_model_without_a_price_is_said() -> None:
    model = "qwen3.5-livetranslate-flash-realtime"
    found = await account.prices(load(None, given=GOOD | {"LIVETRANSLATE_MODEL": model}))
    assert found.mark is Mark.WARNING
    assert model in found.line
    assert found.cure == "Set it in PRICES."
