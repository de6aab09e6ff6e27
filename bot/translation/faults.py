"""What a failure of the service means: try again or stop, and what to tell the people."""

from dataclasses import dataclass
from typing import Final

from bot.words import t


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure, judged.

    Attributes:
        code: Stable, for logs.
        message: One sentence for the people in the room.
        retryable: Whether a new connection may work.
        wait_s: Wait at least this long before it.
        quiet: Nothing to tell as long as trying again helps.
        of_voice: A session without voice would be taken.
    """

    code: str
    message: str
    retryable: bool
    wait_s: float = 0.0
    quiet: bool = False
    of_voice: bool = False


_CAPACITY_WAIT_S: Final = 5.0
_RATE_WAIT_S: Final = 6.0  # ten requests a minute

BAD_KEY: Final = Fault(
    "bad_key",
    t(
        "The translation service refused the API key: check DASHSCOPE_API_KEY, and that "
        "DASHSCOPE_URL is of the region the key was made in."
    ),
    retryable=False,
)
ACCESS_DENIED: Final = Fault(
    "access_denied",
    t("The translation service denied access: check that the key's workspace may use this model."),
    retryable=False,
)
NO_MODEL: Final = Fault(
    "no_model",
    t(
        "The translation service does not know the model or the address: check "
        "LIVETRANSLATE_MODEL and DASHSCOPE_URL."
    ),
    retryable=False,
)
NO_CREDIT: Final = Fault(
    "no_credit",
    t(
        "The quota or the credit of the translation account is used up: top it up in the Model "
        "Studio console."
    ),
    retryable=False,
)
BAD_VOICE: Final = Fault(
    "bad_voice",
    t("The translation service does not have this voice: choose another one."),
    retryable=False,
    of_voice=True,
)
NO_VOICE: Final = Fault(
    "no_voice",
    t("The translation service does not speak this language: have another one spoken."),
    retryable=False,
    of_voice=True,
)
RATE_LIMITED: Final = Fault(
    "rate_limited",
    t("The translation service is refusing requests for a moment; trying again."),
    retryable=True,
    wait_s=_RATE_WAIT_S,
)
OVERLOADED: Final = Fault(
    "overloaded",
    t("The translation service is overloaded; trying again."),
    retryable=True,
    wait_s=_CAPACITY_WAIT_S,
)
REPEATED: Final = Fault(
    "repeated_output",
    t("The translation service lost its thread; translating the sentence again."),
    retryable=True,
    quiet=True,
)
IDLE_KILL: Final = Fault(
    "silence_timeout",
    t("The translation service ended a silent conversation."),
    retryable=True,
    quiet=True,
)
UNREACHABLE: Final = Fault(
    "unreachable",
    t(
        "The translation service can't be reached; trying again. Check DASHSCOPE_URL and the "
        "network."
    ),
    retryable=True,
)
NO_ANSWER: Final = Fault(
    "no_answer", t("The translation service does not answer; trying again."), retryable=True
)
LOST: Final = Fault(
    "connection_lost",
    t("The connection to the translation service broke; trying again."),
    retryable=True,
    quiet=True,
)
NONSENSE: Final = Fault(
    "nonsense",
    t("The translation service sends what makes no sense; connecting again."),
    retryable=True,
    wait_s=_CAPACITY_WAIT_S,
    quiet=True,
)

# First match wins; compared without case and punctuation, because the service spells them in
# several ways.
_RULES: Final = (
    ("requestsratelimitexceeded", RATE_LIMITED),
    ("requestrateincreased", RATE_LIMITED),
    ("throttling", RATE_LIMITED),
    ("threadpoolexhausted", OVERLOADED),
    ("modelrepeatoutput", REPEATED),
    ("responsestreamtimeout", IDLE_KILL),
    ("unexpectedasrerror", IDLE_KILL),
    ("invalidapikey", BAD_KEY),
    ("incorrectapikey", BAD_KEY),
    ("invalidauthorization", BAD_KEY),
    ("authenticationerror", BAD_KEY),
    # An account in arrears is told "Access denied" too.
    ("arrearage", NO_CREDIT),
    ("insufficientquota", NO_CREDIT),
    ("allocatedquotaexceeded", NO_CREDIT),
    ("accessdenied", ACCESS_DENIED),
    ("modelnotfound", NO_MODEL),
    ("invalidmodel", NO_MODEL),
)
_BY_STATUS: Final = {
    401: BAD_KEY,
    402: NO_CREDIT,
    403: ACCESS_DENIED,
    404: NO_MODEL,
    408: NO_ANSWER,
    429: RATE_LIMITED,
}
_LONGEST_EXCERPT: Final = 120


def of_text(code: str, message: str) -> Fault | None:
    """The fault a code and a message of the service are known for; None when they are not."""
    plain = _plain(code, message)
    for needle, fault in _RULES:
        if needle in plain:
            return fault
    if "voice" in plain and "notsupported" in plain:
        return BAD_VOICE
    if "audio" in plain and "notsupport" in plain and "inputaudio" not in plain:
        return NO_VOICE
    return None


def ends_session(code: str, message: str) -> bool:
    """Whether a failed source text is the end of the session, after a long silence."""
    return "responsestreamtimeout" in _plain(code, message)


def _plain(code: str, message: str) -> str:
    return "".join(filter(str.isalnum, f"{code} {message}".lower()))


def of_handshake(status: int, body: str) -> Fault:
    """The fault of an HTTP status other than 101."""
    if (known := of_text("", body)) is not None:
        return known
    if (known := _BY_STATUS.get(status)) is not None:
        return known
    if status >= 500:
        return OVERLOADED
    return Fault(
        f"http_{status}",
        t(
            "The translation service refused the connection (HTTP {status}): check DASHSCOPE_URL.",
            status=status,
        ),
        retryable=False,
    )


def of_close(code: int | None, reason: str) -> Fault:
    """The fault of a close by the server."""
    if (known := of_text("", reason)) is not None:
        return known
    if code in {1003, 1007, 1008}:  # the data or the policy: the same again would be refused again
        return Fault(
            f"closed_{code}",
            t(
                "The translation service ended the conversation: {reason}.",
                reason=excerpt(reason) or code,
            ),
            retryable=False,
        )
    return LOST


def of_error(code: str, message: str, param: str | None) -> Fault:
    """The fault of an error event while a session is set up."""
    if (known := of_text(code, message)) is not None:
        return known
    refused = param or excerpt(message) or code
    return Fault(
        "refused",
        t(
            "The translation service refused the conversation's settings: {refused}.",
            refused=refused,
        ),
        retryable=code.lower() in {"common_error", "internal_error", "server_error"},
        of_voice=param is not None and ("voice" in param or "modalities" in param),
    )


def excerpt(text: str) -> str:
    """The printable beginning of a text of the service, without a closing stop.

    Cut between words, with a mark that it was.
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    if len(printable) <= _LONGEST_EXCERPT:
        return printable.rstrip(". ")
    cut = printable[:_LONGEST_EXCERPT]
    at = cut.rfind(" ")
    return cut[: at if at > _LONGEST_EXCERPT // 2 else None].rstrip(".,;:( ") + " …"
