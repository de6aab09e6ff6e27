"""What a conversation tells the people, besides what the service says is wrong."""

from bot.room.events import Failed
from bot.translation.faults import excerpt
from bot.words import language_name, number, t


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


def words_waited(kept_s: float) -> Failed:
    """More was said than is kept while others use up the account's limits."""
    message = t(
        "More people speak than the translation account may serve at once; of those who wait, what "
        "was said more than {seconds} seconds ago is left out. Fewer languages help, or higher "
        "limits of the account and of LIVETRANSLATE_CONNECTS_PER_MINUTE.",
        seconds=number(kept_s, 0),
    )
    return Failed("words_waited", message, fatal=False)


def words_lost(turn: int | None) -> Failed:
    """Trying again did not help."""
    message = t("The last words could not be translated: the translation service keeps failing.")
    return Failed("words_lost", message, fatal=False, turn=turn)


def sentence_cut(turn: int | None) -> Failed:
    """The link broke in a turn that is longer than what is kept."""
    message = t("The connection broke in a long sentence: a part of it was not translated.")
    return Failed("sentence_cut", message, fatal=False, turn=turn)


def reported(code: str, message: str) -> Failed:
    """The service reports an error that ends nothing."""
    reason = excerpt(message) or excerpt(code)
    message = t("The translation service reports: {reason}.", reason=reason)
    return Failed("service_error", message, fatal=False)
