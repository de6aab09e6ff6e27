"""The server of the page: files, sessions, and a WebSocket for each reader."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from bot.clock import Clock
from bot.domain.audience import Audience
from bot.errors import SettingsError
from bot.logs import get_logger
from bot.page import assets
from bot.page.assets import Asset
from bot.page.attempts import Attempts, client_address
from bot.page.feed import Feed
from bot.page.links import SESSION_S, Links, Session
from bot.page.packets import CloseCode
from bot.page.requests import LONGEST, parse
from bot.page.socket import SocketReader
from bot.page.words import preferred
from bot.tasks import TaskOwner

log = get_logger(__name__)

CHECK_S: Final = 2.0  # how often it is asked whether somebody may still read
MOST_WINDOWS: Final = 3  # of one member in one room
MOST_READERS: Final = 1000
_HEARTBEAT_S: Final = 20.0
_SHUTDOWN_S: Final = 1.0
_LARGEST_BODY: Final = 1024
_MOST_REQUESTS: Final = 60  # of a page in a minute
_BAD_REQUEST: Final = 400
_REFUSED: Final = 403
_NOT_FOUND: Final = 404
_LIMITED: Final = 429
_FULL: Final = 503

_Response = TypeVar("_Response", bound=web.StreamResponse)

_FIXED_HEADERS: Final = {
    "Server": "Parley",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()"
    ),
    "X-Robots-Tag": "noindex, nofollow",
}


class PageServer:
    """Serves the page for all rooms. Every method is called on the event loop.

    Args:
        public_url: Where people reach it, as "https://parley.example.org/live": a proxy there may
            take the path away or not.
        host: Address to listen on.
        port: 0 takes a free one; see `port`.
        secret: Seals sessions. The same after a restart, so that readers stay.
        clock: The time that passes.
        wall: Seconds since 1970.
    """

    def __init__(
        self,
        public_url: str,
        host: str,
        port: int,
        *,
        secret: bytes,
        clock: Clock,
        wall: Callable[[], float],
    ) -> None:
        self._url = URL(public_url.rstrip("/") + "/")
        self._host = host
        self._port = port
        self._clock = clock
        self._wall = wall
        self._links = Links(secret)
        self._attempts = Attempts()
        self._feeds: dict[str, Feed] = {}
        self._restored = False
        self._closing = False
        self._tasks = TaskOwner("page")
        self._runner: web.ServerRunner | None = None
        https = self._url.scheme == "https"
        # The prefix has the browser refuse a cookie that another host or path has set.
        self._cookie = "__Host-parley" if https and self._url.path == "/" else "parley"
        socket_origin = str(self._url.origin()).replace("http", "ws", 1)
        self._policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"media-src 'self'; manifest-src 'self'; connect-src 'self' {socket_origin}; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
            "trusted-types 'none'"
        )

    @property
    def port(self) -> int:
        """The port listened on, once started."""
        if self._runner is not None and self._runner.addresses:
            return int(self._runner.addresses[0][1])
        return self._port

    # What the bot does

    @property
    def offered(self) -> bool:
        """Whether there is a page: this is it."""
        return True

    async def start(self) -> None:
        """Listen.

        Raises:
            SettingsError: The address can't be listened on; names it.
        """
        self._runner = web.ServerRunner(
            web.Server(self._answer, access_log=None, logger=_requests_log()),
            handle_signals=False,
            shutdown_timeout=_SHUTDOWN_S,
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.close()
            raise SettingsError(
                f"WEB_PORT {self._port} on {self._host} can't be listened on "
                f"({error.strerror}): choose another."
            ) from error
        self._tasks.start(self._watch(), "watch")

    async def close(self) -> None:
        """Send readers what there is for them, tell them to come again, and stop. Idempotent."""
        self._closing = True
        for feed in self._feeds.values():
            feed.close(CloseCode.GOING_AWAY)
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        await self._tasks.close()

    def open(self, audience: Audience, languages: Sequence[str]) -> Feed:
        """Let a room be read from now on; what is to be read there is told to the feed.

        Args:
            audience: The room.
            languages: That can be read.
        """
        feed = Feed(
            audience,
            languages,
            self._clock,
            self._wall,
            epoch=secrets.token_urlsafe(6),
            ended=self._ended,
        )
        self._feeds[audience.run] = feed
        return feed

    def restored(self) -> None:
        """Say that all rooms that come back after a restart are open: others have ended."""
        self._restored = True

    def link(self, run: str, member_id: int, language: str, *, overlay: bool = False) -> str:
        """Make a link for one person, which opens a room once.

        Args:
            run: The room.
            member_id: Who asks.
            language: What they see first: one of the room's, or "original".
            overlay: As a layer for streaming software.
        """
        token = self._links.make(run, member_id, language, self._wall())
        url = self._url.with_query(overlay="1") if overlay else self._url
        return str(url.with_fragment(token))

    @property
    def audience(self) -> tuple[int, int]:
        """How many read now, and how many of them hear a voice too."""
        feeds = self._feeds.values()
        return sum(len(feed.readers) for feed in feeds), sum(feed.listeners for feed in feeds)

    def revoke(self, run: str, member_id: int) -> None:
        """Void all that was given to somebody for a room; what they have open is closed."""
        self._links.revoke(run, member_id, self._wall())
        if (feed := self._feeds.get(run)) is not None:
            feed.shut_out(member_id, CloseCode.LEFT)

    def _ended(self, feed: Feed) -> None:
        run = feed.audience.run
        if self._feeds.get(run) is feed:
            del self._feeds[run]
            self._links.forget(run)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            for feed in tuple(self._feeds.values()):
                try:
                    feed.readers_changed()
                except Exception:
                    # Nobody reads what it can't be asked for.
                    log.exception("readers of a room could not be checked", run=feed.audience.run)
                    feed.close(CloseCode.GOING_AWAY)

    # Requests

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request.

        Not by aiohttp's router, which fails at an Expect header that is not UTF-8, and says of each
        path which methods there are.
        """
        path = request.path
        if len(self._url.path) > 1:
            if path == self._url.path.rstrip("/"):
                return self._secured(
                    request, web.Response(status=308, headers={"Location": self._url.path})
                )
            path = "/" + path.removeprefix(self._url.path).lstrip("/")
        match request.method, path:
            case "GET", "/live":
                return await self._live(request)
            case "POST", "/session":
                response = await self._exchange(request)
            case "POST", "/leave":
                response = await self._leave(request)
            case "GET" | "HEAD", "/":
                response = _file(request, assets.page(_locale(request)), varies=True)
            case "GET" | "HEAD", "/manifest.webmanifest":
                response = _file(request, assets.manifest(_locale(request)), varies=True)
            case "GET" | "HEAD", _ if path.startswith("/static/"):
                response = _file(request, assets.files().get(path.removeprefix("/static/")))
            case _:
                response = web.Response(status=_NOT_FOUND)
        return self._secured(request, response)

    def _secured(self, request: web.BaseRequest, response: _Response) -> _Response:
        response.headers.update(_FIXED_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        overlay = request.query.get("overlay") == "1"
        ancestors = "frame-ancestors *" if overlay else "frame-ancestors 'none'"
        response.headers["Content-Security-Policy"] = f"{self._policy}; {ancestors}"
        if not overlay:
            response.headers["X-Frame-Options"] = "DENY"
        if self._url.scheme == "https":
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    # Sessions

    def _from_page(self, request: web.BaseRequest) -> bool:
        return request.headers.get("Origin") == str(self._url.origin())

    def _address(self, request: web.BaseRequest) -> str:
        return client_address(request.remote, request.headers.get("X-Forwarded-For"))

    async def _exchange(self, request: web.BaseRequest) -> web.Response:
        address, now = self._address(request), self._clock.now()
        if not self._attempts.allowed(address, now):
            return web.Response(status=_LIMITED)
        token = (await request.content.read(_LARGEST_BODY)).decode("ascii", "replace")
        # Whatever is wrong, the answer is the same.
        cookie = self._links.exchange(token, self._wall()) if self._from_page(request) else None
        session = self._links.session(cookie, self._wall()) if cookie is not None else None
        if cookie is None or session is None or not await self._lets_in(session):
            self._attempts.refused(address, now)
            return web.Response(status=_REFUSED)
        response = web.Response(status=204)
        response.set_cookie(
            self._cookie,
            cookie,
            max_age=int(SESSION_S),
            path=self._url.path,
            secure=self._url.scheme == "https",
            httponly=True,
            samesite="Strict",
        )
        return response

    async def _leave(self, request: web.BaseRequest) -> web.Response:
        """End what a reader has of a room, here and elsewhere, as they want to read no longer.

        A page that was shut meanwhile says "shut": its browser may have a new session by now.
        """
        if not self._from_page(request):
            return web.Response(status=_REFUSED)
        shut = await request.content.read(_LARGEST_BODY) == b"shut"
        session = self._links.session(request.cookies.get(self._cookie, ""), self._wall())
        response = web.Response(status=204)
        if session is not None:
            if shut:
                return response
            self.revoke(session.run, session.member)
        response.del_cookie(
            self._cookie,
            path=self._url.path,
            secure=self._url.scheme == "https",
            httponly=True,
            samesite="Strict",
        )
        return response

    async def _lets_in(self, session: Session) -> bool:
        """Return whether somebody may read, or Discord doesn't say; then `_live` asks again."""
        feed = self._feeds.get(session.run)
        if feed is None:
            return False
        known = await feed.audience.ask_again(session.member)
        return feed.audience.may_read(session.member) or not known

    # Reading

    async def _live(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            timeout=_SHUTDOWN_S, heartbeat=_HEARTBEAT_S, compress=False, max_msg_size=LONGEST
        )
        if status := self._refusal(request, socket):
            return self._secured(request, web.Response(status=status))
        await self._secured(request, socket).prepare(request)
        found = await self._found(request.cookies.get(self._cookie, ""))
        if isinstance(found, CloseCode):
            if found is CloseCode.NO_SESSION:
                self._attempts.refused(self._address(request), self._clock.now())
            await socket.close(code=found)
        elif (transport := request.transport) is not None:
            feed, session = found
            reader = self._reader(socket, transport, session.member)
            await self._serve(socket, reader, feed, session)
        return socket

    async def _found(self, cookie: str) -> tuple[Feed, Session] | CloseCode:
        """Return what a cookie opens, or why it opens nothing."""
        session = self._links.session(cookie, self._wall())
        feed = self._feeds.get(session.run) if session is not None else None
        known = session is None or feed is None or await feed.audience.ask_again(session.member)
        # Much may have changed while Discord was asked.
        session = self._links.session(cookie, self._wall())
        if session is None:
            return CloseCode.NO_SESSION
        feed = self._feeds.get(session.run)
        if self._closing or (feed is None and not self._restored):
            return CloseCode.GOING_AWAY
        if feed is None:
            return CloseCode.ENDED
        if feed.audience.may_read(session.member):
            return feed, session
        return CloseCode.NOT_ALLOWED if known else CloseCode.GOING_AWAY

    def _reader(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport, member_id: int
    ) -> SocketReader:
        return SocketReader(socket, transport, member_id, self._tasks.start)

    def _refusal(self, request: web.BaseRequest, socket: web.WebSocketResponse) -> int:
        """Return the status to refuse a request with, knowing nothing of who asks; 0: none."""
        if not self._from_page(request):
            return _REFUSED
        if not self._attempts.allowed(self._address(request), self._clock.now()):
            return _LIMITED
        if sum(len(feed.readers) for feed in self._feeds.values()) >= MOST_READERS:
            return _FULL
        return 0 if socket.can_prepare(request) else _BAD_REQUEST

    async def _serve(
        self, socket: web.WebSocketResponse, reader: SocketReader, feed: Feed, session: Session
    ) -> None:
        windows = [other for other in feed.readers if other.member_id == session.member]
        for other in windows[: len(windows) - MOST_WINDOWS + 1]:
            feed.detach(other)
            other.end(CloseCode.ELSEWHERE)
        feed.attach(reader, session.since)
        asked = 0
        minute = self._clock.now()
        try:
            async for message in socket:
                asked += 1
                if self._clock.now() - minute > 60.0:
                    asked, minute = 1, self._clock.now()
                wanted = parse(message.data) if message.type is WSMsgType.TEXT else None
                if wanted is None or asked > _MOST_REQUESTS:
                    reader.end(CloseCode.BAD_REQUEST)
                    break
                feed.read(
                    reader,
                    wanted.language or session.language,
                    wanted.voice,
                    epoch=wanted.epoch,
                    after=wanted.after,
                    number=wanted.number,
                )
        finally:
            feed.detach(reader)
            await reader.closed()


def _requests_log() -> logging.Logger:
    """Return a log of what fails here, without what strangers send: they could fill it.

    aiohttp logs each request that is no HTTP with its bytes, in which there may be a cookie.
    """
    requests = log.getChild("requests")
    requests.filters = [_of_ours]
    return requests


def _of_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionError)


def _locale(request: web.BaseRequest) -> str:
    return preferred(request.headers.get("Accept-Language", ""))


def _file(request: web.BaseRequest, asset: Asset | None, *, varies: bool = False) -> web.Response:
    if asset is None:
        return web.Response(status=_NOT_FOUND)
    headers = {"Cache-Control": "no-cache", "ETag": f'"{asset.etag}"'}
    if varies:
        headers["Vary"] = "Accept-Language"
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    charset = None if asset.content_type.startswith(("image/png", "audio/")) else "utf-8"
    return web.Response(
        body=asset.body, content_type=asset.content_type, charset=charset, headers=headers
    )
