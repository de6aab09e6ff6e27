"""Who is said to hear the speech is who the address names."""

import pytest

from bot.app import service_name
from bot.words import render


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (
            "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime",
            "Qwen-LiveTranslate of Alibaba Cloud (dashscope-intl.aliyuncs.com)",
        ),
        ("ws://127.0.0.1:8765/x", "a translation engine on the bot's own machine"),
        ("ws://engine:8765/x", "a translation engine at engine"),
        ("wss://aliyuncs.com.example.org/x", "a translation engine at aliyuncs.com.example.org"),
    ],
)
def test_the_notice_names_who_hears(url: str, name: str) -> None:
    assert render(service_name(url), None) == name
