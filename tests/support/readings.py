"""Readings as of a bot that has done nothing yet."""

from bot.web.readings import ModelUse, Readings


def readings(**changed: object) -> Readings:
    """Readings of a bot that is ready; what is named is otherwise."""
    idle: dict[str, object] = {
        "ready": {"gateway": True, "database": True, "rooms": True},
        "rooms": 0,
        "deaf": 0,
        "heard_ago_s": 1.0,
        "voice": {},
        "voice_queued_s": 0.0,
        "rejoins": {"deaf": 0},
        "conversations": {"open": 0},
        "queues": {"captions": 0},
        "dropped": {"captions": 0},
        "dropped_speech_s": 0.0,
        "requests": {"other": 0},
        "limited": {"other": 0},
        "readers": 0,
        "listeners": 0,
        "speech": ModelUse(),
        "texts": ModelUse(),
        "cost_dollars": 0.0,
        "cost_known": True,
        "store_failures": 0,
        "logged": {"error": 0},
    }
    return Readings(**(idle | changed))  # type: ignore[arg-type] # named as its fields are
