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
from bot.chat.channel import ChannelTransport
from bot.chat.limits import http_trace
from bot.chat.transport import MessageRef
from bot.chat.webhooks import CaptionChannel, Webhooks
from bot.clock import LoopClock
from bot.errors import ChatError, MessageGoneError, RateLimitError
from bot.room.events import Caption, Member

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
        headers = {"Retry-After": "7.5"} if status == 429 else {}
        return web.json_response({"message": "no", "code": code}, status=status, headers=headers)

    def route(self, method: str, path: str, body: dict[str, Any]) -> web.Response:
        if path == "/users/@me":
            return web.json_response(user(BOT))
        if re.fullmatch(r"/channels/\d+/webhooks", path):
            if method == "GET":
                strangers = [
                    webhook(3, user_id=99),
                    webhook(4, name="Other"),
                    webhook(5, token=None),
                ]
                return web.json_response(strangers + [webhook(id) for id in self.webhooks])
            self.webhooks.append(self.next_id())
            return web.json_response(webhook(self.webhooks[-1]))
        if found := re.fullmatch(r"/webhooks/(\d+)/t\d+(/messages/(\d+))?", path):
            if int(found[1]) not in self.webhooks:
                return self.refuse(404, 10015)
            return self.message(method, found[3], body)
        found = re.fullmatch(r"/channels/\d+/messages(/(\d+))?", path)
        assert found, path
        return self.message(method, found[2], body)

    def message(self, method: str, id: str | None, body: dict[str, Any]) -> web.Response:
        number = int(id) if id else self.next_id()
        if id and number not in self.messages:
            return self.refuse(404, 10008)
        if method == "DELETE":
            del self.messages[number]
            return web.Response(status=204)
        self.messages[number] = body["content"]
        return web.json_response(message(number, body["content"]), headers=self.headers)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def sent(self) -> list[Request]:
        return [
            request for request in self.requests if request.method in {"POST", "PATCH", "DELETE"}
        ]


def user(id: int) -> dict[str, Any]:
    return {"id": str(id), "username": f"u{id}", "discriminator": "0", "avatar": None, "bot": True}


def webhook(
    id: int, *, user_id: int = BOT, name: str = "Parley", token: str | None = ""
) -> dict[str, Any]:
    return {
        "id": str(id),
        "type": 1,
        "guild_id": str(GUILD),
        "channel_id": str(CHANNEL),
        "name": name,
        "avatar": None,
        "user": user(user_id),
        "token": token if token is None else f"t{id}",
    }


def message(id: int, content: str) -> dict[str, Any]:
    lists = ("attachments", "embeds", "mentions", "mention_roles", "components")
    return {
        "id": str(id),
        "channel_id": str(CHANNEL),
        "author": user(BOT),
        "content": content,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "pinned": False,
        "type": 0,
        **{name: [] for name in lists},
    }


def guild(permissions: discord.Permissions) -> dict[str, Any]:
    role = {"id": str(GUILD), "name": "@everyone", "permissions": str(permissions.value)}
    role |= {"position": 0, "color": 0, "hoist": False, "managed": False, "mentionable": False}
    text = {"id": str(CHANNEL), "type": 0, "name": "captions", "position": 0}
    text |= {"permission_overwrites": [], "nsfw": False, "parent_id": None}
    thread = {"id": str(THREAD), "type": 11, "name": "en", "parent_id": str(CHANNEL)}
    thread |= {"guild_id": str(GUILD), "owner_id": str(BOT), "message_count": 0, "member_count": 1}
    thread["thread_metadata"] = {
        "archived": False,
        "auto_archive_duration": 60,
        "archive_timestamp": "2026-01-01T00:00:00+00:00",
    }
    me = {"user": user(BOT), "roles": [], "joined_at": None, "flags": 0, "deaf": False}
    return {
        "id": str(GUILD),
        "name": "guild",
        "owner_id": "99",
        "roles": [role],
        "channels": [text],
        "threads": [thread],
        "members": [me | {"mute": False}],
    }


@dataclass
class Setup:
    server: Server
    client: discord.Client

    def channel(self, id: int = CHANNEL, permissions: discord.Permissions = ALL) -> CaptionChannel:
        state = self.client._connection
        place = discord.Guild(data=guild(permissions), state=state)  # type: ignore[arg-type] # the part of it that is looked at
        state._add_guild(place)
        found = place.get_channel_or_thread(id)
        assert isinstance(found, discord.TextChannel | discord.Thread)
        return found

    def transport(self, *, permissions: discord.Permissions = ALL) -> ChannelTransport:
        return ChannelTransport(self.channel(permissions=permissions), Webhooks(BOT))


@pytest.fixture
async def setup(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setup]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10")
    client = discord.Client(intents=discord.Intents.none(), http_trace=http_trace())
    try:
        await client.login("token")
        server.requests.clear()
        yield Setup(server, client)
    finally:
        await client.close()
        await runner.cleanup()
