import asyncio
import contextlib
import json
import random
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import CookieJar, WSMsgType
from yarl import URL

from bot.clock import LoopClock
from bot.domain.audience import RoomState
from bot.errors import SettingsError
from bot.page.attempts import MOST
from bot.page.feed import BEHIND_S
from bot.page.packets import CloseCode
from bot.page.server import MOST_WINDOWS, PageServer
from tests.support.page import READER, Stage, StageAudience, caption, server_at, stage

WITHIN_S = 10.0


def token_of(link: str) -> str:
    return link.partition("#")[2]


def browser() -> aiohttp.ClientSession:
    # A jar that keeps cookies of this machine's own name.
    return aiohttp.ClientSession(cookie_jar=CookieJar(unsafe=True))


def origin(on: Stage) -> dict[str, str]:
    return {"Origin": "/".join(on.url.split("/")[:3])}


async def enter(session: aiohttp.ClientSession, on: Stage, token: str) -> int:
    async with session.post(f"{on.url}/session", data=token, headers=origin(on)) as answer:
        assert await answer.read() == b""
        return answer.status


def asking(**changes: Any) -> str:
    asked = {"language": None, "voice": None, "epoch": "", "after": 0, "number": 0}
    return json.dumps(asked | changes)


async def until(socket_: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next event of a kind."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            message = await socket_.receive()
            assert message.type is WSMsgType.TEXT, message
            for event in json.loads(message.data):
                if event["t"] == kind:
                    found: dict[str, Any] = event
                    return found


async def readers(on: Stage, count: int) -> None:
    """Wait until so many are there."""
    async with asyncio.timeout(WITHIN_S):
        while len(on.feed.readers) != count:  # noqa: ASYNC110 - only the feed knows
            await asyncio.sleep(0.01)


async def closed(socket_: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(WITHIN_S):
        while not socket_.closed:
            message = await socket_.receive()
            if message.type is WSMsgType.CLOSE:  # what the client makes of it may come too late
                return int(message.data)
    return socket_.close_code


async def read(
    session: aiohttp.ClientSession, on: Stage, **changes: Any
) -> aiohttp.ClientWebSocketResponse:
    live = await session.ws_connect(f"{on.url}/live", headers=origin(on))
    await live.send_str(asking(**changes))
    return live


@pytest.mark.parametrize("path", ["", "/some/where"])
async def test_a_link_opens_the_call_once(path: str) -> None:
    async with stage(path=path) as on, browser() as session, browser() as other:
        token = token_of(on.link())
        assert await enter(session, on, token) == 204
        assert await enter(other, on, token) == 403
        live = await read(session, on)
        assert (await until(live, "stream"))["language"] == "es"
        on.feed.show(caption(1, "Hola", final=True))
        assert (await until(live, "line"))["text"] == "Hola"
        unseen = await read(other, on)
        assert await closed(unseen) == CloseCode.NO_SESSION


async def test_a_proxy_may_take_the_path_away() -> None:
    async with stage(path="/some/where") as on, browser() as session:
        for path in ("/", "/static/app.js", "/some/where/", "/some/where/static/app.js"):
            async with session.get(f"http://localhost:{on.server.port}{path}") as answer:
                assert answer.status == 200
        async with session.get(
            f"http://localhost:{on.server.port}/some/where", allow_redirects=False
        ) as answer:
            assert answer.headers["Location"] == "/some/where/"


async def test_wrong_old_used_and_foreign_links_are_answered_alike() -> None:
    async with stage() as on:
        gone = on.server.open(StageAudience(run="9/9/9"), ["en"])
        ended = token_of(on.server.link("9/9/9", READER, "en"))
        gone.end()
        used = token_of(on.link())
        async with browser() as session:
            await enter(session, on, used)
        barred = token_of(on.link(member=5))
        on.audience.barred.add(5)
        revoked = token_of(on.link(member=6))
        on.server.revoke(on.audience.run, 6)
        answers = set()
        for token in (
            "A" * 22,
            "",
            "\x00\xff",
            "x" * 900,
            "x" * 5000,
            ended,
            used,
            barred,
            revoked,
        ):
            async with (
                browser() as session,
                session.post(f"{on.url}/session", data=token, headers=origin(on)) as answer,
            ):
                headers = {k: v for k, v in answer.headers.items() if k != "Date"}
                answers.add((answer.status, await answer.read(), json.dumps(headers)))
        assert len(answers) == 1
        assert answers.pop()[0] == 403


async def test_a_wrong_link_does_not_even_ask_the_room() -> None:
    async with stage() as on, browser() as session:
        before = on.audience.asked
        for _ in range(10):
            await enter(session, on, "A" * 22)
        assert on.audience.asked - before <= 1  # the server's own look, if that


async def test_other_sites_get_nothing_with_a_members_cookie() -> None:
    async with stage() as on, browser() as session:
        await enter(session, on, token_of(on.link()))
        for other in ("https://evil.example", "null", on.url + ".evil.example", ""):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{on.url}/live", headers={"Origin": other})
            assert refused.value.status == 403
            token = token_of(on.link())
            async with session.post(
                f"{on.url}/session", data=token, headers={"Origin": other}
            ) as answer:
                assert answer.status == 403
            assert await enter(session, on, token) == 204  # it did not use the link up


async def test_who_tries_too_often_is_refused_unseen() -> None:
    async with stage() as on, browser() as session:
        for _ in range(MOST):
            assert await enter(session, on, "A" * 22) == 403
        assert await enter(session, on, "A" * 22) == 429
        assert await enter(session, on, token_of(on.link())) == 429
        elsewhere = origin(on) | {"X-Forwarded-For": "198.51.100.7"}
        async with session.post(
            f"{on.url}/session", data=token_of(on.link()), headers=elsewhere
        ) as answer:
            assert answer.status == 204


async def test_every_answer_has_the_headers_that_protect_it() -> None:
    async with stage() as on, browser() as session:
        paths = ("/", "/static/app.js", "/manifest.webmanifest", "/live", "/nothing", "/session")
        for path in (*paths, "/?overlay=1"):
            async with session.get(on.url + path) as answer:
                headers = answer.headers
            policy = dict(
                part.strip().partition(" ")[::2]
                for part in headers["Content-Security-Policy"].split(";")
            )
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == "'self'"
            assert policy["style-src"] == "'self'"
            assert policy["base-uri"] == policy["form-action"] == "'none'"
            assert policy["connect-src"] == f"'self' ws{on.url[4:]}"
            assert policy["frame-ancestors"] == ("*" if "overlay" in path else "'none'")
            assert headers.get("X-Frame-Options") == (None if "overlay" in path else "DENY")
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "microphone=()" in headers["Permissions-Policy"]
            assert headers["Cache-Control"] in {"no-cache", "no-store"}
            assert "aiohttp" not in headers["Server"]


async def test_the_cookie_is_for_the_server_alone() -> None:
    async with stage(path="/live-page") as on, browser() as session:
        async with session.post(
            f"{on.url}/session", data=token_of(on.link()), headers=origin(on)
        ) as answer:
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/live-page/" in cookie
        assert "Secure" not in cookie  # of http, on this machine
    secure = PageServer(
        "https://parley.example.org", "", 0, secret=b"x", clock=LoopClock(), wall=lambda: 1.0
    )
    assert secure._cookie == "__Host-parley"


async def test_a_file_is_sent_once() -> None:
    async with stage() as on, browser() as session:
        async with session.get(f"{on.url}/static/app.js") as answer:
            tag = answer.headers["ETag"]
        async with session.get(f"{on.url}/static/app.js", headers={"If-None-Match": tag}) as again:
            assert again.status == 304
        for name in ("static/..%2fserver.py", "static/index.html", "static/app.js%00", "app.js"):
            async with session.get(f"{on.url}/{name}") as answer:
                assert answer.status == 404


async def test_reading_stops_when_it_is_no_longer_allowed() -> None:
    async with stage() as on, browser() as session:
        await enter(session, on, token_of(on.link()))
        live = await read(session, on)
        await until(live, "stream")
        on.audience.barred.add(READER)
        async with asyncio.timeout(5):  # nobody said that anything changed
            assert await closed(live) == CloseCode.NOT_ALLOWED
        assert await closed(await read(session, on)) == CloseCode.NOT_ALLOWED
        on.audience.barred.clear()
        await until(await read(session, on), "stream")


async def test_reading_stops_when_the_room_can_not_be_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with stage() as on, browser() as session:
        await enter(session, on, token_of(on.link()))
        live = await read(session, on)
        await until(live, "stream")
        asked = on.audience.may_read
        on.audience.may_read = lambda member_id: member_id / 0 > 1  # type: ignore[method-assign]
        assert await closed(live) == CloseCode.GOING_AWAY
        assert "could not be checked" in caplog.text
        on.audience.may_read = asked  # type: ignore[method-assign]
        await until(await read(session, on), "stream")


async def test_where_discord_does_not_say_who_may_read_the_page_comes_again() -> None:
    async with stage() as on, browser() as session:
        on.audience.known = False
        on.audience.barred.add(READER)
        assert await enter(session, on, token_of(on.link())) == 204
        assert await closed(await read(session, on)) == CloseCode.GOING_AWAY
        on.audience.known = True
        assert await closed(await read(session, on)) == CloseCode.NOT_ALLOWED
        on.audience.barred.clear()
        await until(await read(session, on), "stream")


async def test_a_reader_who_wants_no_more_is_shut_out_everywhere_until_they_ask_again() -> None:
    async with stage() as on, browser() as session, browser() as elsewhere, browser() as friend:
        await enter(session, on, token_of(on.link()))
        await enter(elsewhere, on, token_of(on.link()))
        await enter(friend, on, token_of(on.link(member=78)))
        unused = token_of(on.link())
        kept = elsewhere.cookie_jar.filter_cookies(URL(on.url))
        windows = [await read(one, on) for one in (session, elsewhere)]
        other = await read(friend, on)
        for live in (*windows, other):
            await until(live, "stream")
        foreign = {"Origin": "https://elsewhere.example"}
        async with session.post(f"{on.url}/leave", headers=foreign) as answer:
            assert answer.status == 403
        async with session.post(f"{on.url}/leave", headers=origin(on)) as answer:
            assert answer.status == 204
        assert not session.cookie_jar.filter_cookies(URL(on.url))
        assert [await closed(live) for live in windows] == [CloseCode.LEFT] * 2
        elsewhere.cookie_jar.update_cookies(kept)  # a copy of it
        assert await closed(await read(elsewhere, on)) == CloseCode.NO_SESSION
        assert await enter(session, on, unused) == 403
        on.feed.show(caption(1, "Hola", final=True))
        assert (await until(other, "line"))["text"] == "Hola"
        assert await enter(session, on, token_of(on.link())) == 204
        async with session.post(f"{on.url}/leave", data="shut", headers=origin(on)) as answer:
            assert answer.status == 204  # an older window of this browser
        await until(await read(session, on), "stream")


async def test_reading_stops_with_the_room() -> None:
    async with stage() as on, browser() as session:
        await enter(session, on, token_of(on.link()))
        live = await read(session, on)
        await until(live, "stream")
        on.feed.state(RoomState.ENDED)
        assert await closed(live) == CloseCode.ENDED
        assert await closed(await read(session, on)) == CloseCode.ENDED


async def test_the_oldest_of_too_many_windows_is_closed() -> None:
    async with stage() as on, browser() as session:
        await enter(session, on, token_of(on.link()))
        windows = []
        for _ in range(MOST_WINDOWS + 1):
            windows.append(await read(session, on))
            await until(windows[-1], "stream")
        assert await closed(windows[0]) == CloseCode.ELSEWHERE
        on.feed.show(caption(1, "Hola", final=True))
        for window in windows[1:]:
            assert (await until(window, "line"))["text"] == "Hola"


async def test_a_session_outlives_a_restart_of_the_bot() -> None:
    async with browser() as session:
        async with stage() as on:
            port = on.server.port
            await enter(session, on, token_of(on.link()))
            live = await read(session, on)
            await until(live, "stream")
            on.feed.show(caption(1, "Antes", final=True))
            closing = asyncio.ensure_future(on.server.close())  # noqa: TID251
            assert (await until(live, "line"))["text"] == "Antes"  # made just before the end
            assert await closed(live) == CloseCode.GOING_AWAY
            await closing
        server = server_at(port)
        await server.start()
        try:
            early = await read(session, on)
            assert await closed(early) == CloseCode.GOING_AWAY  # rooms are not back yet
            feed = server.open(StageAudience(), ["es"])
            server.restored()
            feed.show(caption(1, "Después", final=True))
            live = await read(session, on, epoch="old", after=1)
            assert (await until(live, "line"))["text"] == "Después"
        finally:
            await server.close()


async def test_a_listener_that_stops_reading_delays_nobody_and_is_dropped() -> None:
    async with stage() as on, browser() as session, browser() as other:
        await enter(session, on, token_of(on.link()))
        await enter(other, on, token_of(on.link(member=78)))
        live = await read(other, on)
        await until(live, "stream")
        cookie = "; ".join(f"{c.key}={c.value}" for c in session.cookie_jar)
        stuck = socket.create_connection(("127.0.0.1", on.server.port))
        try:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.sendall(
                (
                    f"GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Key: {'A' * 22}==\r\n"
                    f"Sec-WebSocket-Version: 13\r\nOrigin: {on.url}\r\nCookie: {cookie}\r\n\r\n"
                ).encode()
            )
            body = asking().encode()
            stuck.sendall(bytes([0x81, 0x80 | len(body), 0, 0, 0, 0]) + body)
            await readers(on, 2)
            began = asyncio.get_running_loop().time()
            number, longest = 0, 0.0
            while len(on.feed.readers) > 1:
                number += 1
                on.feed.show(caption(number, f"{number} " + "palabra " * 2000, final=True))
                at = asyncio.get_running_loop().time()
                line = await until(live, "line")
                longest = max(longest, asyncio.get_running_loop().time() - at)
                assert line["id"] == number
                assert at - began < 5 * BEHIND_S  # a busy machine fills the buffers slowly
            assert longest < 2.0
        finally:
            stuck.close()


async def test_a_taken_port_is_named() -> None:
    async with stage() as on:
        with pytest.raises(SettingsError, match=f"WEB_PORT {on.server.port}"):
            await server_at(on.server.port).start()


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "{}",
        "x" * 5000,
        '{"language":"es","voice":"x","epoch":"","after":0,"number":0}',
        b"\x00\x01",
    ],
)
async def test_a_bad_message_closes_its_own_connection_alone(bad: str | bytes) -> None:
    async with stage() as on, browser() as session:
        await enter(session, on, token_of(on.link()))
        other = await read(session, on)
        await until(other, "stream")
        live = await read(session, on)
        await until(live, "stream")
        await (live.send_bytes(bad) if isinstance(bad, bytes) else live.send_str(bad))
        assert await closed(live) in {CloseCode.BAD_REQUEST, 1009}
        on.feed.show(caption(1, "Hola"))
        assert (await until(other, "line"))["text"] == "Hola"


def _noise(chance: random.Random) -> bytes:
    """A request that may be anything."""
    paths = ["/", "/live", "/session", "/static/app.js", "/static/../x", "*", "//", "/%00", "/ü"]
    methods = ["GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "XYZ"]
    fields = [
        f"Origin: http://localhost:{chance.randrange(1 << 16)}",
        "Cookie: parley=" + "".join(chance.choices("abc.=;\"'\\é", k=chance.randrange(300))),
        f"Content-Length: {chance.choice([0, 1, 30, 5000, -1, 1 << 40])}",
        "Transfer-Encoding: chunked",
        "Upgrade: websocket\r\nConnection: Upgrade",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Accept-Language: " + "".join(chance.choices("de,;q=.*-01é", k=chance.randrange(60))),
        "X-Forwarded-For: " + "".join(chance.choices("12.,:a ", k=20)),
        "Expect: 100-continue",
    ]
    chosen = chance.sample(fields, chance.randrange(len(fields)))
    head = f"{chance.choice(methods)} {chance.choice(paths)} HTTP/1.{chance.choice('0119')}"
    text = "\r\n".join([head, "Host: x", *chosen, "", ""]).encode()
    text += chance.randbytes(chance.randrange(64))
    if chance.random() < 0.3:
        at = chance.randrange(len(text))
        text = text[:at] + chance.randbytes(chance.randrange(1, 9)) + text[at + 1 :]
    return text


async def test_ten_thousand_random_requests_and_frames_leak_nothing_and_crash_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chance = random.Random(20)
    secret = "Only for those who were asked in"
    async with stage() as on, browser() as session, browser() as writer:
        await enter(session, on, token_of(on.link()))
        live = await read(session, on)
        await until(live, "stream")
        on.feed.show(caption(1, secret, final=True))
        await until(live, "line")
        limit = asyncio.Semaphore(50)

        async def request(data: bytes) -> None:
            async with limit:
                stream, sink = await asyncio.open_connection("127.0.0.1", on.server.port)
                sink.write(data)
                sink.write_eof()
                answer = b""
                with contextlib.suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(WITHIN_S):
                        answer = await stream.read(1 << 16)
                sink.close()
                assert secret.encode() not in answer
                assert b"Traceback" not in answer
                assert b" 500 " not in answer.split(b"\r\n")[0]

        async def frames() -> None:
            async with limit:
                hostile = await read(writer, on)
                assert hostile._writer is not None
                sink = hostile._writer.transport
                sink.write(chance.randbytes(chance.randrange(1, 200)))
                with contextlib.suppress(TimeoutError):  # it may be the beginning of a frame
                    async with asyncio.timeout(0.2):
                        await closed(hostile)
                sink.abort()

        await enter(writer, on, token_of(on.link(member=78)))
        await asyncio.gather(*(request(_noise(chance)) for _ in range(9_000)))
        for _ in range(10):
            await asyncio.gather(*(frames() for _ in range(100)))
        await readers(on, 1)
        on.feed.show(caption(2, "Todavía", final=True))
        assert (await until(live, "line"))["text"] == "Todavía"
        assert len(on.server._attempts) <= 4096
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == []
    assert secret not in caplog.text
