"""What a conversation tells the people, besides what the service says is wrong."""

import logging
from enum import Enum

from bot.domain.events import Failed
from bot.translation.protocol.faults import excerpt, is_for_people, is_of_protocol
from bot.translation.protocol.server_events import ServerError
from bot.words import language_name, number, t

log = logging.getLogger(__name__)


class Scarce(Enum):
    """What a conversation waits for."""

    REFUSED = "refused"  # that the service takes connections again
    CONNECTS = "connects"  # of this minute
    PLACES = "places"  # among those that may be open
    TOKENS = "tokens"  # of this minute


def text_only(target: str) -> Failed:
    """Voice was asked for and there is none in this language."""
    message = t(
        "The translation into {language} can be written but not spoken: it comes as text.",
        language=language_name(target),
    )
    return Failed("text_only", message, fatal=False)


def without_voice(reason: str) -> str:
    """The service has not the voice asked for; the captions go on."""
    return t("{reason} Until then the translation comes as text only.", reason=reason)


def words_dropped(kept_s: float) -> Failed:
    """More was said than is kept while the service is not ready."""
    message = t(
        "The translation service is not ready; what was said more than {seconds} seconds ago is "
        "left out.",
        seconds=number(kept_s, 0),
    )
    return Failed("words_dropped", message, fatal=False)


def words_waited(kept_s: float, scarce: Scarce) -> Failed:
    """More was said than is kept while the conversation waits for what is scarce."""
    seconds = number(kept_s, 0)
    match scarce:
        case Scarce.REFUSED:
            message = t(
                "The translation service is refusing connections for a moment; what was said more "
                "than {seconds} seconds ago is left out.",
                seconds=seconds,
            )
        case Scarce.CONNECTS:
            message = t(
                "The translation account may make no more connections for this server at the "
                "moment; what was said more than {seconds} seconds ago by those who wait is left "
                "out. Fewer languages help, or higher limits of the account and of "
                "LIVETRANSLATE_CONNECTS_PER_MINUTE.",
                seconds=seconds,
            )
        case Scarce.PLACES:
            message = t(
                "As many conversations are open as LIVETRANSLATE_OPEN_CONVERSATIONS allows; what "
                "was said more than {seconds} seconds ago by those who wait is left out. Fewer "
                "languages help.",
                seconds=seconds,
            )
        case Scarce.TOKENS:
            message = t(
                "The translation account has no more tokens for this server in this minute; what "
                "was said more than {seconds} seconds ago by those who wait is left out. Fewer "
                "languages help, or higher limits of the account and of "
                "LIVETRANSLATE_TOKENS_PER_MINUTE.",
                seconds=seconds,
            )
    return Failed(f"words_waited_{scarce.value}", message, fatal=False)


def words_lost(turn: int | None) -> Failed:
    """Trying again did not help."""
    message = t("The last words could not be translated: the translation service keeps failing.")
    return Failed("words_lost", message, fatal=False, turn=turn)


def sentence_failed(turn: int | None) -> Failed:
    """The service gave up on a sentence."""
    message = t("A sentence could not be translated: the translation service failed at it.")
    return Failed("sentence_failed", message, fatal=False, turn=turn)


def sentence_cut(turn: int | None) -> Failed:
    """The link broke in a turn that is longer than what is kept."""
    message = t("The connection broke in a long sentence: a part of it was not translated.")
    return Failed("sentence_cut", message, fatal=False, turn=turn)


def reported(error: ServerError) -> list[Failed]:
    """The service reports an error that ends nothing; its own words are for the log."""
    log.warning("the service reports %s: %s", excerpt(error.code), excerpt(error.message))
    if is_of_protocol(error.kind, error.code, error.param):
        return []
    text = t("The translation service reports an error; words may be missing.")
    if is_for_people(error.code):
        text = t("The translation service reports: {reason}.", reason=excerpt(error.message))
    return [Failed("service_error", text, fatal=False)]
