"""Reading texts aloud by Qwen3-TTS: one request over HTTP, answered with voice as it is made.

The SDK reads such an answer too, but without a bound, and a broken connection sends it again. The
answer is a stream of server-sent events, each with a piece of voice in base64 (PCM16, 24 kHz,
mono). The last one says `stop`, and has a link to the whole as a file, which is not used.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import aiohttp
import pybase64
from dashscope.api_entities.aio_session import get_ssl_context

from bot.domain.events import VOICE_RATE, Usage
from bot.logs import get_logger
from bot.translation.ports import Endpoint
from bot.translation.protocol import bounds, faults
from bot.translation.protocol.bounds import Exceeded, Excess
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.unreached import of_connect
from bot.translation.proxies import proxy_for
from bot.translation.text.qwen_mt import http_base
from bot.translation.tts.qwen_tts_voices import LANGUAGES, charged
from bot.translation.tts.server_sent import EventStream, TooLongEventError
from bot.words import t

log = get_logger(__name__)

PATH: Final = "/services/aigc/multimodal-generation/generation"  # behind the base
MOST_CONNECTIONS: Final = 8
CONNECT_S: Final = 5.0
PIECE_S: Final = 10.0  # for the first piece of voice, and between two
WHOLE_S: Final = 60.0
VOICE_PER_CHARACTER_S: Final = 0.5
VOICE_BEYOND_S: Final = 10.0
"""Seconds of voice for a text: so many for each character, and some more. People take a tenth of a
second for a letter, and a third for a Chinese character."""
_RIFF_HEADER: Final = 44  # bytes, should a voice begin with one
_PROXY_REFUSES: Final = 407

SPEECH_FAILED: Final = Fault(
    "reading_failed",
    t("What was typed couldn't be read aloud. It is in the captions."),
    retryable=True,
)
SPEECH_REFUSED: Final = replace(SPEECH_FAILED, code="reading_refused", retryable=False)
SPEECH_UNREADABLE: Final = replace(SPEECH_FAILED, code="reading_unreadable")
NO_TTS_MODEL: Final = Fault(
    "no_tts_model",
    t(
        "The translation service doesn't know the model that reads typed text aloud. "
        "Check TTS_MODEL."
    ),
    retryable=False,
)
ENDS_READING: Final = frozenset(
    fault.code for fault in (faults.BAD_KEY, faults.ACCESS_DENIED, faults.NO_CREDIT, NO_TTS_MODEL)
)
"""Codes of the account's and the setup's: every further request would be refused too."""

_BY_STATUS: Final = {
    401: faults.BAD_KEY,
    402: faults.NO_CREDIT,
    403: faults.ACCESS_DENIED,
    404: NO_TTS_MODEL,
    408: faults.NO_ANSWER,
    429: faults.RATE_LIMITED,
}

Said = Callable[[bytes | Usage], None]
"""Told each piece of voice (PCM16, 24 kHz, mono, whole samples), and what was used."""


class QwenTts:
    """Has one text at a time read aloud; any number side by side.

    Args:
        endpoint: The service, the account, and the name of a Qwen3-TTS model.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        base = http_base(endpoint.url)
        self._url = base + PATH
        self._proxy = proxy_for(base)  # read once
        self._model = endpoint.model
        self._headers = {
            "Authorization": f"Bearer {endpoint.api_key}",
            "X-DashScope-SSE": "enable",
        }
        if endpoint.workspace:
            self._headers["X-DashScope-WorkSpace"] = endpoint.workspace
        self._ssl = get_ssl_context()  # as the text client has it
        self._session: aiohttp.ClientSession | None = None
        self._excess = Excess()

    async def send(self, text: str, language: str, voice: str, said: Said) -> Fault | None:
        """Have a text read aloud; return why that failed, if it did.

        Args:
            text: At most `voices.MOST_CHARACTERS`.
            language: One of `voices.LANGUAGES`.
            voice: Name of a voice of the model.
            said: Told the voice, and what was used, also of what is cut short.
        """
        if self._proxy is not None and not self._proxy.speaks_http:
            return faults.unreachable(self._proxy.host)
        body = {
            "model": self._model,
            "input": {"text": text, "voice": voice, "language_type": LANGUAGES[language]},
        }
        try:
            async with (
                asyncio.timeout(WHOLE_S),
                self._opened().post(self._url, json=body, allow_redirects=False) as answer,
            ):
                if answer.status == _PROXY_REFUSES and self._proxy is not None:
                    return faults.unreachable(self._proxy.host)
                if answer.status != 200:
                    return _of_body(answer.status, await _short(answer.content))
                return await self._read(answer.content, _VoiceAnswer(text, said, self._excess))
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError, too
            return of_connect(error, None if self._proxy is None else self._proxy.host)

    async def _read(self, content: aiohttp.StreamReader, reading: "_VoiceAnswer") -> Fault | None:
        events = EventStream()
        try:
            while piece := await content.readany():
                for data in events.feed(piece):
                    fault = reading.take(data)
                    if fault is not None or reading.finished:
                        return fault
        except TooLongEventError:
            self._excess.note(Exceeded.TEXT)
            return SPEECH_UNREADABLE
        finally:
            reading.count()
        return faults.LOST if reading.voiced else SPEECH_UNREADABLE

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=self._ssl),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=PIECE_S),
                proxy=None if self._proxy is None else self._proxy.url,
            )
        return self._session

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class _VoiceAnswer:
    """One answer, as it comes."""

    def __init__(self, text: str, said: Said, excess: Excess) -> None:
        self._said = said
        self._excess = excess
        self._characters = charged(text)
        most_s = VOICE_BEYOND_S + VOICE_PER_CHARACTER_S * self._characters
        self._left = int(most_s * VOICE_RATE) * 2  # bytes
        self._odd = b""  # half a sample
        self.voiced = False
        self.finished = False

    def take(self, data: bytes) -> Fault | None:
        """Take an event's data; return what is wrong with it."""
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            return SPEECH_UNREADABLE
        if not isinstance(event, dict):
            return SPEECH_UNREADABLE
        output = event.get("output")
        if not isinstance(output, dict):
            if event.get("code"):
                self._characters *= self.voiced  # an error alone is not charged for
                return judge(
                    event.get("status_code"), str(event["code"]), str(event.get("message"))
                )
            return None
        self._use(event.get("usage"))
        audio = output.get("audio")
        encoded = audio.get("data") if isinstance(audio, dict) else None
        if isinstance(encoded, str) and encoded and not self._voice(encoded):
            return SPEECH_UNREADABLE
        self.finished = output.get("finish_reason") == "stop"
        return None if self.voiced or not self.finished else SPEECH_UNREADABLE

    def _voice(self, encoded: str) -> bool:
        try:
            pcm = pybase64.b64decode(encoded, validate=True)
        except ValueError:
            return False
        if not self.voiced and pcm.startswith(b"RIFF"):
            pcm = pcm[_RIFF_HEADER:]
        pcm = self._odd + pcm
        if len(pcm) > self._left:
            self._excess.note(Exceeded.VOICE)
            pcm = pcm[: self._left]
        whole = len(pcm) // 2 * 2
        self._left -= whole
        self._odd = pcm[whole:]
        if whole:
            self.voiced = True
            self._said(pcm[:whole])
        return True

    def _use(self, usage: Any) -> None:
        characters = usage.get("characters") if isinstance(usage, dict) else None
        if isinstance(characters, int) and not isinstance(characters, bool):
            # What was read is known; a number beyond that can't be.
            self._characters = min(max(characters, 0), 2 * self._characters)

    def count(self) -> None:
        """Say what was used: it is charged for as soon as it is answered."""
        if self._characters:
            self._said(Usage(voice_characters=self._characters))


async def _short(content: aiohttp.StreamReader) -> bytes:
    """Return the beginning of a body."""
    body = bytearray()
    while len(body) < bounds.ERROR_CHARS * 8 and (piece := await content.readany()):
        body += piece
    return bytes(body)


def _of_body(status: int, body: bytes) -> Fault:
    """Return the fault for an answer that is an error: JSON, or the data of an event."""
    found: Any = None
    for line in (body, *body.splitlines()):
        try:
            found = json.loads(line.removeprefix(b"data:"))
        except (ValueError, RecursionError):
            continue
        break
    fields = found if isinstance(found, dict) else {}
    return judge(status, str(fields.get("code", "")), str(fields.get("message", "")))


def judge(status: object, code: str, message: str) -> Fault:
    """Return the fault for an error."""
    code, message = code[: bounds.ERROR_CHARS], message[: bounds.ERROR_CHARS]
    detail = f"HTTP {status} {faults.excerpt(f'{code} {message}')}".strip()
    return replace(_known(status, code, message), detail=detail)


def _known(status: object, code: str, message: str) -> Fault:
    if "invalidparameter" in code.replace(".", "").lower():
        return faults.BAD_VOICE if "voice" in message.lower() else SPEECH_REFUSED
    known = faults.of_text(code, "") or faults.of_text("", message)
    if known is faults.NO_MODEL:
        return NO_TTS_MODEL
    if known is not None and not known.of_voice:
        return known
    if isinstance(status, int) and status >= 500:
        return faults.OVERLOADED
    if status in {400, 413, 422}:
        return SPEECH_REFUSED
    return _BY_STATUS.get(status, SPEECH_FAILED) if isinstance(status, int) else SPEECH_FAILED
