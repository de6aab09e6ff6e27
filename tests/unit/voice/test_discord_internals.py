"""What Parley uses of discord.py's insides is there, and is as it was when it was used."""

import inspect
from collections.abc import Callable
from typing import Any

import discord
import discord.state
import pytest
from discord.gateway import DiscordVoiceWebSocket, VoiceKeepAliveHandler
from discord.player import AudioPlayer
from discord.voice_state import SocketReader, VoiceConnectionState

from bot.voice import crypto
from bot.voice.discord_internals import DISCORD_PY

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
