"""A link over bytes that a test chooses: whatever comes is read, or ends the link."""

import asyncio

import pytest

from bot.translation.protocol.bounds import Exceeded
from tests.integration.translation.raw_link import CHUNK, Told, ignore, interim, linked, texts
from tests.integration.translation.raw_service import (
    PING,
    PONG,
    WHOLE,
    RawService,
    Wire,
    closing,
    frame,
)
from tests.integration.translation.translation_room import nothing_left


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_messages_arrive_however_the_network_cuts_them(size: int) -> None:
    wanted = ["a", "b" * 200, "é" * 70_000, "c"] if size > 100 else ["a", "b" * 200, "é"]

    async def script(wire: Wire) -> None:
        stream = b"".join(interim(text) for text in wanted)
        for start in range(0, len(stream), size):
            await wire.send(stream[start : start + size])
            await asyncio.sleep(0)
        await ignore(wire)

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told):
        await told.until(lambda t: len(t.events) == len(wanted))
    assert texts(told) == wanted


async def test_fragments_pings_and_nonsense_among_the_messages_are_dealt_with() -> None:
    pongs = []

    async def script(wire: Wire) -> None:
        whole = interim("in three")
        payload = whole[2:]
        await wire.send(
            interim("before"),
            frame(payload[:10], 0x01),
            frame(b"are you there", WHOLE | PING),
            frame(payload[10:20], 0x00),
            frame(payload[20:], WHOLE),
            frame(b'{"type": "response.text.text", "text": "\xff"}'),
            frame(b"binary", WHOLE | 2),
            interim("after"),
        )
        while True:
            opcode, data = await wire.receive()
            if opcode == PONG:
                pongs.append(data)

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told):
        await told.until(lambda t: "after" in texts(t))
    assert texts(told) == ["before", "in three", "after"]
    assert told.excess.counts == {Exceeded.UNREADABLE: 2}  # no UTF-8, and binary
    assert pongs == [b"are you there"]
    assert told.lost == []


@pytest.mark.parametrize(
    "bytes_sent",
    [
        frame(b"reserved bits", 0xF1),
        frame(b"unknown opcode", WHOLE | 5),
        frame(b"", WHOLE | 11),
        frame(b"continues nothing", WHOLE),
        frame(b"x" * 200, WHOLE | PING),
        b"\x81\x7f" + b"\x7f" * 8,
        b"\x81\x84" + b"mask" + b"text",
        frame(b"a", 0x01) + frame(b"a new one amid the first"),
    ],
)
async def test_bytes_that_break_the_protocol_end_the_link(bytes_sent: bytes) -> None:
    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(bytes_sent, b"\x81\x04more" * 3)
        await ignore(wire)

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told):
        if bytes_sent[1] & 0x80:  # masked: the library reads it, and so it is no JSON
            await asyncio.sleep(0.2)
        else:
            await told.until(lambda t: bool(t.lost))
            assert told.lost[0].retryable
    assert told.events == []


async def test_a_close_keeps_its_reason_when_the_socket_goes_right_behind_it() -> None:
    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(interim("last"), closing(1007, "Workspace access denied"))

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told) as link:
        await told.until(lambda t: bool(t.lost))
        assert link.send(CHUNK) == 0  # into nothing, without a word
    assert texts(told) == ["last"]
    assert [fault.code for fault in told.lost] == ["access_denied"]
