"""The limits in the settings, against those of a new account and against each other."""

from typing import Final

from bot.doctor.checks import Diagnosis, ok, warning
from bot.settings import Settings, is_local
from bot.translation.protocol.models import model_named

# As the vendor publishes them for each account and model.
CONNECTS: Final = 10
TOKENS: Final = 100_000
TEXT_REQUESTS: Final = 60

_RAISED: Final = (
    "Keep it if the account has that limit (Rate Limits in the console of Model Studio), else set "
    "it to {limit}."
)


async def limits(config: Settings) -> list[Diagnosis]:
    """Check what the settings let the bot ask of the account."""
    if is_local(config.translation.url):
        return [ok("An engine on this machine has no limits of an account.")]
    service = config.translation
    found = [
        warning(
            f"{name} is {value:,}; a new account may use {limit:,}.", _RAISED.format(limit=limit)
        )
        for name, value, limit in (
            ("LIVETRANSLATE_CONNECTS_PER_MINUTE", service.connects_per_minute, CONNECTS),
            ("LIVETRANSLATE_TOKENS_PER_MINUTE", service.tokens_per_minute, TOKENS),
            ("TEXT_REQUESTS_PER_MINUTE", service.text_requests_per_minute, TEXT_REQUESTS),
        )
        if value > limit
    ]
    heard = round(model_named(service.model).tokens_in_per_s * 60)  # of one who talks on and on
    if service.open_conversations * heard > service.tokens_per_minute:
        most = max(1, service.tokens_per_minute // heard)
        found.append(
            warning(
                f"{service.open_conversations} open conversations can use "
                f"{service.open_conversations * heard:,} tokens a minute; "
                f"LIVETRANSLATE_TOKENS_PER_MINUTE is {service.tokens_per_minute:,}.",
                f"Set LIVETRANSLATE_OPEN_CONVERSATIONS to {most} or less.",
            )
        )
    if service.fan_out == "speech" and service.max_languages * 2 > service.connects_per_minute:
        found.append(
            warning(
                f"With FAN_OUT=speech, two people and {service.max_languages} languages need "
                f"{service.max_languages * 2} connections at once; the account may open "
                f"{service.connects_per_minute} a minute.",
                "Set FAN_OUT=auto, or MAX_LANGUAGES lower.",
            )
        )
    return found or [ok("Within those of a new account.")]


async def prices(config: Settings) -> Diagnosis:
    """Check that what is spent can be estimated."""
    service = config.translation
    # What is typed is translated as text, whatever FAN_OUT says.
    models = [service.model, service.text_model, *filter(None, [service.tts_model])]
    unknown = [model for model in models if config.usage.prices.of(model) is None]
    if unknown:
        return warning(
            f"No price is known for {' and '.join(unknown)}: estimates of cost leave it out.",
            "Set it in PRICES.",
        )
    return ok("Known, so that cost can be estimated.")
