"""The main gateway: resuming, refusing, falling silent, and who is told what."""

import json
from typing import Any

import aiohttp
import discord
import pytest

from bot.loopback import Intents, LoopbackDiscord
from bot.loopback.state.observation import GatewayChanged
from tests.integration.loopback_bot import pointed_at, scene, until

GUILDS_AND_VOICE = int(Intents.GUILDS | Intents.GUILD_VOICE_STATES)


async def test_a_bot_whose_link_breaks_resumes_and_is_told_what_it_missed() -> None:
    async with scene() as s:
        s.server.close_gateway(s.app, 4000)
        await s.server.until(lambda: not s.server.gateway.is_connected(s.app), what="the break")
        s.ana.write(f"are you there <@{s.app.id}>", s.captions)
        await until(lambda: "resumed" in s.client.events)
        await until(lambda: any("are you there" in event for event in s.client.events))
        assert s.client.events.count("ready") == 1
        answer = await s.ana.command("translate panel", channel=s.captions)
        assert answer.content == "Notice"


async def test_a_bot_whose_session_is_gone_identifies_anew() -> None:
    async with scene() as s:
        s.server.close_gateway(s.app, 4000, resumable=False)
        await until(lambda: s.client.events.count("ready") == 2)
        assert "resumed" not in s.client.events
        answer = await s.ana.command("translate panel", channel=s.captions)
        assert answer.content == "Notice"


async def test_a_bot_that_is_asked_to_reconnect_resumes() -> None:
    async with scene() as s:
        s.server.gateway.ask_to_reconnect(s.app)
        await until(lambda: "resumed" in s.client.events)


async def test_a_frozen_gateway_holds_everything_back_until_it_thaws() -> None:
    async with scene() as s:
        s.server.freeze_gateway(s.app)
        s.ana.write(f"hello <@{s.app.id}>", s.captions)
        await s.text().send("REST still works")
        assert not any("hello" in event for event in s.client.events)
        s.server.thaw_gateway(s.app)
        await until(lambda: any("hello" in event for event in s.client.events))


async def test_privileged_intents_that_are_not_switched_on_are_refused() -> None:
    async with LoopbackDiscord() as server, pointed_at(server) as connector:
        app = server.add_bot("Curious")
        client = discord.Client(intents=discord.Intents.all(), connector=connector)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(app.token)
        await client.close()
        assert server.complaints[-1].status == 4014


class Raw:
    """A gateway client that says exactly what it is told to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def read(self) -> Any:
        return json.loads(await self.socket.receive_str(timeout=10))

    async def event(self, name: str) -> Any:
        while (message := await self.read())["t"] != name:
            pass
        return message["d"]

    async def identify(self, token: str, intents: int, **more: Any) -> None:
        data = {"token": token, "intents": intents, "properties": {}, **more}
        await self.socket.send_json({"op": 2, "d": data})

    async def closed_with(self) -> int | None:
        while not self.socket.closed:
            await self.socket.receive(timeout=10)
        return self.socket.close_code


async def raw(server: LoopbackDiscord, session: aiohttp.ClientSession) -> Raw:
    client = Raw(await session.ws_connect(server.gateway_url + "/?v=10&encoding=json"))
    assert (await client.read())["op"] == 10
    return client


async def test_each_break_of_the_protocol_is_closed_with_its_code() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as session:
        token = server.add_bot("Parley").token
        for message, code in (
            ({"op": 4, "d": {}}, 4003),
            ({"op": 2, "d": {"token": "wrong", "intents": 0, "properties": {}}}, 4004),
            ({"op": 2, "d": {"token": token, "intents": 1 << 30, "properties": {}}}, 4013),
            ({"op": 2, "d": {"token": token, "intents": 1 << 15, "properties": {}}}, 4014),
            (
                {"op": 2, "d": {"token": token, "intents": 0, "properties": {}, "shard": [1, 1]}},
                4010,
            ),
            ({"nothing": True}, 4002),
        ):
            client = await raw(server, session)
            await client.socket.send_json(message)
            assert await client.closed_with() == code
        assert [complaint.status for complaint in server.complaints] == [
            4003,
            4004,
            4013,
            4014,
            4010,
            4002,
        ]


async def test_identifies_of_one_bucket_have_to_be_five_seconds_apart() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as session:
        starts = server.session_starts
        starts.shards, starts.max_concurrency, starts.strict = 4, 2, True
        app = server.add_bot("Parley")
        headers = {"Authorization": f"Bot {app.token}"}
        clients = [await raw(server, session) for _ in range(3)]
        for client, shard, answered in zip(clients, range(3), (0, 0, 9), strict=True):
            await client.identify(app.token, 0, shard=[shard, 4])
            assert (await client.read())["op"] == answered
        assert server.gateway.shards(app) == [0, 1]
        assert [one.taken for one in starts.made] == [True, True, False]
        async with session.get(f"{server.api_url}/gateway/bot", headers=headers) as answer:
            told = await answer.json()
        assert told["shards"] == 4
        assert told["session_start_limit"]["max_concurrency"] == 2
        assert told["session_start_limit"]["remaining"] == 997


async def test_a_guild_is_described_with_the_bot_and_those_in_voice_alone() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as session:
        guild = server.add_guild("Village")
        lounge = guild.add_voice_channel("Lounge")
        app = server.add_bot("Parley")
        guild.invite(app)
        ana = guild.add_person("Ana")
        guild.add_person("Bo")
        await ana.join(lounge)
        client = await raw(server, session)
        await client.identify(app.token, GUILDS_AND_VOICE)
        created = await client.event("GUILD_CREATE")
        assert {int(m["user"]["id"]) for m in created["members"]} == {app.id, ana.id}
        assert [int(v["user_id"]) for v in created["voice_states"]] == [ana.id]
        assert created["member_count"] == 4  # the guild's owner too
        await client.socket.close()


async def test_all_members_are_not_told_without_the_intent_but_named_ones_are() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as session:
        guild = server.add_guild("Village")
        app = server.add_bot("Parley")
        guild.invite(app)
        bo = guild.add_person("Bo")
        client = await raw(server, session)
        await client.identify(app.token, GUILDS_AND_VOICE)
        await client.event("GUILD_CREATE")
        where = {"guild_id": str(guild.id)}
        await client.socket.send_json({"op": 8, "d": {**where, "query": "", "limit": 0}})
        await client.socket.send_json({"op": 8, "d": {**where, "user_ids": [str(bo.id), "5"]}})
        chunk = await client.event("GUILD_MEMBERS_CHUNK")
        assert [m["user"]["id"] for m in chunk["members"]] == [str(bo.id)]
        assert chunk["not_found"] == ["5"]
        assert [c.path for c in server.complaints] == ["members"]
        await client.socket.close()


async def test_a_client_without_heartbeats_is_closed() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as session:
        server.gateway.heartbeat_interval_s = 0.1
        client = await raw(server, session)
        assert await client.closed_with() == 4009


async def test_a_voice_state_that_is_not_permitted_is_ignored_and_complained_about() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as session:
        guild = server.add_guild("Village")
        text = guild.add_text_channel("captions")
        app = server.add_bot("Parley")
        guild.invite(app)
        client = await raw(server, session)
        await client.identify(app.token, GUILDS_AND_VOICE)
        await client.event("GUILD_CREATE")
        state = {"guild_id": str(guild.id), "channel_id": str(text.id)}
        await client.socket.send_json({"op": 4, "d": state})
        await server.until(lambda: bool(server.complaints))
        assert server.complaints[0].code == 50024
        assert guild.state.voice_states == {}
        await client.socket.close()


async def test_a_bot_that_says_goodbye_leaves_voice() -> None:
    async with LoopbackDiscord() as server, aiohttp.ClientSession() as session:
        guild = server.add_guild("Village")
        lounge = guild.add_voice_channel("Lounge")
        app = server.add_bot("Parley")
        guild.invite(app)
        client = await raw(server, session)
        await client.identify(app.token, GUILDS_AND_VOICE)
        await client.event("GUILD_CREATE")
        state = {"guild_id": str(guild.id), "channel_id": str(lounge.id)}
        await client.socket.send_json({"op": 4, "d": state})
        told = await client.event("VOICE_STATE_UPDATE")
        assert (told["user_id"], told["channel_id"]) == (str(app.id), str(lounge.id))
        assert (await client.event("VOICE_SERVER_UPDATE"))["endpoint"] == server.voice.endpoint
        await client.socket.close(code=1000)
        await server.until(lambda: not guild.state.voice_states)


async def test_the_gateway_tells_those_who_watch_of_its_bots() -> None:
    seen: list[int] = []
    async with scene() as s:
        stop = s.server.subscribe(
            lambda o: seen.append(o.user.id) if isinstance(o, GatewayChanged) else None
        )
        s.server.close_gateway(s.app, 4000)
        await until(lambda: "resumed" in s.client.events)
        stop()
    assert seen == [s.app.id, s.app.id]
