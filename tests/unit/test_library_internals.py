"""Every private name of a library that Parley uses, and that it is as it was when it was used.

Beside names that begin with an underscore: what is relied on without being promised, such as the
order in which things happen inside.
"""

import ast
import asyncio
import inspect
import os
import re
import sys
import tomllib
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import aiohttp
import discord
import discord.http
import discord.state
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_websocket import WebSocketWriter
from alembic.script import ScriptDirectory
from dashscope.api_entities import aio_session
from dashscope.audio.qwen_omni import OmniRealtimeCallback, OmniRealtimeConversation
from discord.gateway import DiscordVoiceWebSocket, VoiceKeepAliveHandler
from discord.player import AudioPlayer
from discord.voice_state import SocketReader, VoiceConnectionState

from bot.voice.discord_internals import DISCORD_PY
from bot.voice.receive import crypto

SIGNATURES: dict[Callable[..., Any], str] = {
    VoiceConnectionState.__init__: "(self, voice_client, *, hook=None)",
    VoiceConnectionState._create_socket: "(self)",
    VoiceConnectionState.disconnect: "(self, *, force=True, cleanup=True, wait=False)",
    VoiceConnectionState.soft_disconnect: "(self, *, with_state=got_both_voice_updates)",
    VoiceConnectionState._connect_websocket: "(self, resume)",
    VoiceConnectionState._voice_disconnect: "(self)",
    VoiceConnectionState._recover_from_invalid_commit: "(self, transition_id)",
    VoiceConnectionState.voice_state_update: "(self, data)",
    VoiceConnectionState._inner_connect: "(self, reconnect, self_deaf, self_mute, resume)",
    VoiceConnectionState._voice_connect: "(self, *, self_deaf=False, self_mute=False)",
    VoiceConnectionState._update_voice_channel: "(self, channel_id)",
    VoiceConnectionState.connect: (
        "(self, *, reconnect, timeout, self_deaf, self_mute, resume, wait=True)"
    ),
    VoiceConnectionState.reinit_dave_session: "(self)",
    VoiceConnectionState.send_packet: "(self, packet)",
    VoiceConnectionState.is_connected: "(self)",
    SocketReader.resume: "(self, *, force=False)",
    DiscordVoiceWebSocket.from_connection_state: "(state, *, resume=False, hook=None, seq_ack=-1)",
    DiscordVoiceWebSocket.poll_event: "(self)",
    DiscordVoiceWebSocket.received_message: "(self, msg)",
    DiscordVoiceWebSocket.received_binary_message: "(self, msg)",
    DiscordVoiceWebSocket.discover_ip: "(self)",
    DiscordVoiceWebSocket.close: "(self, code=1000)",
    discord.AutoShardedClient.launch_shard: "(self, gateway, shard_id, *, initial=False)",
    discord.state.ConnectionState._remove_guild: "(self, guild)",
    discord.state.ConnectionState._get_voice_client: "(self, guild_id)",
    discord.state.ConnectionState._add_voice_client: "(self, guild_id, voice)",
    discord.Client._get_websocket: "(self, guild_id=None, *, shard_id=None)",
    discord.AutoShardedClient._get_websocket: "(self, guild_id=None, *, shard_id=None)",
    discord.VoiceClient.__init__: "(self, client, channel)",
    discord.VoiceClient.create_connection_state: "(self)",
    discord.VoiceClient.send_audio_packet: "(self, data, *, encode=True)",
    discord.VoiceClient._get_voice_packet: "(self, data)",
    discord.VoiceClient._encrypt_aead_xchacha20_poly1305_rtpsize: "(self, header, data)",
    discord.VoiceClient.checked_add: "(self, attr, value, limit)",
    discord.VoiceClient.cleanup: "(self)",
    AudioPlayer.__init__: "(self, source, client, *, after=None)",
    OmniRealtimeConversation.__init__: (
        "(self, model, callback, headers=None, workspace=None, url=None, api_key=None, "
        "additional_params=None)"
    ),
    OmniRealtimeConversation._get_websocket_header: "(self)",
    OmniRealtimeConversation._on_message: "(self, ws, message)",
    OmniRealtimeConversation._on_close: "(self, ws, close_status_code, close_msg)",
    OmniRealtimeConversation.append_audio: "(self, audio_b64)",
    OmniRealtimeConversation.end_session_async: "(self)",
    OmniRealtimeConversation.send_raw: "(self, raw_data)",
    OmniRealtimeConversation.close: "(self)",
    OmniRealtimeCallback.on_open: "(self)",
    OmniRealtimeCallback.on_event: "(self, message)",
    OmniRealtimeCallback.on_close: "(self, close_status_code, close_msg)",
    aio_session.get_ssl_context: "()",
    ScriptDirectory._upgrade_revs: "(self, destination, current_rev)",
}

# Attributes set in a constructor, and what a method of it must still do.
WRITTEN: dict[Callable[..., Any], list[str]] = {
    VoiceConnectionState.__init__: [
        "self.secret_key", "self.mode", "self.socket", "self.ws", "self.dave_session",
        "self.dave_protocol_version", "self.dave_pending_transitions", "self._expecting_disconnect",
        "self._runner", "self._connector", "self._socket_reader",
    ],
    DiscordVoiceWebSocket.__init__: ["self.ws:", "self._keep_alive", "self.seq_ack"],
    DiscordVoiceWebSocket.from_connection_state: ["ws._connection = state"],
    DiscordVoiceWebSocket.received_message: [
        "elif self._connection.dave_session:", "await self._hook(self, msg)",
    ],
    DiscordVoiceWebSocket.initial_connection: ["await self.discover_ip()", "supported_modes"],
    VoiceConnectionState.disconnect: ["self._voice_disconnect()", "self.socket.close()"],
    VoiceConnectionState._inner_connect: [
        "await self._voice_connect(", "_wait_for_state(ConnectionFlowState.got_both_voice_updates)",
    ],
    VoiceConnectionState._connect: ["asyncio.wait_for(", "if not self._runner:"],
    VoiceConnectionState._poll_voice_ws: ["except asyncio.CancelledError:\n                return"],
    discord.state.ConnectionState.parse_voice_state_update: [
        "voice.on_voice_state_update(data)", "self.dispatch('voice_state_update'",
    ],
    VoiceConnectionState._create_socket: ["setblocking(False)", "self._socket_reader.resume()"],
    SocketReader.resume: ["if not force and not self._callbacks:"],
    SocketReader._do_run: ["if not self._running.is_set():"],
    discord.VoiceClient.__init__: ["self._player", "self._incr_nonce", "self._connection:"],
    discord.VoiceClient._get_voice_packet: ["'_encrypt_' + self.mode", "encrypt_opus"],
    discord.http.HTTPClient.__init__: ["self._global_over"],
    # Shards are opened and closed while the bot runs: none is the last one that would be waited
    # for, and a start that is cancelled ends nothing else.
    discord.AutoShardedClient.launch_shards: ["self._connection.shard_count = self.shard_count"],
    discord.state.AutoShardedConnectionState.parse_ready: [
        "if len(self._ready_tasks) == len(self.shard_ids):",
    ],
    discord.shard.Shard.reidentify: ["except asyncio.CancelledError:\n            return"],
    discord.shard.Shard.reconnect: ["except asyncio.CancelledError:\n            return"],
    # What the SDK asks of its websocket, and what it keeps of a message before it passes it on.
    OmniRealtimeConversation._OmniRealtimeConversation__send_str: [  # type: ignore[attr-defined]
        "not self.ws or not self.ws.sock or not self.ws.sock.connected", "self.ws.send(data)",
    ],
    OmniRealtimeConversation.close: ["self.ws.close()"],
    OmniRealtimeConversation._on_message: [
        "self.last_message = json_data\n                self.callback.on_event(json_data)",
    ],
    OmniRealtimeConversation._on_close: ["self.callback.on_close(close_status_code, close_msg)"],
    OmniRealtimeConversation.__init__: ['url = f"{url}?model={model}"', "self.last_message = None"],
    # What `Sockets` and `Outlet` hang on to.
    aiohttp.ClientSession._ws_connect: [
        "self._ws_response_class(\n                reader,\n                writer,",
        "                protocol,\n                resp,",
        "resp = await self.request(",
    ],
    aiohttp.ClientSession._request: ["raise_for_status = self._raise_for_status",
                                     "await raise_for_status(resp)"],
    aiohttp.ClientWebSocketResponse.close: [
        "self._reader.feed_data(WS_CLOSING_MESSAGE, 0)\n            await self._close_wait",
    ],
    aiohttp.ClientWebSocketResponse._reset_heartbeat: ["when = calculate_timeout_when("],
    aiohttp.ClientWebSocketResponse.__init__: ["self._pong_heartbeat = heartbeat / 2.0"],
    WebSocketWriter.__init__: ["self.transport = transport"],
    WebSocketWriter._write_websocket_frame: ["self.transport.write(", "is_closing()"],
    ResponseHandler.connection_lost: ["set_exception("],
}  # fmt: skip


def plain(signature: inspect.Signature) -> str:
    """A signature without annotations, enum members by their name."""
    parts = [
        parameter.replace(
            annotation=inspect.Parameter.empty,
            default=Bare(parameter.default)
            if parameter.default is not inspect.Parameter.empty
            else parameter.default,
        )
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(parts))


class Bare:
    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return str(getattr(self.value, "name", repr(self.value)))


def test_discord_py_is_the_pinned_version() -> None:
    assert discord.__version__.startswith(DISCORD_PY)


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__qualname__)
def test_a_private_signature_is_as_it_was(function: Callable[..., Any]) -> None:
    assert plain(inspect.signature(function)) == SIGNATURES[function]


@pytest.mark.parametrize("function", WRITTEN, ids=lambda function: function.__qualname__)
def test_a_private_function_still_does_what_is_relied_on(function: Callable[..., Any]) -> None:
    source = inspect.getsource(function)
    for fragment in WRITTEN[function]:
        assert fragment in source


def test_the_keepalive_of_a_websocket_ends_when_it_is_stopped() -> None:
    assert "_stop_ev.wait" in inspect.getsource(VoiceKeepAliveHandler.run)


def test_the_mode_that_every_server_offers_has_its_method_in_discord_py() -> None:
    assert hasattr(discord.VoiceClient, f"_encrypt_{crypto.XCHACHA20}")
    assert crypto.XCHACHA20 in discord.VoiceClient.supported_modes


ROOT = Path(__file__).parents[2]
OTHERS = {
    # Of Python's own.
    "_exit": os,
    "_current_frames": sys,
}


def test_every_private_name_that_is_used_is_listed() -> None:
    ours: set[str] = set()
    used: dict[str, str] = {}
    for folder in ("bot", "cogs"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                        ours.add(node.name)
                    case ast.Name(ctx=ast.Store()):
                        ours.add(node.id)
                    case ast.Attribute(ctx=ast.Store()):
                        ours.add(node.attr)
                    case ast.Attribute(attr=name) if name.startswith("_") and name[:2] != "__":
                        used[name] = str(path.relative_to(ROOT))
                    case _:
                        pass
    listed = {function.__name__ for function in SIGNATURES} | set(OTHERS)
    written = " ".join(chain.from_iterable(WRITTEN.values()))
    missing = {
        name: path
        for name, path in used.items()
        if name not in ours | listed and f"self.{name}" not in written
    }
    assert missing == {}
    assert all(hasattr(module, name) for name, module in OTHERS.items())


async def test_aiohttp_s_websocket_writes_before_it_waits() -> None:
    written = bytearray()

    class Full(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            written.extend(data)

        def is_closing(self) -> bool:
            return False

    protocol = ResponseHandler(asyncio.get_running_loop())
    protocol.connection_made(Full())
    protocol.pause_writing()
    writer = WebSocketWriter(protocol, Full(), use_mask=True)
    step = writer.send_frame(bytes(1_000_000), aiohttp.WSMsgType.TEXT)
    step.send(None)  # waits: else it would have ended
    assert len(written) == 1_000_000 + 14
    step.close()


def test_every_library_that_is_imported_is_a_bounded_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    named = [*project["project"]["dependencies"], *chain.from_iterable(extras)]
    bounded = {
        re.split(r"[\[<>=~ ]", row)[0].lower().replace("-", "_") for row in named if "=" in row
    }
    modules = set()
    for folder in ("bot", "cogs"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    modules.add(node.module.split(".")[0])
                elif isinstance(node, ast.Import):
                    modules |= {alias.name.split(".")[0] for alias in node.names}
    called = {"nacl": "pynacl", "discord": "discord.py", "dotenv": "python_dotenv"}
    libraries = {called.get(name, name) for name in modules - sys.stdlib_module_names}
    assert libraries - {"bot", "cogs"} <= bounded
