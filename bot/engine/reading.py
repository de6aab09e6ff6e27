"""Reading texts aloud over HTTP, as the service does it: one text in, its voice out in pieces."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from bot.engine.models.interpreter import SpeechInterpreter
from bot.engine.ports import VOICE_RATE
from bot.engine.scheduler import Priority, Scheduler
from bot.engine.session.identifiers import new_id
from bot.engine.writing import RefusedRequestError, done, failure, object_in, object_of

PATH: Final = "/api/v1/services/aigc/multimodal-generation/generation"

_MODELS: Final = "qwen3-tts-"  # and what follows
_MOST_CHARACTERS: Final = 600
_PIECE: Final = VOICE_RATE * 2 // 5  # bytes; 200 ms
_LANGUAGES: Final = {
    "chinese": "zh",
    "english": "en",
    "german": "de",
    "italian": "it",
    "portuguese": "pt",
    "spanish": "es",
    "japanese": "ja",
    "korean": "ko",
    "french": "fr",
    "russian": "ru",
}


class ReadingAloud:
    """Answers requests for voice, always as a stream.

    Args:
        interpreter: Has the voice.
        scheduler: Runs it in a thread.
    """

    def __init__(self, interpreter: SpeechInterpreter, scheduler: Scheduler) -> None:
        self._interpreter = interpreter
        self._scheduler = scheduler

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Return a voice in server-sent events, or an error in the service's form."""
        try:
            text, language, voice = _asked(await request.read(), request.headers)
            pcm = await self._spoken(text, language, voice)
        except RefusedRequestError as error:
            return failure(error.status, error.wire_code, error.message)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream;charset=UTF-8"})
        await answer.prepare(request)
        request_id = new_id("req")
        pieces = [pcm[at : at + _PIECE] for at in range(0, len(pcm), _PIECE)]
        for number, piece in enumerate([*pieces, b""], 1):
            event = {
                "output": {
                    "finish_reason": None if piece else "stop",
                    "audio": {"data": base64.b64encode(piece).decode(), "id": request_id},
                },
                "usage": {"characters": len(text)},
                "request_id": request_id,
            }
            head = f"id:{number}\nevent:result\n:HTTP_STATUS/200\n"
            await answer.write(f"{head}data:{json.dumps(event)}\n\n".encode())
        await answer.write_eof()
        return answer

    async def _spoken(self, text: str, language: str, voice: str) -> bytes:
        def work() -> bytes:
            return self._interpreter.speak(text, language, voice)

        return await done(lambda: self._scheduler.submit(work, Priority.FINAL, new_id("reading")))


def _asked(raw: bytes, headers: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the text, language and voice of a request."""
    if headers.get("X-DashScope-SSE", "").lower() != "enable":
        raise RefusedRequestError("This engine only streams: send X-DashScope-SSE: enable.")
    body = object_of(raw)
    model = body.get("model")
    if not isinstance(model, str) or not model.startswith(_MODELS):
        raise RefusedRequestError("Model not exist.", code="ModelNotFound", status=404)
    given: dict[str, Any] = object_in(body, "input")
    text, voice = given.get("text"), given.get("voice")
    if not isinstance(text, str) or not text.strip():
        raise RefusedRequestError("Invalid text: a text is expected.")
    if len(text) > _MOST_CHARACTERS:
        raise RefusedRequestError(f"The text is longer than {_MOST_CHARACTERS} characters.")
    if not isinstance(voice, str):
        raise RefusedRequestError("Invalid voice: a name is expected.")
    language = _LANGUAGES.get(str(given.get("language_type")).lower())
    if language is None:
        raise RefusedRequestError(
            "This engine does not detect the language of a text: name language_type."
        )
    return text, language, voice
