"""The files of the page, held in memory, and the page itself in each language."""

import hashlib
import html
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from bot.page.words import in_locale

_TYPES: Final = {
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
    "png": "image/png",
}
_SILENCE_S: Final = 10
_SILENCE_RATE: Final = 8000


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, content_type: str) -> "Asset":
        """Return a file with the tag that a browser asks by whether it has changed."""
        return cls(body, content_type, hashlib.sha256(body).hexdigest()[:16])


@cache
def files() -> Mapping[str, Asset]:
    """Return the files that the page loads, by name."""
    found = {"silence.wav": Asset.of(_silence(), "audio/wav")}
    for file in resources.files("bot.page").joinpath("static").iterdir():
        if (kind := _TYPES.get(file.name.rpartition(".")[2])) is not None:
            found[file.name] = Asset.of(file.read_bytes(), kind)
    return MappingProxyType(found)


@cache
def page(locale: str) -> Asset:
    """Return the page in one of Discord's locales."""
    said = in_locale(locale)
    # In a script element only "</" and "<!--" mean anything.
    data = json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")
    text = resources.files("bot.page").joinpath("static", "index.html").read_text("utf-8")
    for name, value in {"lang": locale, **said}.items():
        text = text.replace(f"{{{{{name}}}}}", html.escape(value))
    return Asset.of(text.replace("{{words}}", data).encode(), "text/html")


@cache
def manifest(locale: str) -> Asset:
    """Return what makes the page something to install."""
    said = in_locale(locale)
    icons = [
        {"src": "static/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        {"src": "static/icon-512.png", "sizes": "512x512", "type": "image/png"},
        {"src": "static/icon-192.png", "sizes": "192x192", "type": "image/png"},
    ]
    body = {
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "name": f"Parley · {said['title']}",
        "short_name": "Parley",
        "description": said["description"],
        "lang": locale,
        "display": "standalone",
        "background_color": "#1e1f22",
        "theme_color": "#1e1f22",
        "icons": icons,
    }
    text = json.dumps(body, ensure_ascii=False)
    return Asset.of(text.encode(), "application/manifest+json")


def _silence() -> bytes:
    """Return what a phone plays in a loop, so that it lets the page go on with the screen off."""
    samples = b"\x80" * (_SILENCE_S * _SILENCE_RATE)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _SILENCE_RATE, _SILENCE_RATE, 1, 8)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data
