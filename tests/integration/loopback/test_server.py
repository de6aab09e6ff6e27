"""The loopback Discord as one server: its port, its answers to strangers, its knobs."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.errors import LoopbackError
from bot.loopback import Channel, LoopbackDiscord
from bot.loopback.rest.limits import Rule


async def test_a_taken_port_is_named() -> None:
    async with LoopbackDiscord() as first:
        second = LoopbackDiscord(port=first.port)
        with pytest.raises(LoopbackError, match=f"Port {first.port} .* is taken"):
            await second.start()
        await second.close()


async def test_an_unknown_route_is_answered_as_discord_does_and_complained_about() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        async with http.get(server.api_url + "/no/such/thing") as answer:
            assert answer.status == 404
            assert answer.headers["Content-Type"] == "application/json"
            assert await answer.json() == {"message": "404: Not Found", "code": 0}
        (complaint,) = server.complaints
        assert (complaint.method, complaint.path) == ("GET", "/no/such/thing")


async def test_a_token_is_needed_and_never_shows_in_a_complaint() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        app = server.add_bot("Parley")
        async with http.get(server.api_url + "/users/@me") as answer:
            assert answer.status == 401
        url = server.api_url + f"/webhooks/{app.id}/secret-token"
        async with http.post(url, json={"content": "Hello"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, 50027)
        assert not any("secret-token" in str(complaint) for complaint in server.complaints)


async def test_a_body_that_is_no_json_is_refused() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        app = server.add_bot("Parley")
        url = server.api_url + f"/applications/{app.id}/commands"
        headers = {"Authorization": f"Bot {app.token}", "Content-Type": "application/json"}
        async with http.put(url, data=b"{", headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 50109)


async def test_requests_fail_as_ordered_as_often_as_ordered_and_without_complaint() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        server.fail_next("GET", "^/gateway$", 503, times=2)
        seen = []
        for _ in range(3):
            async with http.get(server.api_url + "/gateway") as answer:
                seen.append(answer.status)
        assert seen == [503, 503, 200]
        assert server.complaints == []


async def test_trouble_is_of_one_guilds_routes_until_it_ends() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        app = server.add_bot("Parley")
        headers = {"Authorization": f"Bot {app.token}"}
        here, there = server.add_guild("Here"), server.add_guild("There")
        channels = [guild.add_text_channel("captions") for guild in (here, there)]
        for guild in (here, there):
            guild.invite(app)

        async def ask(channel: Channel, what: str = "") -> tuple[int, str | None]:
            url = f"{server.api_url}/channels/{channel.id}{what}"
            async with http.get(url, headers=headers) as answer:
                return answer.status, answer.headers.get("Retry-After")

        troubles = [
            server.trouble("/webhooks", guild=here, status=500),
            server.trouble("/messages", guild=here, method="GET", status=429, retry_after_s=7.5),
            server.trouble("^/channels", guild=here, delay_s=0.3),
        ]
        assert await ask(channels[0], "/webhooks") == (500, None)
        assert await ask(channels[0], "/messages") == (429, "8")
        assert await ask(channels[1], "/webhooks") == (200, None)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        assert await ask(channels[0]) == (200, None)
        assert loop.time() - begin >= 0.3
        for trouble in troubles:
            trouble.end()
            trouble.end()
        assert await ask(channels[0], "/webhooks") == (200, None)
        assert await ask(channels[0], "/messages") == (200, None)
        assert server.complaints == []
        assert [trouble.met for trouble in troubles] == [1, 1, 1]
        assert [refused.path for refused in server.rate_limited] == [
            f"/channels/{channels[0].id}/messages"
        ]


async def test_requests_and_answers_take_the_time_of_their_way() -> None:
    loop = asyncio.get_running_loop()
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        server.set_distance(0.1)
        began = loop.time()
        (await http.get(server.api_url + "/no/such/thing")).close()
        assert loop.time() - began >= 0.19
        assert 0.09 <= server.complaints[0].at - began <= loop.time() - began - 0.09


async def test_a_429_says_all_that_a_client_needs() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        for _ in range(11):
            async with http.get(server.api_url + "/gateway") as answer:
                last, body, headers = answer.status, await answer.json(), answer.headers
        assert last == 429
        assert 0 < body["retry_after"] <= 1
        assert body["global"] is False
        assert headers["Retry-After"] == "1"
        assert headers["X-RateLimit-Remaining"] == "0"
        assert headers["X-RateLimit-Scope"] == "user"
        assert "Via" in headers
        assert len(server.rate_limited) == 1
        assert server.complaints == []


async def test_own_messages_have_a_bucket_in_each_thread_and_webhooks_share_the_channels() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as http:
        guild = server.add_guild("Village")
        channel = guild.add_text_channel("captions")
        app = server.add_bot("Parley")
        guild.invite(app)
        auth = {"Authorization": f"Bot {app.token}"}

        async def post(path: str, **body: str | int) -> Any:
            url = server.api_url + path
            async with http.post(url, json=body, headers=auth) as answer:
                shown = await answer.json()
                return shown if answer.status == 200 else answer.status

        thread = await post(f"/channels/{channel.id}/threads", name="EN", type=11)
        webhook = await post(f"/channels/{channel.id}/webhooks", name="Parley")
        own = [
            isinstance(await post(f"/channels/{place}/messages", content="own"), dict)
            for place in (channel.id, thread["id"])
            for _ in range(6)
        ]
        assert own == ([True] * 5 + [False]) * 2
        server.limits.shared = Rule(3, 60.0)
        path = f"/webhooks/{webhook['id']}/{webhook['token']}?wait=1"
        threads = ("", f"&thread_id={thread['id']}")
        by_webhook = [
            isinstance(await post(path + threads[n % 2], content="by webhook"), dict)
            for n in range(4)
        ]
        assert by_webhook == [True] * 3 + [False]
        assert [refused.scope for refused in server.rate_limited] == ["user", "user", "shared"]
        assert all(refused.retry_after_s <= 5.0 for refused in server.rate_limited[:2])


async def test_waiting_for_what_does_not_happen_says_what_it_was() -> None:
    async with LoopbackDiscord() as server:
        app = server.add_bot("Parley")
        with pytest.raises(LoopbackError, match="Parley's connection"):
            await server.gateway_connected(app, timeout_s=0.01)
