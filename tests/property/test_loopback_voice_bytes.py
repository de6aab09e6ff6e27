"""Bytes from anywhere give a value or the one documented error."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import MalformedError
from bot.loopback.voice import mls, rtp
from bot.loopback.voice.membership import DaveySession
from bot.loopback.voice.transport import MODES, Transport

CHANNEL, ANA, BOB = 555, 1001, 1002


def handshake() -> tuple[bytes, bytes]:
    """A key package of Bob's, and Ana's commit and welcome that add him."""
    sender = mls.ExternalSender(CHANNEL)
    ana, bob = DaveySession(ANA, CHANNEL), DaveySession(BOB, CHANNEL)
    for session in (ana, bob):
        session.external_sender(sender.package)
    ana.restart()
    key_package = bob.restart()
    proposal = sender.add(0, key_package)
    commit = ana.proposals(mls.append_body(proposal), frozenset({ANA, BOB}))
    assert commit is not None
    return key_package, commit


KEY_PACKAGE, COMMIT_WELCOME = handshake()
WELCOME = mls.parse_commit_welcome(COMMIT_WELCOME).welcome or b""


def harmless(parse: Callable[[], Any]) -> None:
    try:
        parse()
    except MalformedError:
        return


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data[at] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] + draw(st.binary(max_size=8)))


@given(st.binary() | mutated(KEY_PACKAGE))
def test_a_key_package_is_read_or_refused(data: bytes) -> None:
    harmless(lambda: mls.key_package_user(data))


@given(st.binary() | mutated(COMMIT_WELCOME))
def test_a_commit_is_read_or_refused(data: bytes) -> None:
    harmless(lambda: mls.parse_commit_welcome(data))


@given(st.binary() | mutated(WELCOME))
def test_a_welcome_is_split_or_refused(data: bytes) -> None:
    harmless(lambda: mls.welcome_for(data, KEY_PACKAGE))


@given(st.integers(0, len(COMMIT_WELCOME) - 1 - len(WELCOME)))
def test_a_commit_that_ends_early_is_refused(size: int) -> None:
    with pytest.raises(MalformedError):
        mls.parse_commit_welcome(COMMIT_WELCOME[:size])


@given(st.integers(0, len(KEY_PACKAGE) - 1))
def test_a_key_package_that_ends_early_is_refused(size: int) -> None:
    with pytest.raises(MalformedError):
        mls.key_package_user(KEY_PACKAGE[:size])


@given(st.binary(max_size=20_000))
@example(bytes(63))
@example(bytes(64))
@example(bytes(1 << 14))
def test_a_vector_is_read_back_as_it_was_written(value: bytes) -> None:
    reader = mls.MlsReader(mls.vector(value))
    assert reader.vector() == value
    reader.end()


@given(st.binary(max_size=80))
def test_a_datagram_is_read_or_refused(data: bytes) -> None:
    def parse() -> None:
        header = rtp.parse_header(data)
        rtp.packet(header, data[header.size :])

    harmless(parse)


PACKETS = st.builds(
    rtp.Packet,
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF_FFFF),
    st.integers(0, 0xFFFF_FFFF),
    st.binary(max_size=200),
)


@given(
    PACKETS,
    st.integers(0, 255),
    st.sampled_from(MODES),
    st.binary(min_size=32, max_size=32),
)
def test_a_packet_comes_out_of_either_encryption_as_it_went_in(
    packet: rtp.Packet,
    padding: int,
    mode: str,
    key: bytes,
) -> None:
    server, client = Transport(mode, key), Transport(mode, key)
    datagram = server.seal(*rtp.write(packet, extension=padding % 2 == 0, padding=padding))
    header = rtp.parse_header(datagram)
    assert rtp.packet(header, client.open(datagram, header.size)) == packet


@given(PACKETS, st.sampled_from(MODES), st.data())
def test_a_datagram_that_was_changed_is_refused(
    packet: rtp.Packet, mode: str, data: st.DataObject
) -> None:
    transport = Transport(mode, bytes(32))
    datagram = bytearray(transport.seal(*rtp.write(packet)))
    at = data.draw(st.integers(12, len(datagram) - 1))
    datagram[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(MalformedError):
        transport.open(bytes(datagram), 12)
