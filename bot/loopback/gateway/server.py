"""The main gateway: identifies bots, tells them what happens, takes their voice states.

https://discord.com/developers/docs/events/gateway
"""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from bot.clock import Timer
from bot.loopback.backend import Backend
from bot.loopback.gateway.connection import GatewayConnection
from bot.loopback.gateway.session import GatewayClose, GatewaySession, check_identify
from bot.loopback.rest.login import application_flags
from bot.loopback.state.entities import Bot, GuildMember, Json
from bot.loopback.state.intents import Intents
from bot.loopback.state.observation import GatewayChanged
from bot.loopback.state.payloads import guild_create_json, member_json, user_json
from bot.loopback.state.refusal import Refusal
from bot.loopback.state.world import Dispatch
from bot.tasks import TaskOwner

HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME, RECONNECT, MEMBERS = 1, 2, 3, 4, 6, 7, 8
INVALID, HELLO, ACK = 9, 10, 11

PAYLOAD_LIMIT = 4096
MEMBERS_PER_CHUNK = 1000


class Gateway:
    """Serves `/gateway`.

    Attributes:
        heartbeat_interval_s: What HELLO asks for; a client silent for 1.5 of it is closed.
        resume_within_s: How long a session waits for its client to come back.
    """

    def __init__(self, backend: Backend, url: Callable[[], str], tasks: TaskOwner) -> None:
        self._backend = backend
        self._world = backend.world
        self._url = url
        self._tasks = tasks
        self._connections: set[GatewayConnection] = set()
        self._sessions: dict[str, GatewaySession] = {}
        self._links: dict[str, GatewayConnection] = {}  # session to connection
        self._expiries: dict[str, Timer] = {}
        self._frozen: set[int] = set()
        self._closed = False
        self.heartbeat_interval_s = 41.25
        self.resume_within_s = 60.0
        self._world.connect(self.dispatch)

    # What tests control

    def is_connected(self, bot: Bot) -> bool:
        """Return whether the bot has an identified session with a live link."""
        return any(self._sessions[session_id].bot is bot for session_id in self._links)

    def shards(self, bot: Bot) -> list[int]:
        """Return the shard of each of the bot's sessions that has a live link, in order."""
        sessions = (self._sessions[session_id] for session_id in self._links)
        return sorted(session.identity.shard for session in sessions if session.bot is bot)

    def close_link(self, bot: Bot, code: int, *, resumable: bool = True) -> None:
        """Close a bot's connections with a code; without `resumable` its sessions end too."""
        for session_id, link in list(self._links.items()):
            session = self._sessions[session_id]
            if session.bot is bot:
                link.close(code, "Closed by the test.")
                if not resumable:
                    self._end(session)

    def ask_to_reconnect(self, bot: Bot) -> None:
        """Send op 7, as Discord does before it takes a server down."""
        for session_id, link in self._links.items():
            if self._sessions[session_id].bot is bot:
                link.send(RECONNECT)

    def freeze(self, bot: Bot, *, on: bool) -> None:
        """Stop reading from a bot and sending to it, or go on."""
        (self._frozen.add if on else self._frozen.discard)(bot.id)
        for session_id, link in self._links.items():
            if self._sessions[session_id].bot is bot:
                (link.thawed.clear if on else link.thawed.set)()

    # Sockets

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20, timeout=2.0, compress=False)
        await socket.prepare(request)
        zlib_stream = request.query.get("compress") == "zlib-stream"
        now = self._world.clock.now()
        link = GatewayConnection(socket, zlib_stream=zlib_stream, now=now)
        self._connections.add(link)
        link.send(HELLO, {"heartbeat_interval": round(self.heartbeat_interval_s * 1000)})
        watchdog = self._watch(link)
        writer = self._tasks.start(link.write(), "gateway writer")
        try:
            async for message in socket:
                await link.thawed.wait()
                try:
                    self._received(link, message.type, message.data)
                except GatewayClose as order:
                    self._world.complain("GATEWAY", "", order.code, 0, order.reason)
                    link.close(order.code, order.reason)
            if link.ended_by_server:
                await writer
        finally:
            writer.cancel()
            watchdog[0].cancel()
            self._connections.discard(link)
            self._lost(link)
        return socket

    def _watch(self, link: GatewayConnection) -> list[Timer]:
        clock = self._world.clock
        timer: list[Timer] = []

        def check() -> None:
            patience = self.heartbeat_interval_s * 1.5
            if clock.now() - link.last_heard > patience:
                link.close(4009, "Session timed out.")
            else:
                timer[0] = clock.call_at(link.last_heard + patience + 0.01, check)

        timer.append(clock.call_at(clock.now() + self.heartbeat_interval_s * 1.5, check))
        return timer

    async def close(self) -> None:
        """End all connections and forget all sessions."""
        self._closed = True
        for timer in self._expiries.values():
            timer.cancel()
        self._expiries.clear()
        for link in tuple(self._connections):
            await link.abort()

    # Protocol

    def _received(self, link: GatewayConnection, kind: WSMsgType, raw: Any) -> None:
        if kind is WSMsgType.ERROR:
            return
        op, data = _parse(kind, raw)
        now = self._world.clock.now()
        if op == HEARTBEAT:
            link.last_heard = now
            link.send(ACK)
            return
        if not link.counts(now):
            raise GatewayClose(4008, "You are being rate limited.")
        session = link.session
        if op in (IDENTIFY, RESUME):
            if session is not None:
                raise GatewayClose(4005, "Already authenticated.")
            (self._identify if op == IDENTIFY else self._resume)(link, data)
        elif session is None:
            raise GatewayClose(4003, "Not authenticated.")
        else:
            self._serve(link, session, op, data)

    def _serve(self, link: GatewayConnection, session: GatewaySession, op: Any, data: Any) -> None:
        if op not in (PRESENCE, VOICE_STATE, MEMBERS):
            raise GatewayClose(4001, "Unknown opcode.")
        if not isinstance(data, dict):
            raise GatewayClose(4002, "Error while decoding payload.")
        if op == VOICE_STATE:
            self._voice_state(session, data)
        elif op == MEMBERS:
            self._members(link, session, data)

    def _identify(self, link: GatewayConnection, data: Any) -> None:
        token = data.get("token") if isinstance(data, dict) else None
        bot = self._world.bot_by_token(token.removeprefix("Bot ")) if token else None
        identity = check_identify(data, bot)
        starts, now = self._world.session_starts, self._world.clock.now()
        if not starts.start(identity.bot.id, identity.shard, identity.shards, now):
            self._world.complain("GATEWAY", "identify", message="Identifies come too quickly.")
            link.send(INVALID, data=False)
            return
        session = GatewaySession(identity)
        self._sessions[session.id] = session
        self._attach(link, session)
        guilds = [guild for guild in self._world.guilds.values() if session.serves(guild)]
        ready: Json = {
            "v": 10,
            "user": user_json(session.bot.user) | {"verified": True, "mfa_enabled": False},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._url(),
            "shard": [identity.shard, identity.shards],
            "application": {
                "id": str(session.bot.application_id),
                "flags": application_flags(session.bot),
            },
            "private_channels": [],
            "relationships": [],
        }
        link.send_text(session.number("READY", ready))
        if identity.intents & Intents.GUILDS:
            for guild in guilds:
                everyone = bool(identity.intents & Intents.GUILD_PRESENCES)
                created = guild_create_json(guild, session.bot, everyone=everyone)
                link.send_text(session.number("GUILD_CREATE", created))
        self._notify(session)

    def _resume(self, link: GatewayConnection, data: Any) -> None:
        if not isinstance(data, dict):
            raise GatewayClose(4002, "Error while decoding payload.")
        session = self._sessions.get(str(data.get("session_id")))
        token = str(data.get("token")).removeprefix("Bot ")
        if self._world.bot_by_token(token) is None:
            raise GatewayClose(4004, "Authentication failed.")
        missed = None
        if session is not None and session.bot.token == token:
            missed = session.since(data.get("seq"))
        if session is None or missed is None:
            link.send(INVALID, data=False)
            return
        self._attach(link, session)
        for text in missed:
            link.send_text(text)
        link.send_text(session.number("RESUMED", {}))
        self._notify(session)

    def _attach(self, link: GatewayConnection, session: GatewaySession) -> None:
        before = self._links.get(session.id)
        if before is not None:
            before.session = None
            before.close(4000, "Resumed elsewhere.")
        if expiry := self._expiries.pop(session.id, None):
            expiry.cancel()
        link.session = session
        self._links[session.id] = link
        if session.bot.id in self._frozen:
            link.thawed.clear()

    def _lost(self, link: GatewayConnection) -> None:
        session = link.session
        if session is None or self._links.get(session.id) is not link:
            return
        del self._links[session.id]
        if self._closed:
            return
        if not link.ended_by_server and link.close_code in (1000, 1001):
            self._end(session)  # a client that says goodbye does not come back
        else:
            clock = self._world.clock
            when = clock.now() + self.resume_within_s
            self._expiries[session.id] = clock.call_at(when, lambda: self._end(session))
        self._notify(session)

    def _end(self, session: GatewaySession) -> None:
        if expiry := self._expiries.pop(session.id, None):
            expiry.cancel()
        self._sessions.pop(session.id, None)
        link = self._links.pop(session.id, None)
        if link is not None:
            link.session = None
        self._backend.voice.leave_all(session.bot, session.voice_session_id)

    def _notify(self, session: GatewaySession) -> None:
        now = self._world.clock.now()
        self._world.observers.notify(GatewayChanged(now, session.bot.user))

    def dispatch(self, event: Dispatch) -> None:
        """Tell every session that wants to know."""
        for session in self._sessions.values():
            if session.wants(event):
                text = session.take(event)
                if link := self._links.get(session.id):
                    link.send_text(text)

    def _voice_state(self, session: GatewaySession, data: Json) -> None:
        try:
            self._backend.voice.request(session.bot, session.voice_session_id, data)
        except Refusal as refusal:
            # The real gateway ignores a voice state that it does not allow.
            self._world.complain("GATEWAY", "voice state", 0, refusal.json_code, refusal.detail())

    def _members(self, link: GatewayConnection, session: GatewaySession, data: Json) -> None:
        try:
            guild = self._world.guild_for(session.bot, int(data.get("guild_id") or 0))
        except Refusal as refusal:
            self._world.complain("GATEWAY", "members", 0, refusal.json_code, refusal.detail())
            return
        missing: list[str] = []
        if "user_ids" in data:
            ids = data["user_ids"] if isinstance(data["user_ids"], list) else [data["user_ids"]]
            wanted = [int(user_id) for user_id in ids[:100]]
            found = [guild.members[user_id] for user_id in wanted if user_id in guild.members]
            missing = [str(user_id) for user_id in wanted if user_id not in guild.members]
        else:
            query, limit = str(data.get("query", "")).lower(), int(data.get("limit") or 0)
            everyone = not query and limit == 0
            if everyone and not session.identity.intents & Intents.GUILD_MEMBERS:
                self._world.complain(
                    "GATEWAY", "members", 0, 0, "All members need the GUILD_MEMBERS intent"
                )
                return
            named = [m for m in guild.members.values() if _name(m).startswith(query)]
            found = named if everyone else named[: min(limit or 100, 100)]
        chunks = [
            found[start : start + MEMBERS_PER_CHUNK]
            for start in range(0, max(1, len(found)), MEMBERS_PER_CHUNK)
        ]
        for index, chunk in enumerate(chunks):
            answer: Json = {
                "guild_id": str(guild.id),
                "members": [member_json(member) for member in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": missing,
            }
            if data.get("nonce"):
                answer["nonce"] = data["nonce"]
            link.send_text(session.number("GUILD_MEMBERS_CHUNK", answer))


def _parse(kind: WSMsgType, raw: Any) -> tuple[Any, Any]:
    if kind is not WSMsgType.TEXT or len(raw) > PAYLOAD_LIMIT:
        raise GatewayClose(4002, "Error while decoding payload.")
    try:
        message = json.loads(raw)
        return message["op"], message.get("d")
    except (ValueError, TypeError, KeyError):
        raise GatewayClose(4002, "Error while decoding payload.") from None


def _name(member: GuildMember) -> str:
    return (member.nick or member.user.name).lower()
