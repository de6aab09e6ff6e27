"""The translation service: whether it is reached, takes the key and knows the model."""

from typing import Final
from urllib.parse import urlsplit

from bot.doctor.checks import Diagnosis, fault, ok, skipped, warning
from bot.doctor.network import Address, UnreachedError, reach
from bot.domain.spent import Spent
from bot.settings import Settings, TranslationSettings, is_local
from bot.translation.ports import Endpoint
from bot.translation.probe import Probed, probe
from bot.translation.proxies import proxy_for
from bot.usage.prices import Prices

_CONSOLE: Final = "https://modelstudio.console.alibabacloud.com"
_LOCAL: Final = "Start it with parley engine, or correct DASHSCOPE_URL."
_AGAIN: Final = "Run this again in a minute."

# What people in a room are told says that it is tried again; here somebody can mend it.
_FAULTS: Final = {
    "bad_key": (
        "The service refuses DASHSCOPE_API_KEY.",
        (
            f"Copy it again from {_CONSOLE}, and check that DASHSCOPE_URL is of the region in "
            "which it was made (dashscope-intl for Singapore, dashscope for Beijing)."
        ),
    ),
    "access_denied": (
        "The key is good, and may not use this model.",
        (
            f"Let its workspace use LIVETRANSLATE_MODEL ({_CONSOLE}), or correct "
            "DASHSCOPE_WORKSPACE."
        ),
    ),
    "no_model": (
        "The service doesn't know the model, or has nothing at this address.",
        "Correct LIVETRANSLATE_MODEL, or the path of DASHSCOPE_URL (/api-ws/v1/realtime).",
    ),
    "no_credit": (
        "The account has no credit or free quota left, or a bill is overdue.",
        f"Pay or add credit: {_CONSOLE}.",
    ),
    "rate_limited": (
        "The account may make no more requests this minute.",
        (
            f"{_AGAIN} If it stays so, another program uses the account, or "
            "LIVETRANSLATE_CONNECTS_PER_MINUTE is above the account's limit."
        ),
    ),
    "tokens_used": (
        "The account has used its tokens of this minute.",
        f"{_AGAIN} If it stays so, LIVETRANSLATE_TOKENS_PER_MINUTE is above the account's limit.",
    ),
    "overloaded": ("The service is overloaded.", _AGAIN),
    "service_failed": ("The service reports an error of its own.", _AGAIN),
    "no_answer": ("The service took the connection, and did not answer.", _AGAIN),
    "refused": (
        "The service refuses the settings of the conversation.",
        "Take the default of LIVETRANSLATE_MODEL and LIVETRANSLATE_SILENCE_MS, and report it.",
    ),
}
_OTHERWISE: Final = (
    "The service ended the conversation ({code}).",
    "Run this again; if it stays so, check DASHSCOPE_URL, LIVETRANSLATE_MODEL and any proxy.",
)


async def reached(url: str) -> Diagnosis:
    """Check that the service is found and answers."""
    parts = urlsplit(url)
    tls = parts.scheme == "wss"
    host = parts.hostname or ""
    address = Address(host, parts.port or (443 if tls else 80), tls, "DASHSCOPE_URL")
    proxy, variable = proxy_for(url), f"{'https' if tls else 'http'}_proxy"
    if proxy is not None:
        if not proxy.speaks_http:
            return fault(
                f"The proxy {proxy.host} is of a kind that is not spoken to.",
                f"Name an http:// proxy in {variable}, or the service's host in no_proxy.",
            )
        at = urlsplit(proxy.url)
        secure = at.scheme == "https"
        port = at.port or (443 if secure else 80)
        address = Address(proxy.host, port, secure, variable)
    try:
        await reach(address)
    except UnreachedError as error:
        return fault(error.line, _LOCAL if is_local(url) else error.cure)
    return ok(f"{host} is reached{'.' if proxy is None else f' by the proxy {proxy.host}.'}")


async def spoken_to(config: Settings, *, spends: bool) -> Diagnosis:
    """Check the key and the model by one second of silence, and say what that cost."""
    if not spends:
        return skipped("Left out (--no-spend).")
    service = config.translation
    found = await probe(
        Endpoint(
            service.url, service.api_key.get_secret_value(), service.model, service.workspace or ""
        ),
        silence_ms=service.silence_ms,
    )
    if not isinstance(found, Probed):
        line, cure = _FAULTS.get(found.code, _OTHERWISE)
        return fault(line.format(code=found.code), cure)
    said = (
        f"{service.model} took a second of silence after {found.ready_s:.1f} s. "
        f"{_cost(service, found, config.usage.prices)}"
    )
    if not found.finished:
        return warning(
            f"{said} It did not confirm the end.", "Run this again; captions may come late."
        )
    return ok(said)


def _cost(service: TranslationSettings, found: Probed, prices: Prices) -> str:
    tokens = found.usage.tokens_in + found.usage.tokens_out
    counted = f"{tokens} tokens and 1 of {service.connects_per_minute} connections a minute"
    price = prices.of(service.model)
    if price is None:
        return f"Cost: {counted}; no price of it is known."
    spent = Spent(
        tokens_in=found.usage.tokens_in,
        tokens_out=found.usage.tokens_out,
        tokens_voice=found.usage.tokens_voice,
    )
    dollars = price.cost(spent)
    if not dollars:
        return "Cost: nothing."
    return f"Cost: {counted}, about ${dollars:.5f}."
