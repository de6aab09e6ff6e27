"""A text translation service on loopback, over real HTTP, beside `translation_service`.

It answers the way the service does, takes the time a test gives it, and keeps what it was asked.
"""

import asyncio
import base64
import contextlib
import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

READING_PATH = "/api/v1/services/aigc/multimodal-generation/generation"
PATH = "/api/v1/services/aigc/text-generation/generation"
VOICE_PIECES = 4
VOICE_PIECE = b"".join(
    round(8_000 * math.sin(2 * math.pi * 440 * at / 24_000)).to_bytes(2, "little", signed=True)
    for at in range(24_000 // 5)
)
"""200 ms of what is read aloud: 440 Hz at 24 kHz."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    at: float  # time.monotonic
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.body["input"]["messages"][0]["content"])

    @property
    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = self.body["parameters"]["translation_options"]
        return options

    @property
    def target(self) -> str:
        return str(self.options["target_lang"])


Refuse = Callable[[Asked], tuple[int, str, str] | None]
Says = Callable[[str, str], str]


class Limits:
    """Refuses requests beyond an account's limit, by the minute and by the second.

    Args:
        per_minute: So many.
    """

    def __init__(self, per_minute: int) -> None:
        self._windows = ((60.0, per_minute), (1.0, per_minute // 60))
        self._served: list[float] = []
        self.refused = 0

    def __call__(self, asked: Asked) -> tuple[int, str, str] | None:
        """What is answered to a request too many."""
        for window_s, most in self._windows:
            if sum(at > asked.at - window_s for at in self._served) >= most:
                self.refused += 1
                return 429, "Throttling.RateQuota", "Request rate increased too quickly."
        self._served.append(asked.at)
        return None


class TextRoutes:
    """The text call as a part of a server.

    Args:
        takes_s: How long an answer takes.
        refuse: Status, code and message of an error for a request; None answers it.
        drop: How many requests are reset without an answer, from the first on.
        merges: Whether the lines of a text become one.
        says: Translates a line (second) into a language (first) when the answer is sent.
        raw: Answered instead, whatever is asked: pieces of a body without a length.
    """

    def __init__(
        self,
        *,
        takes_s: float = 0.0,
        refuse: Refuse = lambda _: None,
        drop: int = 0,
        merges: bool = False,
        says: Says = lambda target, text: f"{target}: {text}",
        raw: Iterable[bytes] | None = None,
    ) -> None:
        self.read_aloud: list[dict[str, str]] = []  # what was asked
        self._raw = raw
        self.asked: list[Asked] = []
        self._says = says
        self._takes_s = takes_s
        self._refuse = refuse
        self._drop = drop
        self._merges = merges

    def add_to(self, app: web.Application) -> None:
        app.router.add_post(PATH, self._answer)
        app.router.add_post(READING_PATH, self._read_aloud)

    async def _read_aloud(self, request: web.Request) -> web.StreamResponse:
        """Say it in `VOICE_PIECES` pieces of one sound."""
        body = await request.json()
        self.read_aloud.append(body["input"])
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for number in range(VOICE_PIECES + 1):
            piece = VOICE_PIECE if number < VOICE_PIECES else b""
            audio = {"data": base64.b64encode(piece).decode()}
            output = {"finish_reason": None if piece else "stop", "audio": audio}
            event = {"output": output, "usage": {"characters": len(body["input"]["text"])}}
            await answer.write(f"id:{number}\nevent:result\ndata:{json.dumps(event)}\n\n".encode())
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(time.monotonic(), dict(request.headers), await request.json())
        self.asked.append(asked)
        if len(self.asked) <= self._drop:
            assert request.transport is not None
            request.transport.abort()
        await asyncio.sleep(self._takes_s)
        if self._raw is not None:
            answer = web.StreamResponse(headers={"Content-Type": "application/json"})
            await answer.prepare(request)
            with contextlib.suppress(ConnectionError):
                for piece in self._raw:
                    await answer.write(piece)
            return answer
        if (refused := self._refuse(asked)) is not None:
            status, code, message = refused
            body = {"code": code, "message": message, "request_id": "r"}
            return web.json_response(body, status=status)
        lines = [self._says(asked.target, line) for line in asked.text.split("\n")]
        return web.json_response(translation((" " if self._merges else "\n").join(lines)))


def translation(text: str) -> dict[str, Any]:
    """An answer of the service."""
    message = {"role": "assistant", "content": text}
    return {
        "output": {"choices": [{"finish_reason": "stop", "message": message}]},
        "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
        "request_id": "r",
    }
