"""What a failure of the service means: try again or stop, and what to tell the people.

A refusal is final only where it is known to be: the key, the access, the model, the account's
credit, and settings of ours that are named. Everything else is tried again, with growing rests:
most of what a full room of a new account meets (requests and tokens of this minute) heals within a
minute, and of what nobody has seen yet, nobody knows that it does not.

What the service says in its own words is for the log. People read sentences of ours.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from bot.logs import get_logger
from bot.words import t

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure, judged.

    Attributes:
        code: A stable name of the fault, for logs.
        message: One sentence for the people in the room.
        retryable: Whether a new connection may work.
        wait_s: Wait at least this long before it.
        quiet: Nothing to tell as long as trying again helps.
        of_voice: A session without voice would be taken.
        of_account: The account's limits of this minute: whoever shares them rests.
        of_words: What was said is refused, and would be again.
        why: The same for people who can't mend it: in a room, its panel, in `/health`. Empty: the
            message will do.
        detail: What the log says besides: the service's own words, or the system's.
    """

    code: str
    message: str
    retryable: bool
    wait_s: float = 0.0
    quiet: bool = False
    of_voice: bool = False
    of_account: bool = False
    of_words: bool = False
    why: str = ""
    detail: str = field(default="", compare=False)

    @property
    def of_session(self) -> bool:
        """Whether it says something of one session alone, not of the service as a whole."""
        return self.of_voice or self.of_account or self.of_words or self.code == "refused"


_CAPACITY_WAIT_S: Final = 5.0
_RATE_WAIT_S: Final = 6.0  # ten requests a minute

BAD_KEY: Final = Fault(
    "bad_key",
    t(
        "The translation service refused the API key. Check DASHSCOPE_API_KEY, and that "
        "DASHSCOPE_URL belongs to the region the key was created in."
    ),
    retryable=False,
    why=t("The translation service refuses this bot's key."),
)
ACCESS_DENIED: Final = Fault(
    "access_denied",
    t("The translation service denied access: check that the key's workspace may use this model."),
    retryable=False,
    why=t("The translation service denies this bot access."),
)
NO_MODEL: Final = Fault(
    "no_model",
    t(
        "The translation service doesn't know the model or the address. Check "
        "LIVETRANSLATE_MODEL and DASHSCOPE_URL."
    ),
    retryable=False,
    why=t("The translation service doesn't know the model or the address this bot is set to."),
)
NO_CREDIT: Final = Fault(
    "no_credit",
    t(
        "The translation account has no credit or free quota left, or a bill is overdue. "
        "Check the Model Studio console."
    ),
    retryable=False,
    why=t("The credit of this bot's translation account is used up, or a bill is overdue."),
)
BAD_VOICE: Final = Fault(
    "bad_voice",
    t("The translation service doesn't have this voice. Choose another one."),
    retryable=False,
    of_voice=True,
)
NO_VOICE: Final = Fault(
    "no_voice",
    t("The translation service can't speak this language. Choose another one to read aloud."),
    retryable=False,
    of_voice=True,
)
RATE_LIMITED: Final = Fault(
    "rate_limited",
    t("The translation service is refusing requests right now. Trying again."),
    retryable=True,
    wait_s=_RATE_WAIT_S,
    of_account=True,
)
TOKENS_USED: Final = Fault(
    "tokens_used",
    t(
        "The translation account has used its tokens for this minute. Trying again. Fewer "
        "languages help, or a higher account limit with a higher "
        "LIVETRANSLATE_TOKENS_PER_MINUTE."
    ),
    retryable=True,
    wait_s=_RATE_WAIT_S,
    of_account=True,
)
OVERLOADED: Final = Fault(
    "overloaded",
    t("The translation service is overloaded. Trying again."),
    retryable=True,
    wait_s=_CAPACITY_WAIT_S,
)
REPEATED: Final = Fault(
    "repeated_output",
    t("The translation service lost track. Translating the sentence again."),
    retryable=True,
    quiet=True,
)
IDLE_KILL: Final = Fault(
    "silence_timeout",
    t("The translation service disconnected after a long silence."),
    retryable=True,
    quiet=True,
)
UNREACHABLE: Final = Fault(
    "unreachable",
    t(
        "The translation service can't be reached. Trying again. Check DASHSCOPE_URL and the "
        "network."
    ),
    retryable=True,
)
CONNECTION_REFUSED: Final = Fault(
    "connection_refused",
    t("The translation service's address refuses the connection. Trying again."),
    retryable=True,
)
NO_ADDRESS: Final = Fault(
    "no_address",
    t("The translation service's address can't be found. Trying again."),
    retryable=True,
)
BAD_CERTIFICATE: Final = Fault(
    "bad_certificate",
    t("The translation service's certificate isn't trusted. Trying again."),
    retryable=True,
)
SLOW: Final = Fault(
    "slow", t("The translation service has not answered yet."), retryable=True, quiet=True
)
NO_ANSWER: Final = Fault(
    "no_answer", t("The translation service isn't answering. Trying again."), retryable=True
)
FAILED: Final = Fault(
    "service_failed",
    t("The translation service reported an error. Trying again."),
    retryable=True,
)
ENDED: Final = Fault(
    "closed",
    t("The translation service disconnected. Trying again."),
    retryable=True,
    quiet=True,
)
CONTENT: Final = Fault(
    "content_refused",
    t("The translation service refused a sentence because of its content, so it is left out."),
    retryable=True,
    of_words=True,
)
LOST: Final = Fault(
    "connection_lost",
    t("The connection to the translation service broke. Trying again."),
    retryable=True,
    quiet=True,
)
NONSENSE: Final = Fault(
    "nonsense",
    t("The translation service sent something unreadable. Reconnecting."),
    retryable=True,
    wait_s=_CAPACITY_WAIT_S,
    quiet=True,
)

# First match wins; compared without case and punctuation, because the service spells them in
# several ways.
_RULES: Final = (
    # An account in arrears is told "Access denied" too, and one without free quota has a code like
    # that of the tokens of a minute.
    ("arrearage", NO_CREDIT),
    ("billoverdue", NO_CREDIT),
    ("goodstanding", NO_CREDIT),
    ("freetieronly", NO_CREDIT),
    ("freetierofthemodelhasbeenexhausted", NO_CREDIT),
    # These sound like an account that is used up, but are about the tokens of a minute.
    ("allocationquota", TOKENS_USED),
    ("allocatedquotaexceeded", TOKENS_USED),
    ("insufficientquota", TOKENS_USED),
    ("exceededyourcurrentquota", TOKENS_USED),
    ("requestsratelimitexceeded", RATE_LIMITED),
    ("requestrateincreased", RATE_LIMITED),
    ("exceededyourcurrentrequests", RATE_LIMITED),
    ("limitrequests", RATE_LIMITED),
    ("limitburstrate", RATE_LIMITED),
    ("throttling", RATE_LIMITED),
    ("threadpoolexhausted", OVERLOADED),
    ("modelrepeatoutput", REPEATED),
    ("responsestreamtimeout", IDLE_KILL),
    ("unexpectedasrerror", IDLE_KILL),
    ("datainspectionfailed", CONTENT),
    ("inappropriatecontent", CONTENT),
    ("invalidapikey", BAD_KEY),
    ("incorrectapikey", BAD_KEY),
    ("invalidauthorization", BAD_KEY),
    ("authenticationerror", BAD_KEY),
    ("accessdenied", ACCESS_DENIED),
    ("commoditynotpurchased", ACCESS_DENIED),
    ("modelnotfound", NO_MODEL),
    ("invalidmodel", NO_MODEL),
    ("requesttimeout", NO_ANSWER),
    ("requesttimedout", NO_ANSWER),
)
_BY_STATUS: Final = {
    401: BAD_KEY,
    402: NO_CREDIT,
    403: ACCESS_DENIED,
    404: NO_MODEL,
    408: NO_ANSWER,
    429: RATE_LIMITED,
}
_OF_ENGINE: Final = frozenset(
    {
        "unsupported_language",
        "unsupported_language_pair",
        "translation_error",
        "synthesis_error",
    }
)
_LONGEST_EXCERPT: Final = 120


def of_text(code: str, message: str) -> Fault | None:
    """Return the fault that a code and a message of the service are known for, or None."""
    plain = _plain(code, message)
    for needle, fault in _RULES:
        if needle in plain:
            return fault
    if "voice" in plain and "notsupported" in plain:
        return BAD_VOICE
    if "audio" in plain and "notsupport" in plain and "inputaudio" not in plain:
        return NO_VOICE
    return FAILED if "internalerror" in plain else None


def ends_session(code: str, message: str) -> bool:
    """Return whether a failed source text ends the session, as after a long silence."""
    return "responsestreamtimeout" in _plain(code, message)


def _plain(code: str, message: str) -> str:
    return "".join(filter(str.isalnum, f"{code} {message}".lower()))


def unreachable(proxy: str | None) -> Fault:
    """Return the fault for a connection that failed; it names the host of a proxy on the way."""
    if proxy is None:
        return UNREACHABLE
    return Fault(
        UNREACHABLE.code,
        t(
            "The translation service can't be reached through the proxy {proxy}. Trying "
            "again. Check the proxy settings, DASHSCOPE_URL and the network.",
            proxy=proxy,
        ),
        retryable=True,
    )


def of_handshake(status: int, body: str) -> Fault:
    """Return the fault for an HTTP status other than 101."""
    detail = f"HTTP {status} {excerpt(body)}".strip()
    return replace(_of_status(status, body), detail=detail)


def _of_status(status: int, body: str) -> Fault:
    if (known := of_text("", body)) is not None:
        return known
    if (known := _BY_STATUS.get(status)) is not None:
        return known
    if status >= 500:
        return OVERLOADED if status == 503 else replace(FAILED, wait_s=_CAPACITY_WAIT_S)
    return Fault(
        "http",
        t(
            "The translation service refused the connection (HTTP {status}). Trying again. "
            "Check DASHSCOPE_URL.",
            status=status,
        ),
        retryable=True,
    )


def of_close(code: int | None, reason: str) -> Fault:
    """Return the fault for a close by the server."""
    known = of_text("", reason)
    if known in {None, FAILED} and "invalidparameter" in _plain("", reason):
        return _refused(excerpt(reason))
    if known is not None:
        return known
    if code in {1003, 1007, 1008}:  # the data or the policy, as far as is known
        log.warning("the service ended a conversation", code=code, reason=excerpt(reason))
        return ENDED
    return LOST


def while_open(code: str, message: str) -> Fault | None:
    """Return the fault for an error event in an open session; None if the session may go on."""
    known = of_text(code, message)
    return None if known is FAILED else known


def of_error(code: str, message: str, param: str | None) -> Fault:
    """Return the fault for an error event while a session is set up."""
    if (known := while_open(code, message)) is not None:
        return known
    if param or "parameter" in _plain(code, message):
        return _refused(param or excerpt(message) or excerpt(code), param or "")
    log.warning("the service refused a session", code=excerpt(code), reason=excerpt(message))
    return FAILED


def _refused(what: str, param: str = "") -> Fault:
    """Return the fault for settings of ours that the service names."""
    return Fault(
        "refused",
        t(
            "The translation service refused these settings: {refused}.",
            refused=what,
        ),
        retryable=False,
        of_voice="voice" in param or "modalities" in param,
    )


def is_of_protocol(kind: str, code: str, param: str | None) -> bool:
    """Return whether an error is about a message of ours, so that people can't do anything."""
    return bool(param) or "invalid" in f"{kind} {code}".lower()


def is_for_people(code: str) -> bool:
    """Return whether an error's own words are for people: only the local engine's are."""
    return code in _OF_ENGINE


def excerpt(text: str) -> str:
    """Return the printable beginning of a text of the service, without a closing stop.

    Cut between words, with a mark that it was.
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    if len(printable) <= _LONGEST_EXCERPT:
        return printable.rstrip(". ")
    cut = printable[:_LONGEST_EXCERPT]
    at = cut.rfind(" ")
    return cut[: at if at > _LONGEST_EXCERPT // 2 else None].rstrip(".,;:( ") + " …"
