"""Which proxy is on the way to the service."""

import pytest

from bot.translation.protocol import faults
from bot.translation.proxies import Proxy, is_loopback, proxy_for

REAL = "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime"
SECRET = "s3cret%40"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("scheme", ["ws", "wss", "http", "https"])
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8765", "127.1.2.3", "localhost:1", "a.localhost", "[::1]:99", "0.0.0.0:80"],
)
def test_this_machine_is_never_reached_by_a_proxy(
    scheme: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    assert proxy_for(f"{scheme}://{host}/api-ws/v1/realtime") is None


def test_other_hosts_are_not_this_machine() -> None:
    assert not any(map(is_loopback, ["", "localhost.example", "10.0.0.1", "aliyuncs.com", "::2"]))


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("http://proxy.example:3128", ("proxy.example", "http://proxy.example:3128")),
        ("proxy.example:3128", ("proxy.example", "http://proxy.example:3128")),
        ("http://proxy.example", ("proxy.example", "http://proxy.example")),
        (
            f"http://ana:{SECRET}@proxy.example:1",
            ("proxy.example", f"http://ana:{SECRET}@proxy.example:1"),
        ),
        ("http://[fe80::1]:8080", ("fe80::1", "http://[fe80::1]:8080")),
        ("", None),
        ("http://", None),
        ("http://proxy.example:port", None),
    ],
)
def test_a_proxy_is_read_from_the_environment(
    value: str,
    proxy: tuple[str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", value)
    found = proxy_for(REAL)
    assert (None if found is None else (found.host, found.url)) == proxy


def test_what_no_proxy_names_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "aliyuncs.com,.local")
    assert proxy_for(REAL) is None
    assert proxy_for("wss://qwen.example/x") is not None


def test_an_encrypted_address_has_another_proxy_than_a_plain_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://plain.example")
    monkeypatch.setenv("https_proxy", "http://secure.example")
    hosts = [proxy_for(f"{scheme}://qwen.example") for scheme in ("ws", "http", "wss", "https")]
    assert [proxy.host if proxy else None for proxy in hosts] == ["plain.example"] * 2 + [
        "secure.example"
    ] * 2


def test_a_proxy_s_credentials_are_not_told() -> None:
    url = f"http://ana:{SECRET}@proxy.example:1"
    proxy = Proxy(url, "proxy.example")
    assert "s3cret" not in repr(proxy)
    message = faults.unreachable(proxy.host).message
    assert "proxy.example" in message
    assert "ana" not in message.replace("translation", "")


@pytest.mark.parametrize(
    ("url", "speaks"), [("http://a", True), ("HTTPS://a", True), ("socks5://a", False)]
)
def test_other_kinds_of_proxy_are_known_not_to_do(url: str, *, speaks: bool) -> None:
    assert Proxy(url, "a").speaks_http is speaks
