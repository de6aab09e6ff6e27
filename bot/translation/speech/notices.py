"""What a conversation tells the people, besides what the service says is wrong."""

from enum import Enum

from bot.domain.events import Failed
from bot.logs import get_logger
from bot.translation.protocol.faults import excerpt, is_for_people, is_of_protocol
from bot.translation.protocol.server_events import ServerError
from bot.words import language_name, number, t

log = get_logger(__name__)


class Scarce(Enum):
    """What a conversation waits for."""

    REFUSED = "refused"  # that the service takes connections again
    CONNECTS = "connects"  # of this minute
    PLACES = "places"  # among those that may be open
    TOKENS = "tokens"  # of this minute


def text_only(target: str) -> Failed:
    """Say that voice was asked for and there is none in this language."""
    message = t(
        "{language} is available as text only; it can't be read aloud.",
        language=language_name(target),
    )
    return Failed("text_only", message, fatal=False)


def without_voice(reason: str) -> str:
    """Say that the service lacks the voice asked for, and that captions go on."""
    return t("{reason} Until then, translation is text only.", reason=reason)


def without_imitation() -> str:
    """Say that the service can't speak in a speaker's own voice."""
    return t("The translation service can't imitate voices here, so another voice is used.")


def words_dropped(kept_s: float) -> Failed:
    """Say that more was spoken than is kept while the service is not ready."""
    message = t(
        "The translation service isn't ready. What was said more than {seconds} seconds ago "
        "is left out.",
        seconds=number(kept_s, 0),
    )
    return Failed("words_dropped", message, fatal=False)


def words_waited(kept_s: float, scarce: Scarce) -> Failed:
    """Say that more was spoken than is kept while the conversation waits for what is scarce."""
    seconds = number(kept_s, 0)
    match scarce:
        case Scarce.REFUSED:
            message = t(
                "The translation service is refusing connections right now. What was said "
                "more than {seconds} seconds ago is left out.",
                seconds=seconds,
            )
        case Scarce.CONNECTS:
            message = t(
                "The translation service takes only so many new speakers a minute, and this "
                "server's share is used up. What waiting speakers said more than {seconds} seconds "
                "ago is left out. Fewer languages help, or a higher account limit with a higher "
                "LIVETRANSLATE_CONNECTS_PER_MINUTE.",
                seconds=seconds,
            )
        case Scarce.PLACES:
            message = t(
                "I'm translating as much at once as I may (LIVETRANSLATE_OPEN_CONVERSATIONS). What "
                "waiting speakers said more than {seconds} seconds ago is left out. Fewer "
                "languages help.",
                seconds=seconds,
            )
        case Scarce.TOKENS:
            message = t(
                "The translation account has only so many tokens a minute, and this server's share "
                "is used up. What waiting speakers said more than {seconds} seconds ago is left "
                "out. Fewer languages help, or a higher account limit with a higher "
                "LIVETRANSLATE_TOKENS_PER_MINUTE.",
                seconds=seconds,
            )
    return Failed(f"words_waited_{scarce.value}", message, fatal=False)


def words_lost(turn: int | None) -> Failed:
    """Say that the last words are lost, as trying again did not help."""
    message = t("The last words couldn't be translated: the translation service keeps failing.")
    return Failed("words_lost", message, fatal=False, turn=turn)


def sentence_failed(turn: int | None) -> Failed:
    """Say that the service gave up on a sentence."""
    message = t("A sentence couldn't be translated: the translation service failed.")
    return Failed("sentence_failed", message, fatal=False, turn=turn)


def sentence_cut(turn: int | None) -> Failed:
    """Say that the link broke in a turn that is longer than what is kept."""
    message = t("The connection broke during a long sentence, so part of it wasn't translated.")
    return Failed("sentence_cut", message, fatal=False, turn=turn)


def reported(error: ServerError) -> list[Failed]:
    """Log an error that ends nothing; return what people are told of it, if anything."""
    log.warning(
        "the service reports an error", code=excerpt(error.code), reason=excerpt(error.message)
    )
    if is_of_protocol(error.kind, error.code, error.param):
        return []
    text = t("The translation service reported an error. Words may be missing.")
    if is_for_people(error.code):
        text = t("The translation service reported: {reason}.", reason=excerpt(error.message))
    return [Failed("service_error", text, fatal=False)]
