"""The voice server over its real sockets, with a client of the tests' own."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from bot.audio.opus import SILENCE, Encoder
from bot.loopback.voice import VoiceServer, gateway, session
from bot.loopback.voice.opcodes import Body, Close, Op
from bot.loopback.voice.rtp import is_dave_frame
from bot.loopback.voice.transport import AES, XCHACHA
from tests.unit.loopback.voice.voice_client import (
    ANA,
    BEN,
    BOT,
    CHANNEL,
    GUILD,
    SESSION,
    VoiceClient,
    until,
)


def tone(hertz: float, seconds: float, rate: int = 16_000) -> bytes:
    t = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * t)).astype("<i2").tobytes()


def pitch(pcm: bytes, rate: int = 48_000) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
async def server(complaints: list[str]) -> AsyncIterator[VoiceServer]:
    server = VoiceServer(complain=complaints.append)
    await server.start()
    yield server
    await server.close()


@pytest.mark.parametrize("mode", [AES, XCHACHA])
async def test_a_client_and_a_person_hear_each_other_end_to_end_encrypted(
    server: VoiceServer, complaints: list[str], mode: str
) -> None:
    ana = server.enter(CHANNEL, ANA)
    async with VoiceClient(server) as client:
        await client.join(mode)
        await ana.ready()
        await client.wait(Op.EXECUTE_TRANSITION)
        spoken = await ana.speak(tone(440, 0.4))
        assert spoken.ended_at - spoken.began_at == pytest.approx(0.4)
        await client.received(1 + 25)
        assert (await client.wait(Op.SPEAKING))["user_id"] == str(ANA)
        assert len(client.packets) == 25
        assert all(is_dave_frame(one.frame) for one in client.packets[:20])
        assert [one.frame for one in client.packets[20:]] == [SILENCE] * 5
        for packet in client.packets[:20]:
            assert client.membership.session.decrypt(ANA, packet.frame)

        encoder = Encoder(16_000)
        pcm = tone(600, 0.4)
        await client.send(Op.SPEAKING, {"speaking": 1, "ssrc": client.ready["ssrc"]})
        for number in range(20):
            frame = encoder.encode(pcm[number * 640 : number * 640 + 640])
            client.talk(client.membership.session.encrypt(frame), sequence=number)
        await until(lambda: ana.ear.frames(BOT) == 20)
        assert pitch(ana.ear.pcm(BOT)) == pytest.approx(600, abs=6)
        assert (ana.ear.failures, ana.ear.unencrypted) == (0, 0)
    assert complaints == []


async def test_everybody_rekeys_when_people_come_and_go(
    server: VoiceServer, complaints: list[str]
) -> None:
    ana = server.enter(CHANNEL, ANA)
    async with VoiceClient(server) as client:
        await client.join()
        await client.wait(Op.EXECUTE_TRANSITION)
        talking = asyncio.gather(ana.speak(tone(440, 1.0)))
        await client.received(10)
        ben = server.enter(CHANNEL, BEN)
        await ben.ready()
        await client.received(25)
        await ben.leave()
        await talking
        await client.received(1 + 55)
        await until(lambda: ana.can_talk)
        opened = [client.membership.session.decrypt(ANA, p.frame) for p in client.packets[:50]]
        assert len(opened) == 50
        assert await client.wait(Op.CLIENT_DISCONNECT) == {"user_id": str(BEN)}
        assert server.participants(CHANNEL) == (ANA, BOT)
    assert complaints == []


async def test_a_person_hears_across_a_change_of_keys(server: VoiceServer) -> None:
    ana, ben = server.enter(CHANNEL, ANA), server.enter(CHANNEL, BEN)
    await ben.ready()
    talking = asyncio.gather(ana.speak(tone(440, 0.6)))
    await until(lambda: ben.ear.frames(ANA) > 5)
    client = VoiceClient(server)
    async with client:
        await client.join()
        await talking
    assert ben.ear.frames(ANA) == 30
    assert ben.ear.failures == 0


async def test_a_call_without_dave_is_in_the_clear_under_its_transport(server: VoiceServer) -> None:
    server.set_dave(CHANNEL, 0)
    ana = server.enter(CHANNEL, ANA)
    async with VoiceClient(server) as client:
        await client.join()
        assert (await client.wait(Op.SESSION_DESCRIPTION))["dave_protocol_version"] == 0
        await ana.speak(tone(440, 0.1))
        await client.received(1 + 10)
        assert not any(is_dave_frame(one.frame) for one in client.packets)
        client.talk(client.packets[0].frame)
        await until(lambda: ana.ear.frames(BOT) == 1)


async def test_a_resume_repeats_what_was_missed_and_nothing_else(server: VoiceServer) -> None:
    async with VoiceClient(server) as client:
        await client.join()
        await client.wait(Op.EXTERNAL_SENDER)
        await client.send(Op.HEARTBEAT, {"t": 1, "seq_ack": client.seq_ack})
        await client.wait(Op.HEARTBEAT_ACK)
        server.close_client(CHANNEL, BOT, Close.SERVER_CRASHED)
        assert await client.closed() == Close.SERVER_CRASHED
        ana = server.enter(CHANNEL, ANA)
        await asyncio.sleep(0)
        client.messages.clear()
        await client.open()
        resume = {"server_id": str(GUILD), "session_id": SESSION, "token": client.token}
        await client.send(Op.RESUME, resume | {"seq_ack": client.seq_ack})
        await client.wait(Op.EXECUTE_TRANSITION)
        assert [op for op, *_ in client.messages[:3]] == [Op.HELLO, Op.RESUMED, Op.CLIENTS_CONNECT]
        await ana.ready()
        assert client.membership.ready


async def test_a_session_that_ended_cannot_be_resumed(server: VoiceServer) -> None:
    async with VoiceClient(server) as client:
        await client.join()
        server.expel(CHANNEL, BOT)
        assert await client.closed() == Close.DISCONNECTED
        await client.open()
        resume = {"server_id": str(GUILD), "session_id": SESSION, "token": client.token}
        await client.send(Op.RESUME, resume | {"seq_ack": client.seq_ack})
        assert await client.closed() == Close.SESSION_INVALID


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "another"}, Close.AUTHENTICATION_FAILED),
        ({"user_id": "1"}, Close.AUTHENTICATION_FAILED),
        ({"session_id": "another"}, Close.SESSION_INVALID),
        ({"server_id": "1"}, Close.SESSION_INVALID),
        ({"max_dave_protocol_version": 0}, Close.DAVE_REQUIRED),
        ({"token": 5}, Close.BAD_REQUEST),
    ],
)
async def test_who_may_not_enter_is_told_why(
    server: VoiceServer, complaints: list[str], changes: dict[str, object], code: Close
) -> None:
    async with VoiceClient(server) as client:
        await client.send(Op.IDENTIFY, client.identity(**changes))
        assert await client.closed() == code
        assert server.participants(CHANNEL) == ()
    assert len(complaints) == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", Close.DECODE_FAILED),
        ("[]", Close.DECODE_FAILED),
        ('{"op": 99, "d": {}}', Close.UNKNOWN_OPCODE),
        ('{"op": 2, "d": {}}', Close.UNKNOWN_OPCODE),
        ('{"op": 5, "d": {"speaking": 1}}', Close.NOT_AUTHENTICATED),
        (b"\x1a\x00", Close.NOT_AUTHENTICATED),
        (b"", Close.UNKNOWN_OPCODE),
    ],
)
async def test_what_is_out_of_order_closes_the_websocket(
    server: VoiceServer, message: str | bytes, code: Close
) -> None:
    async with VoiceClient(server) as client:
        if isinstance(message, bytes):
            await client.socket.send_bytes(message)
        else:
            await client.socket.send_str(message)
        assert await client.closed() == code


async def test_an_unknown_encryption_mode_is_refused(server: VoiceServer) -> None:
    async with VoiceClient(server) as client:
        await client.send(Op.IDENTIFY, client.identity())
        await client.wait(Op.READY)
        data = {"address": "127.0.0.1", "port": 1, "mode": "xsalsa20_poly1305"}
        await client.send(Op.SELECT_PROTOCOL, {"protocol": "udp", "data": data})
        assert await client.closed() == Close.UNKNOWN_MODE


async def test_a_key_package_that_is_none_closes_the_websocket(server: VoiceServer) -> None:
    async with VoiceClient(server) as client:
        await client.join()
        await client.socket.send_bytes(bytes([Op.KEY_PACKAGE]) + bytes(40))
        assert await client.closed() == Close.BAD_REQUEST


async def test_heartbeats_are_answered_in_the_form_of_version_8(
    server: VoiceServer, complaints: list[str]
) -> None:
    async with VoiceClient(server) as client:
        await client.send(Op.HEARTBEAT, 5)
        await client.send(Op.HEARTBEAT, {"t": 17, "seq_ack": -1})
        assert await client.wait(Op.HEARTBEAT_ACK) == {"t": 17}
        acks = [op for op, *_ in client.messages if op == Op.HEARTBEAT_ACK]
    assert len(acks) == len(complaints) == 1


async def test_a_client_without_heartbeats_is_put_out(
    server: VoiceServer, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "HEARTBEAT_MS", 100)
    async with VoiceClient(server) as client:
        await client.join()
        assert await client.closed() == Close.SESSION_TIMEOUT
        await until(lambda: server.participants(CHANNEL) == ())
    assert complaints == ["voice: no heartbeat came"]


async def test_a_place_is_kept_for_a_resume_and_not_for_ever(
    server: VoiceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_RESUME_S", 0.2)
    async with VoiceClient(server) as client:
        await client.join()
        server.close_client(CHANNEL, BOT, Close.SERVER_CRASHED)
        assert await client.closed() == Close.SERVER_CRASHED
        assert server.participants(CHANNEL) == (BOT,)
        await until(lambda: server.participants(CHANNEL) == ())


async def test_a_client_that_says_goodbye_leaves_at_once(server: VoiceServer) -> None:
    async with VoiceClient(server) as client:
        await client.join()
        await client.socket.close(code=1000)
        await until(lambda: server.participants(CHANNEL) == ())


async def test_a_member_that_never_switches_does_not_hold_the_others_for_ever(
    server: VoiceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults.patience_s = 0.1
    async with VoiceClient(server) as client:
        monkeypatch.setattr(client.membership, "receive", silent_about_transitions(client))
        await client.join()
        ana = server.enter(CHANNEL, ANA)
        await ana.ready()
        assert (await client.wait(Op.EXECUTE_TRANSITION)) == {"transition_id": 1}


def silent_about_transitions(client: VoiceClient) -> Callable[[Op, Body], list[tuple[Op, Body]]]:
    receive = client.membership.receive

    def answers(op: Op, body: Body) -> list[tuple[Op, Body]]:
        return [one for one in receive(op, body) if one[0] is not Op.TRANSITION_READY]

    return answers


async def test_faulty_audio_is_complained_about_and_not_forwarded(
    server: VoiceServer, complaints: list[str]
) -> None:
    ana = server.enter(CHANNEL, ANA)
    async with VoiceClient(server) as client:
        await client.join()
        await client.wait(Op.EXECUTE_TRANSITION)
        await ana.ready()
        client.talk(b"\x00" * 20, ssrc=5)
        client.talk(b"\x00" * 20, payload_type=101)
        client.udp.sendto(b"\x80\x78" + bytes(60), client.address)
        client.talk(SILENCE)
        await until(lambda: len(complaints) == 3)
        client.talk(b"in the clear", sequence=2)
        await until(lambda: len(complaints) == 4)
    assert "SSRC 5" in complaints[0]
    assert "payload type 101" in complaints[1]
    assert "SSRC 0" in complaints[2]
    assert "unencrypted" in complaints[3]
    assert ana.ear.frames(BOT) == 0
    assert ana.ear.unencrypted == 1


async def test_the_port_answers_keepalives_and_discovery(server: VoiceServer) -> None:
    async with VoiceClient(server) as client:
        await client.join()
        _, _, ssrc, host, port = struct.unpack(">HHI64sH", client.datagrams[0])
        assert ssrc == client.ready["ssrc"]
        assert (host.rstrip(b"\0").decode(), port) == client.udp.get_extra_info("sockname")
        client.udp.sendto(b"12345678", client.address)
        await client.received(2)
        assert client.datagrams[1] == b"12345678"


async def test_a_silent_server_answers_once_it_wakes(server: VoiceServer) -> None:
    async with VoiceClient(server) as client:
        await client.join()
        server.faults.silent = True
        client.udp.sendto(b"12345678", client.address)
        await client.send(Op.HEARTBEAT, {"t": 1, "seq_ack": client.seq_ack})
        await asyncio.sleep(0.1)
        assert Op.HEARTBEAT_ACK not in [op for op, *_ in client.messages]
        server.faults.silent = False
        await client.wait(Op.HEARTBEAT_ACK)
        assert len(client.datagrams) == 1


async def test_identifying_again_replaces_the_first_session(server: VoiceServer) -> None:
    ana = server.enter(CHANNEL, ANA)
    async with VoiceClient(server) as first:
        await first.join()
        async with VoiceClient(server) as second:
            await second.join()
            assert await first.closed() == Close.SESSION_INVALID
            await second.wait(Op.EXECUTE_TRANSITION)
            await ana.ready()
            assert server.participants(CHANNEL) == (ANA, BOT)


async def test_nothing_is_left_after_close() -> None:
    before = asyncio.all_tasks()
    server = VoiceServer(complain=lambda _: None)
    await server.start()
    folder = server.ca_file.parent
    assert folder.is_dir()
    ana, ben = server.enter(CHANNEL, ANA), server.enter(CHANNEL, BEN)
    async with VoiceClient(server) as client:
        await client.join()
        await ben.ready()
        talking = asyncio.gather(ana.speak(tone(440, 5)))
        await client.received(5)
        server.faults.delay_ms = 60_000
        await asyncio.sleep(0.05)
        await server.close()
        await server.close()
        assert await client.closed() == Close.DISCONNECTED
        (spoken,) = await talking
        assert spoken.ended_at - spoken.began_at < 5
    assert not os.path.lexists(folder)  # noqa: ASYNC240 - nothing waits here
    assert asyncio.all_tasks() == before
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", int(server.endpoint.split(":")[1]))
