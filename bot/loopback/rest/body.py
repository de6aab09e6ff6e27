"""Reading a request's body: JSON, or a form with `payload_json` and files."""

import json
import re
from typing import Any

from aiohttp import BodyPartReader, web

from bot.loopback.state.chat import Upload
from bot.loopback.state.refusal import Refusal

FILE_LIMIT = 10 * 1024 * 1024

_FILE = re.compile(r"files?\[(\d+)\]")


async def read_body(request: web.Request) -> tuple[Any, list[Upload]]:
    """Return the JSON of a request and the files that came along.

    Raises:
        Refusal: 50109 for what is no JSON, 40005 for a file too large.
    """
    if not request.can_read_body:
        return None, []
    if request.content_type == "multipart/form-data":
        return await _read_form(request)
    raw = await request.read()
    if not raw:
        return None, []
    if request.content_type != "application/json":
        raise Refusal(400, 50035, "Invalid Form Body")
    return _parse(raw), []


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from None


async def _read_form(request: web.Request) -> tuple[Any, list[Upload]]:
    payload: Any = None
    uploads: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise Refusal(400, 50035, "Invalid Form Body")
        name = part.name or ""
        if name == "payload_json":
            payload = _parse(await part.read())
        elif found := _FILE.fullmatch(name):
            content = await part.read()
            if len(content) > FILE_LIMIT:
                raise Refusal(413, 40005, "Request entity too large")
            kind = part.headers.get("Content-Type", "application/octet-stream")
            filename = part.filename or "unknown"
            uploads.append(Upload(int(found[1]), filename, kind, bytes(content)))
    return payload, uploads
