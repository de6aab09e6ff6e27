"""How the service is reached where a proxy is on the way."""

import socket

import pytest

from bot.doctor import service
from bot.doctor.checks import Mark

URL = "ws://service.example.org/api-ws/v1/realtime"


async def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))  # and does not listen
        port = one.getsockname()[1]
        monkeypatch.setenv("http_proxy", f"http://ana:secret@127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        found = await service.reached(URL)
    assert found.mark is Mark.FAULT
    assert found.line == "127.0.0.1 refuses the connection."
    assert found.cure == "Start what is to answer there, or correct http_proxy."


async def test_a_proxy_of_another_kind_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
    found = await service.reached(URL)
    assert "is of a kind that is not spoken to" in found.line
    assert found.cure.startswith("Name an http:// proxy in http_proxy")
