"""Text translation over HTTP, as the service does it: one text in, its translation out.

A text is translated line by line, so that its lines can be told apart in the answer.
"""

import json
from typing import Any

from aiohttp import web

from bot.engine.models.interpreter import SpeechInterpreter
from bot.engine.scheduler import OverloadedError, Priority, Scheduler
from bot.engine.session.identifiers import new_id
from bot.errors import EngineError
from bot.logs import get_logger

log = get_logger(__name__)

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
        except _RefusedError as error:
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

        try:
            translation = await self._scheduler.submit(work, Priority.FINAL, new_id("text"))
        except OverloadedError as error:
            raise _RefusedError(error.message, code="Throttling", status=429) from error
        except EngineError as error:
            raise _RefusedError(error.message, code="InternalError", status=500) from error
        if translation is None:
            raise _RefusedError(
                f"Nothing installed translates {source} to {target}: install Apertium or Argos "
                "Translate with that pair, or use the cloud",
                code="unsupported_language_pair",
            )
        return " ".join(translation.split())


class _RefusedError(EngineError):
    """A request that can't be answered."""

    code = "text_refused"

    def __init__(self, message: str, *, code: str = "InvalidParameter", status: int = 400) -> None:
        super().__init__(message)
        self.wire_code = code
        self.status = status


def failure(status: int, code: str, message: str) -> web.Response:
    """Return an error in the service's form."""
    body = {"code": code, "message": message, "request_id": new_id("req")}
    return web.json_response(body, status=status)


def _asked(raw: bytes) -> tuple[str, str, str]:
    """Return the text, source and target of a request."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _RefusedError("Invalid JSON.") from error
    if not isinstance(body, dict):
        raise _RefusedError("An object is expected.")
    model = body.get("model")
    if not isinstance(model, str) or not model.startswith(_MODELS):
        raise _RefusedError("Model not exist.", code="ModelNotFound", status=404)
    options = _object(_object(body, "parameters"), "translation_options")
    source, target = options.get("source_lang"), options.get("target_lang")
    if not isinstance(source, str) or not isinstance(target, str):
        raise _RefusedError("source_lang and target_lang are expected.")
    if source.lower() == "auto":
        raise _RefusedError(
            "This engine does not detect the language of a text: name source_lang",
            code="unsupported_language",
        )
    terms = options.get("terms", [])
    if not isinstance(terms, list) or not all(isinstance(term, dict) for term in terms):
        raise _RefusedError("Invalid terms: a list of source and target is expected.")
    return _text(_object(body, "input")), source.lower(), target.lower()


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise _RefusedError(f"Invalid {name}: an object is expected.")
    return value


def _text(given: dict[str, Any]) -> str:
    messages = given.get("messages")
    if not isinstance(messages, list) or len(messages) != 1 or not isinstance(messages[0], dict):
        raise _RefusedError("Exactly one message is expected.")
    message = messages[0]
    text = message.get("content")
    if message.get("role") != "user" or not isinstance(text, str) or not text.strip():
        raise _RefusedError("One message of the user with a text is expected.")
    if len(text) > _MAX_CHARACTERS:
        raise _RefusedError(f"The text is longer than {_MAX_CHARACTERS} characters.")
    if len(text.splitlines()) > _MAX_LINES:
        raise _RefusedError(f"The text has more than {_MAX_LINES} lines.")
    return text
