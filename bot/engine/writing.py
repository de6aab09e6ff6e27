"""Text translation over HTTP, as the service does it: one text in, its translation out.

A text is translated line by line, so that its lines can be told apart in the answer.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

from bot.engine.models.interpreter import SpeechInterpreter
from bot.engine.scheduler import OverloadedError, Priority, Scheduler
from bot.engine.session.identifiers import new_id
from bot.errors import EngineError
from bot.logs import get_logger

log = get_logger(__name__)

T = TypeVar("T")

PATH = "/api/v1/services/aigc/text-generation/generation"

_MODELS = "qwen-mt-"  # and what follows
_MAX_CHARACTERS = 10_000
_MAX_LINES = 100


class Writing:
    """Answers text requests. A glossary (`terms`) is let go: no engine here takes one.

    Args:
        interpreter: Translates the text.
        scheduler: Runs the translation in a thread.
    """

    def __init__(self, interpreter: SpeechInterpreter, scheduler: Scheduler) -> None:
        self._interpreter = interpreter
        self._scheduler = scheduler

    async def answer(self, request: web.Request) -> web.Response:
        """Return a translation, or an error in the service's form."""
        try:
            text, source, target = _asked(await request.read())
            translation = await self._translated(text, source, target)
        except RefusedRequestError as error:
            return failure(error.status, error.wire_code, error.message)
        usage = {"input_tokens": len(text.split()), "output_tokens": len(translation.split())}
        return web.json_response(
            {
                "output": {
                    "choices": [
                        {
                            "finish_reason": "stop",
                            "message": {"role": "assistant", "content": translation},
                        }
                    ]
                },
                "usage": {**usage, "total_tokens": sum(usage.values())},
                "request_id": new_id("req"),
            }
        )

    async def _translated(self, text: str, source: str, target: str) -> str:
        lines = text.splitlines()
        return "\n".join(
            [await self._line(line, source, target) if line.strip() else "" for line in lines]
        )

    async def _line(self, text: str, source: str, target: str) -> str:
        def work() -> str | None:
            return self._interpreter.translate(text, source, target)

        translation = await done(
            lambda: self._scheduler.submit(work, Priority.FINAL, new_id("text"))
        )
        if translation is None:
            raise RefusedRequestError(
                f"Nothing installed translates {source} to {target}: install Apertium or Argos "
                "Translate with that pair, or use the cloud",
                code="unsupported_language_pair",
            )
        return " ".join(translation.split())


class RefusedRequestError(EngineError):
    """A request that can't be answered.

    Attributes:
        wire_code: The code in the answer.
        status: Its HTTP status.
    """

    code = "text_refused"

    def __init__(self, message: str, *, code: str = "InvalidParameter", status: int = 400) -> None:
        super().__init__(message)
        self.wire_code = code
        self.status = status


async def done(begin: Callable[[], Awaitable[T]]) -> T:
    """Begin a job and return what it returns.

    Raises:
        RefusedRequestError: It failed, or too much waits.
    """
    try:
        return await begin()
    except OverloadedError as error:
        raise RefusedRequestError(error.message, code="Throttling", status=429) from error
    except EngineError as error:
        raise RefusedRequestError(error.message, code="InternalError", status=500) from error


def failure(status: int, code: str, message: str) -> web.Response:
    """Return an error in the service's form."""
    body = {"code": code, "message": message, "request_id": new_id("req")}
    return web.json_response(body, status=status)


def _asked(raw: bytes) -> tuple[str, str, str]:
    """Return the text, source and target of a request."""
    body = object_of(raw)
    model = body.get("model")
    if not isinstance(model, str) or not model.startswith(_MODELS):
        raise RefusedRequestError("Model not exist.", code="ModelNotFound", status=404)
    options = object_in(object_in(body, "parameters"), "translation_options")
    source, target = options.get("source_lang"), options.get("target_lang")
    if not isinstance(source, str) or not isinstance(target, str):
        raise RefusedRequestError("source_lang and target_lang are expected.")
    if source.lower() == "auto":
        raise RefusedRequestError(
            "This engine does not detect the language of a text: name source_lang",
            code="unsupported_language",
        )
    terms = options.get("terms", [])
    if not isinstance(terms, list) or not all(isinstance(term, dict) for term in terms):
        raise RefusedRequestError("Invalid terms: a list of source and target is expected.")
    return _text(object_in(body, "input")), source.lower(), target.lower()


def object_of(raw: bytes) -> dict[str, Any]:
    """Return the object that a request is.

    Raises:
        RefusedRequestError: It is none.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RefusedRequestError("Invalid JSON.") from error
    if not isinstance(body, dict):
        raise RefusedRequestError("An object is expected.")
    return body


def object_in(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object in another by its name.

    Raises:
        RefusedRequestError: There is none.
    """
    value = body.get(name)
    if not isinstance(value, dict):
        raise RefusedRequestError(f"Invalid {name}: an object is expected.")
    return value


def _text(given: dict[str, Any]) -> str:
    messages = given.get("messages")
    if not isinstance(messages, list) or len(messages) != 1 or not isinstance(messages[0], dict):
        raise RefusedRequestError("Exactly one message is expected.")
    message = messages[0]
    text = message.get("content")
    if message.get("role") != "user" or not isinstance(text, str) or not text.strip():
        raise RefusedRequestError("One message of the user with a text is expected.")
    if len(text) > _MAX_CHARACTERS:
        raise RefusedRequestError(f"The text is longer than {_MAX_CHARACTERS} characters.")
    if len(text.splitlines()) > _MAX_LINES:
        raise RefusedRequestError(f"The text has more than {_MAX_LINES} lines.")
    return text
