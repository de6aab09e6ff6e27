"""The page, served for a room that tests move by hand."""

import math
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.clock import LoopClock
from bot.domain.audience import SpokenState
from bot.domain.events import VOICE_RATE, Caption, Member
from bot.page.feed import Feed
from bot.page.server import PageServer

ANA = Member(11, "Ana")
BEN = Member(12, "Ben")
READER = 77  # somebody who reads
LANGUAGES = ("en", "es", "ar")
SECRET = b"of these tests"


@dataclass
class StageAudience:
    """A room that lets everybody read who is not among `barred`; voice is opened when wanted."""

    run: str = "1/2/3"
    guild_id: int = 1
    barred: set[int] = field(default_factory=set)
    listened: list[frozenset[str]] = field(default_factory=list)
    asked: int = 0
    asked_again: list[int] = field(default_factory=list)
    known: bool = True  # what Discord says
    feed: Feed | None = None

    def may_read(self, member_id: int) -> bool:
        self.asked += 1
        return member_id not in self.barred

    async def ask_again(self, member_id: int) -> bool:
        self.asked_again.append(member_id)
        return self.known

    def listened_to(self, languages: frozenset[str]) -> None:
        self.listened.append(languages)
        if self.feed is not None:
            for language in languages:
                self.feed.spoken(language, SpokenState.OPEN)


def caption(
    key: int,
    text: str,
    *,
    language: str = "es",
    speaker: Member = ANA,
    final: bool = False,
    source: str = "",
    source_language: str | None = None,
    heard_out: bool = False,
    **numbered: int,
) -> Caption:
    """A caption as a room shows it."""
    return Caption(
        key=key,
        speaker=speaker,
        language=language,
        text=text,
        source_text=source,
        source_language=source_language,
        final=final,
        began_at=0.0,
        source_follows=not heard_out,
        utterance=numbered.get("utterance", key),
    )


def tone(seconds: float, hertz: float = 440.0) -> bytes:
    """A sine as loud as speech."""
    count = round(seconds * VOICE_RATE)
    return struct.pack(
        f"<{count}h",
        *(round(9000 * math.sin(2 * math.pi * hertz * at / VOICE_RATE)) for at in range(count)),
    )


@dataclass
class Stage:
    """A server with one room."""

    server: PageServer
    audience: StageAudience
    feed: Feed
    url: str

    def link(self, member: int = READER, language: str = "es", *, overlay: bool = False) -> str:
        """A new link."""
        return self.server.link(self.audience.run, member, language, overlay=overlay)


def server_at(port: int = 0, path: str = "", *, public_port: int | None = None) -> PageServer:
    """A server on this machine, not started."""
    return PageServer(
        f"http://localhost:{public_port or port}{path}",
        "127.0.0.1",
        port,
        secret=SECRET,
        clock=LoopClock(),
        wall=time.time,  # noqa: TID251 - the page compares it with the browser's
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def stage(
    port: int | None = None, path: str = "", *, audience: StageAudience | None = None
) -> AsyncIterator[Stage]:
    """A served room."""
    port = port or free_port()
    server = server_at(port, path)
    await server.start()
    try:
        audience = audience or StageAudience()
        feed = audience.feed = server.open(audience, LANGUAGES)
        server.restored()
        yield Stage(server, audience, feed, f"http://localhost:{port}{path}")
    finally:
        await server.close()
