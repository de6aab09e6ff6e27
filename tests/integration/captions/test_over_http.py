"""Captions through the real discord.py, to a server that answers as Discord's REST does."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import discord
import pytest
from aiohttp import web
from discord.http import Route

from bot.chat.board import ChannelBoard
from bot.chat.budget import Budget
from bot.chat.faults import ChannelGoneError
from bot.chat.http.limits import http_trace
from bot.chat.transport import MessageRef
from bot.chat.webhook_or_bot import ChannelTransport
from bot.chat.webhooks import CaptionChannel, Webhooks
from bot.clock import LoopClock
from bot.domain.events import Caption, Member
from bot.errors import ChatError, MessageGoneError, RateLimitError

BOT, GUILD, CHANNEL, THREAD = 10, 20, 30, 40
ANA = Member(1, "Ana <discord>", "https://cdn.example/ana.png")
ALL = discord.Permissions.all()
NO_WEBHOOKS = discord.Permissions(send_messages=True, view_channel=True)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]


@dataclass
class Server:
    """Knobs: `faults` are answered first, each once, to requests whose path holds their key."""

    requests: list[Request] = field(default_factory=list)
    webhooks: list[int] = field(default_factory=list)
    messages: dict[int, str] = field(default_factory=dict)
    faults: list[tuple[str, int, int]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: str = "7.5"
    last_id: int = 1000

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        path = request.path.removeprefix("/api/v10")
        self.requests.append(Request(request.method, path, dict(request.query), body))
        for fault in self.faults:
            if fault[0] in f"{request.method} {path}":
                self.faults.remove(fault)
                return self.refuse(fault[1], fault[2])
        return self.route(request.method, path, body)

    def refuse(self, status: int, code: int) -> web.Response:
        headers = {"Retry-After": self.retry_after} if status == 429 else {}
        return reply({"message": "no", "code": code}, status=status, headers=headers)

    def route(self, method: str, path: str, body: dict[str, Any]) -> web.Response:
        if path == "/users/@me":
            return reply(user(BOT))
        if path == "/oauth2/applications/@me":
            texts = dict.fromkeys(("name", "description", "icon", "verify_key"), "")
            flags = {"bot_public": True, "bot_require_code_grant": False}
            return reply({"id": str(BOT), "owner": user(BOT), **texts, **flags})
        if re.fullmatch(r"/channels/\d+/webhooks", path):
            return self.channel_webhooks(method)
        found = re.fullmatch(r"(?:/channels|/webhooks/(\d+))/\w+(?:/messages)?(?:/(\d+))?", path)
        assert found, path
        if found[1] and int(found[1]) not in self.webhooks:
            return self.refuse(404, 10015)
        return self.message(method, found[2], body)

    def channel_webhooks(self, method: str) -> web.Response:
        if method == "GET":
            strangers = [webhook(3, user_id=99), webhook(4, name="Other"), webhook(5, token=None)]
            return reply(strangers + [webhook(known) for known in self.webhooks])
        self.webhooks.append(self.next_id())
        return reply(webhook(self.webhooks[-1]))

    def message(self, method: str, given: str | None, body: dict[str, Any]) -> web.Response:
        number = int(given) if given else self.next_id()
        if given and number not in self.messages:
            return self.refuse(404, 10008)
        if method == "DELETE":
            del self.messages[number]
            return web.Response(status=204)
        self.messages[number] = body["content"]
        return reply(message(number, body["content"]), headers=self.headers)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def sent(self) -> list[Request]:
        return [
            request for request in self.requests if request.method in {"POST", "PATCH", "DELETE"}
        ]


def reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # Without a charset, as Discord sends it and discord.py insists on.
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def user(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "username": f"u{number}",
        "discriminator": "0",
        "avatar": None,
        "bot": True,
    }


def webhook(
    number: int, *, user_id: int = BOT, name: str = "Parley", token: str | None = ""
) -> dict[str, Any]:
    return {
        "id": str(number),
        "type": 1,
        "guild_id": str(GUILD),
        "channel_id": str(CHANNEL),
        "name": name,
        "avatar": None,
        "user": user(user_id),
        "token": token if token is None else f"t{number}",
    }


def message(number: int, content: str) -> dict[str, Any]:
    lists = ("attachments", "embeds", "mentions", "mention_roles", "components")
    return {
        "id": str(number),
        "channel_id": str(CHANNEL),
        "author": user(BOT),
        "content": content,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "type": 0,
        **dict.fromkeys(("tts", "mention_everyone", "pinned"), False),
        **{name: [] for name in lists},
    }


def guild(permissions: discord.Permissions) -> dict[str, Any]:
    flags = dict.fromkeys(("hoist", "managed", "mentionable", "deaf", "mute", "archived"), False)
    role = {"id": str(GUILD), "name": "@everyone", "permissions": str(permissions.value), **flags}
    text = {"id": str(CHANNEL), "type": 0, "name": "captions", "permission_overwrites": []}
    thread = {"id": str(THREAD), "type": 11, "name": "en", "parent_id": str(CHANNEL)}
    meta = {"auto_archive_duration": 60, "archive_timestamp": "2026-01-01T00:00:00+00:00", **flags}
    owner = {"guild_id": str(GUILD), "owner_id": str(BOT), "message_count": 0, "member_count": 1}
    member: dict[str, Any] = {
        "user": user(BOT),
        "roles": [],
        "joined_at": None,
        "flags": 0,
        **flags,
    }
    return {
        "id": str(GUILD),
        "name": "guild",
        "owner_id": "99",
        "roles": [{**role, "position": 0, "color": 0}],
        "channels": [{**text, "position": 0, "nsfw": False, "parent_id": None}],
        "threads": [{**thread, **owner, "thread_metadata": meta}],
        "members": [member],
    }


@dataclass
class Setup:
    server: Server
    client: discord.Client

    def channel(
        self, number: int = CHANNEL, permissions: discord.Permissions = ALL
    ) -> CaptionChannel:
        state = self.client._connection
        place = discord.Guild(data=guild(permissions), state=state)  # type: ignore[arg-type] # the part of it that is looked at
        state._add_guild(place)
        found = place.get_channel_or_thread(number)
        assert isinstance(found, discord.TextChannel | discord.Thread)
        return found

    def transport(self, *, permissions: discord.Permissions = ALL) -> ChannelTransport:
        return ChannelTransport(
            self.channel(permissions=permissions), Webhooks(lambda: BOT, LoopClock())
        )


@pytest.fixture
async def setup(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setup]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10")
    client = discord.Client(intents=discord.Intents(guilds=True), http_trace=http_trace())
    try:
        await client.login("token")
        server.requests.clear()
        yield Setup(server, client)
    finally:
        await client.close()
        await runner.cleanup()


async def test_a_webhook_is_made_once_and_speaks_in_the_speakers_name(setup: Setup) -> None:
    transport = setup.transport()
    for text in ("one", "two"):
        posted = await transport.post(ANA, text)
        assert posted.ref.webhook_id == setup.server.webhooks[0]
        assert posted.notice is None
    made, *posts = setup.server.sent()
    assert (made.path, made.body["name"]) == (f"/channels/{CHANNEL}/webhooks", "Parley")
    assert [post.body["content"] for post in posts] == ["one", "two"]
    for post in posts:
        assert post.query["wait"] == "1"
        assert post.body["username"] == "Ana <disc\u043erd>"
        assert post.body["avatar_url"] == ANA.avatar_url
        assert post.body["allowed_mentions"] == {"parse": []}
        assert post.body["flags"] & 4, "no previews"


async def test_our_webhook_is_found_again_and_others_are_left_alone(setup: Setup) -> None:
    setup.server.webhooks = [77]
    posted = await setup.transport().post(ANA, "one")
    assert posted.ref.webhook_id == 77
    assert setup.server.webhooks == [77]


async def test_a_message_is_edited_and_deleted_through_its_webhook(setup: Setup) -> None:
    transport = setup.transport()
    ref = (await transport.post(ANA, "one")).ref
    await transport.edit(ref, ANA, "two")
    assert setup.server.messages == {ref.id: "two"}
    assert setup.server.sent()[-1].body["allowed_mentions"] == {"parse": []}
    await transport.delete(ref)
    assert setup.server.messages == {}
    await transport.delete(ref)


async def test_a_notice_is_the_bots_own_message(setup: Setup) -> None:
    assert (await setup.transport().post(None, "I am here.")).ref.webhook_id is None
    (request,) = setup.server.sent()
    assert request.path == f"/channels/{CHANNEL}/messages"
    assert request.body["allowed_mentions"] == {"parse": []}


async def test_a_thread_is_written_to_through_its_parents_webhook(setup: Setup) -> None:
    transport = ChannelTransport(setup.channel(THREAD), Webhooks(lambda: BOT, LoopClock()))
    ref = (await transport.post(ANA, "one")).ref
    await transport.edit(ref, ANA, "two")
    made, post, edit = setup.server.sent()
    assert made.path == f"/channels/{CHANNEL}/webhooks"
    assert post.query["thread_id"] == edit.query["thread_id"] == str(THREAD)


async def test_a_webhook_that_vanished_is_made_anew_once(setup: Setup) -> None:
    transport = setup.transport()
    old = (await transport.post(ANA, "one")).ref
    setup.server.webhooks.clear()
    new = (await transport.post(ANA, "two")).ref
    assert new.webhook_id == setup.server.webhooks[0] != old.webhook_id
    with pytest.raises(MessageGoneError) as caught:
        await transport.edit(old, ANA, "one!")
    assert not caught.value.removed


async def test_an_edit_that_finds_its_webhook_gone_says_so_and_the_next_post_makes_one(
    setup: Setup,
) -> None:
    transport = setup.transport()
    old = (await transport.post(ANA, "one")).ref
    setup.server.webhooks.clear()
    with pytest.raises(MessageGoneError) as caught:
        await transport.edit(old, ANA, "one!")
    assert not caught.value.removed
    assert (await transport.post(ANA, "one!")).ref.webhook_id == setup.server.webhooks[0]


async def test_a_webhook_that_keeps_vanishing_is_given_up(setup: Setup) -> None:
    setup.server.faults = [("POST /webhooks", 404, 10015)] * 2
    transport = setup.transport()
    posted = await transport.post(ANA, "one")
    assert posted.ref.webhook_id is None
    assert posted.notice is not None
    assert "gets deleted" in posted.notice
    before = len(setup.server.requests)
    assert (await transport.post(ANA, "two")).notice is None
    assert len(setup.server.requests) == before + 1


async def test_without_the_permission_captions_are_the_bots_own_with_the_name_in_bold(
    setup: Setup,
) -> None:
    transport = setup.transport(permissions=NO_WEBHOOKS)
    first = await transport.post(ANA, "`EN` one")
    second = await transport.post(ANA, "`EN` two")
    assert first.notice is not None
    assert "Manage Webhooks" in first.notice
    assert second.notice is None, "said once"
    await transport.edit(first.ref, ANA, "`EN` one!")
    assert setup.server.messages == {
        first.ref.id: "**Ana \\<disc\u043erd>** `EN` one!",
        second.ref.id: "**Ana \\<disc\u043erd>** `EN` two",
    }
    assert all("webhooks" not in request.path for request in setup.server.requests)


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [(403, 50013, "doesn't let me"), (400, 30007, "as many webhooks as")],
)
async def test_a_refused_webhook_is_not_asked_for_again(
    setup: Setup, status: int, code: int, says: str
) -> None:
    setup.server.faults = [(f"POST /channels/{CHANNEL}/webhooks", status, code)]
    transport = setup.transport()
    posted = await transport.post(ANA, "one")
    assert posted.notice is not None
    assert says in posted.notice
    await transport.post(ANA, "two")
    assert setup.server.webhooks == []


async def test_a_name_that_a_server_bans_does_not_cost_the_caption(setup: Setup) -> None:
    setup.server.faults = [("POST /webhooks", 400, 50035)]
    posted = await setup.transport().post(ANA, "one")
    assert setup.server.messages == {posted.ref.id: "**Ana \\<disc\u043erd>** one"}


@pytest.mark.parametrize("webhook_id", [77, None])
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, 10008, MessageGoneError(removed=True)),
        (400, 30046, MessageGoneError(removed=False)),
        (404, 10003, ChannelGoneError("The text channel no longer exists.")),
        (403, 50001, MessageGoneError(removed=False)),
        (403, 50005, ChatError("Discord refused a message (403, code 50005).")),
        (400, 50083, MessageGoneError(removed=False)),
        (400, 50035, ChatError("Discord refused a message (400, code 50035).")),
    ],
)
async def test_what_discord_answers_is_told_in_our_errors(
    setup: Setup, webhook_id: int | None, status: int, code: int, error: ChatError
) -> None:
    setup.server.webhooks = [77]
    setup.server.faults = [("PATCH /", status, code)]
    with pytest.raises(ChatError) as caught:
        await setup.transport().edit(MessageRef(1, webhook_id), ANA, "x")
    assert type(caught.value) is type(error)
    assert vars(caught.value) == vars(error)
    assert not caught.value.retryable


async def test_a_429_without_the_usual_headers_says_how_long_to_wait(setup: Setup) -> None:
    setup.server.webhooks = [77]
    setup.server.faults = [("POST /webhooks", 429, 0)]
    with pytest.raises(RateLimitError) as caught:
        await setup.transport().post(ANA, "one")
    assert caught.value.retry_after == 7.5


async def test_a_board_writes_to_discord_and_learns_from_its_headers(setup: Setup) -> None:
    setup.server.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.2"}
    budget = Budget()
    board = ChannelBoard(setup.transport(), LoopClock(), budget=budget)
    now = LoopClock().now()
    caption = Caption(1, ANA, "en", "Hello", "Hola", "es", final=True, began_at=now)
    board.show(caption)
    await asyncio.sleep(0)
    board.say("Ana is heard.")
    await board.close()
    assert list(setup.server.messages.values()) == ["`EN` Hello\n-# es · Hola", "Ana is heard."]
    assert board.figures()["rate_limited"] == 0
    assert budget.ready_at(now) > now, "the headers' pause was heard of"


async def test_a_board_waits_out_a_429_and_counts_it_once(setup: Setup) -> None:
    setup.server.webhooks = [77]
    setup.server.faults = [("POST /webhooks", 429, 0)]
    setup.server.retry_after = "0.1"
    board = ChannelBoard(setup.transport(), LoopClock())
    now = LoopClock().now()
    board.show(Caption(1, ANA, "en", "Hello", "", None, final=True, began_at=now))
    await board.close()
    assert list(setup.server.messages.values()) == ["`EN` Hello"]
    assert board.figures()["rate_limited"] == 1
