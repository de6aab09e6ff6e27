"""LiveTranslate as a test wants it: what it does not name is as in the bot."""

from collections.abc import Callable

from bot.clock import Clock
from bot.translation.interpreter import AccountLimits, LiveTranslate, SpeechSettings
from bot.translation.ports import Endpoint, Reach
from bot.translation.protocol.models import model_named
from bot.translation.protocol.session_body import SessionOptions
from bot.translation.speech.session_settings import Imitation, SessionSettings


def live_translate(
    *,
    url: str,
    api_key: str,
    model: str,
    clock: Clock,
    workspace: str = "",
    reach: Reach | None = None,
    servers: Callable[[], int] = lambda: 1,
    **others: float,
) -> LiveTranslate:
    """Make one; the others are fields of `AccountLimits` and of `SpeechSettings`."""
    limits = {name: others.pop(name) for name in AccountLimits.__slots__ if name in others}
    return LiveTranslate(
        Endpoint(url, api_key, model, workspace),
        clock=clock,
        limits=AccountLimits(**limits),  # type: ignore[arg-type]
        speech=SpeechSettings(**others),  # type: ignore[arg-type]
        servers=servers,
        reach=reach,
    )


def into_english(model: str = "qwen3-livetranslate-flash-realtime") -> SessionSettings:
    """Return the settings of a session that translates into English, without voice."""
    options = SessionOptions(
        target="en", source=None, voice=None, source_text=False, silence_ms=800, phrases={}
    )
    return SessionSettings(model_named(model), options, Imitation(possible=True))
