"""Text translation by Qwen-MT, through the official SDK.

One call is one request: the SDK sends again by itself when a connection breaks, which the budget
of requests would not know of; here that is refused, and trying again is decided above.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from dashscope import AioGeneration
from dashscope.api_entities.aio_session import get_ssl_context

from bot.domain.events import TextAnswer, TextRequest, Usage
from bot.logs import get_logger, silence_sdk
from bot.translation.protocol import bounds, faults
from bot.translation.protocol.bounds import Exceeded, Excess
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.languages import CUT
from bot.translation.protocol.parse import readable
from bot.translation.protocol.unreached import of_connect
from bot.translation.proxies import proxy_for
from bot.words import t

log = get_logger(__name__)

MOST_CONNECTIONS: Final = 16
ANSWER_S: Final = 10.0
_PROXY_REFUSES: Final = 407
BYTE_S: Final = 0.003  # more for each of a text's bytes: a long translation is long in writing

NO_TEXT_MODEL: Final = Fault(
    "no_text_model",
    t(
        "The translation service doesn't know the text model. Check TEXT_MODEL, or set "
        "FAN_OUT=speech to translate every language from speech."
    ),
    retryable=False,
    why=t("The translation service doesn't know the text model this bot is set to."),
)
UNREADABLE: Final = Fault(
    "text_unreadable",
    t("The text translation service returned something other than a translation."),
    retryable=True,
    quiet=True,
)
TEXT_REFUSED: Final = Fault("text_refused", t("A text couldn't be translated."), retryable=False)
TEXT_CONTENT: Final = Fault(
    faults.CONTENT.code, faults.CONTENT.message, retryable=False, of_words=True
)
ENDS_ALL: Final = frozenset({faults.BAD_KEY, faults.ACCESS_DENIED, faults.NO_CREDIT, NO_TEXT_MODEL})
"""The account's or the setup's: every further request would be refused too."""

# What the service calls otherwise than the conversations do.
_CODES: Final = {"fil": "tl"}
# Known to conversations, and not in the list of Qwen-MT as far as could be seen.
_UNKNOWN: Final = frozenset({"ky", "ml", "pa", "tg"})

_BY_STATUS: Final = {
    401: faults.BAD_KEY,
    402: faults.NO_CREDIT,
    403: faults.ACCESS_DENIED,
    404: faults.NO_MODEL,
    408: faults.NO_ANSWER,
    429: faults.RATE_LIMITED,
}

_sent: ContextVar[list[bool]] = ContextVar("sent")


class QwenMt:
    """Sends one text at a time to be translated; any number side by side.

    Args:
        url: Websocket address of the conversations; the HTTP address is derived from it.
        api_key: Key of the account; never logged.
        model: Name of a Qwen-MT model.
        workspace: The account's workspace, or empty.
    """

    def __init__(self, *, url: str, api_key: str, model: str, workspace: str = "") -> None:
        silence_sdk()
        self._base = http_base(url)
        self._proxy = proxy_for(self._base)  # read once
        self._api_key = api_key
        self._model = model
        self._workspace = workspace
        # Made now: it takes 20 ms, by which the first request would come too close to the second.
        self._ssl = get_ssl_context()
        self._session: aiohttp.ClientSession | None = None
        self._excess = Excess()

    async def send(self, request: TextRequest) -> TextAnswer | Fault:
        """Return the translation, or why there is none; time and size are bounded."""
        if self._proxy is not None and not self._proxy.speaks_http:
            return faults.unreachable(self._proxy.host)
        _sent.set([])
        options: dict[str, Any] = {
            "source_lang": "auto" if request.source is None else code(request.source),
            "target_lang": code(request.target),
        }
        if request.terms:
            options["terms"] = [
                {"source": source, "target": target} for source, target in request.terms.items()
            ]
        message: Any = {"role": "user", "content": request.text}  # the SDK's own class is a dict
        try:
            answer: Any = await AioGeneration.call(
                model=self._model,
                api_key=self._api_key,
                messages=[message],
                translation_options=options,
                result_format="message",
                workspace=self._workspace or None,
                base_address=self._base,
                request_timeout=ANSWER_S + BYTE_S * len(request.text.encode()),
                session=self._opened(),
            )
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError, too
            return of_connect(error, None if self._proxy is None else self._proxy.host)
        except _UNREADABLE as error:
            if isinstance(error, _TooLongError):
                self._excess.note(Exceeded.TEXT)
            return UNREADABLE
        if answer.get("status_code") == _PROXY_REFUSES and self._proxy is not None:
            return faults.unreachable(self._proxy.host)
        return read(answer, request.text, self._excess)

    def _opened(self) -> aiohttp.ClientSession:
        """Return a session of our own, which can be closed; the SDK's lives as long as the loop."""
        if self._session is None:
            once = aiohttp.TraceConfig()
            once.on_request_start.append(_only_once)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=self._ssl),
                trace_configs=[once],
                response_class=_ShortResponse,
                proxy=None if self._proxy is None else self._proxy.url,
            )
        return self._session

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class _TooLongError(ValueError):
    """An answer's body is longer than any that makes sense."""


# What the SDK raises for an answer that it can't read.
_UNREADABLE: Final = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


class _Body:
    """What an answer's body is read from: a reader that stops beyond the bound."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    async def read(self) -> bytes:
        """Return the whole body."""
        body = bytearray()
        while piece := await self._content.readany():
            body += piece
            if len(body) > bounds.ANSWER_BYTES:
                raise _TooLongError
        return bytes(body)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)


class _ShortResponse(aiohttp.ClientResponse):
    """An answer; the SDK would read one without end."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Begin to read it."""
        await super().start(connection)
        self.content = _Body(self.content)  # type: ignore[assignment]  # a reader in all but name
        return self


async def _only_once(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    _params: aiohttp.TraceRequestStartParams,
) -> None:
    sent = _sent.get()
    if sent:
        raise aiohttp.ClientError("a call is sent once")
    sent.append(True)


def http_base(url: str) -> str:
    """Return the HTTP address for a websocket one: wss://HOST/api-ws/… to https://HOST/api/v1."""
    parts = urlsplit(url)
    before = parts.path.partition("/api-ws")[0] if "/api-ws" in parts.path else ""
    scheme = "https" if parts.scheme == "wss" else "http"
    return urlunsplit((scheme, parts.netloc, f"{before.rstrip('/')}/api/v1", "", ""))


def code(language: str) -> str:
    """Return a language's code as Qwen-MT has it."""
    return _CODES.get(language, language)


def languages(known: frozenset[str]) -> frozenset[str]:
    """Return which of these languages Qwen-MT translates between."""
    return known - _UNKNOWN


def read(answer: Mapping[str, Any], asked: str, excess: Excess) -> TextAnswer | Fault:
    """Return the translation in an answer of the SDK, or why there is none."""
    if answer.get("status_code") != 200:
        return judge(answer.get("status_code"), str(answer.get("code")), str(answer.get("message")))
    try:
        choice = answer["output"]["choices"][0]
        text, finished = choice["message"]["content"], choice.get("finish_reason")
    except (LookupError, TypeError, AttributeError):
        return UNREADABLE
    if not isinstance(text, str) or not text.strip():
        return UNREADABLE
    if len(text) > bounds.ANSWER_CHARS + bounds.ANSWER_FACTOR * len(asked):
        excess.note(Exceeded.TEXT)
        return UNREADABLE
    usage = answer.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    return TextAnswer(
        readable(text).strip() + (CUT if finished == "length" else ""),
        Usage(
            text_tokens_in=_count(counts.get("input_tokens")),
            text_tokens_out=_count(counts.get("output_tokens")),
        ),
    )


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 < value <= bounds.RESPONSE_TOKENS else 0


def judge(status: object, reason: str, message: str) -> Fault:
    """Return the fault for an error."""
    reason, message = reason[: bounds.ERROR_CHARS], message[: bounds.ERROR_CHARS]
    if faults.is_for_people(reason):
        why = t("A text couldn't be translated: {reason}.", reason=faults.excerpt(message))
        return Fault(TEXT_REFUSED.code, why, retryable=False)
    known = _known(status, reason, message)
    detail = f"HTTP {status} {faults.excerpt(f'{reason} {message}')}".strip()
    if known is faults.NO_MODEL:
        return replace(NO_TEXT_MODEL, detail=detail)
    if known is faults.CONTENT:
        return TEXT_CONTENT
    if known is None:
        log.warning(
            "a text was refused", code=faults.excerpt(reason), reason=faults.excerpt(message)
        )
        return TEXT_REFUSED
    return replace(known, detail=detail)


def _known(status: object, reason: str, message: str) -> Fault | None:
    """Return the fault for an error; None where it is about the text or its pair of languages."""
    # The code first: an overdue account says "Arrearage", and "Access denied" in its message.
    known = faults.of_text(reason, "") or faults.of_text("", message)
    if "invalidparameter" in reason.replace(".", "").lower():
        return None
    if known is not None and not known.of_voice:
        return known
    if status in {400, 413, 422}:
        return None
    if not isinstance(status, int):
        return faults.FAILED
    overloaded = faults.OVERLOADED if status >= 500 else faults.FAILED
    return _BY_STATUS.get(status, overloaded)
