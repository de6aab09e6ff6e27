"""A session numbers its events and gives back those that were missed, as long as it has them."""

import json
import zlib
from typing import Any

import pytest

from bot.loopback.gateway.connection import ZlibStream
from bot.loopback.gateway.session import (
    REPLAY_LIMIT,
    GatewayClose,
    GatewaySession,
    Identity,
    check_identify,
)
from bot.loopback.state.entities import Bot, User
from bot.loopback.state.intents import Intents

BOT = Bot(User(5, "Parley", None, bot=True), "token", privileged=Intents.GUILD_MEMBERS)


def session() -> GatewaySession:
    return GatewaySession(Identity(BOT, Intents.GUILDS, 0, 1))


def test_what_was_missed_is_given_again_in_order() -> None:
    s = session()
    for number in range(1, 6):
        s.number("MESSAGE_CREATE", {"n": number})
    missed = s.since(3)
    assert missed is not None
    assert [json.loads(text)["s"] for text in missed] == [4, 5]
    assert s.since(5) == []


def test_what_lies_too_far_back_or_ahead_can_not_be_resumed() -> None:
    s = session()
    for number in range(REPLAY_LIMIT + 10):
        s.number("MESSAGE_CREATE", {"n": number})
    assert s.since(9) is None
    assert len(s.since(10) or []) == REPLAY_LIMIT
    for impossible in (s.sequence + 1, -1, None, "3", True):
        assert s.since(impossible) is None


def test_identify_takes_a_shard_and_switched_on_intents() -> None:
    data = {"intents": int(Intents.GUILDS | Intents.GUILD_MEMBERS), "properties": {}}
    assert check_identify(data | {"shard": [1, 2]}, BOT).shard == 1


@pytest.mark.parametrize(
    ("data", "bot", "code"),
    [
        ({"intents": 1, "properties": {}}, None, 4004),
        ({"intents": 1, "properties": {}, "shard": [2, 2]}, BOT, 4010),
        ({"intents": 1, "properties": {}, "shard": "0"}, BOT, 4010),
        ({"properties": {}}, BOT, 4013),
        ({"intents": 1 << 40, "properties": {}}, BOT, 4013),
        ({"intents": int(Intents.MESSAGE_CONTENT), "properties": {}}, BOT, 4014),
        ({"intents": 1}, BOT, 4002),
    ],
)
def test_a_wrong_identify_is_closed_with_its_code(data: Any, bot: Bot | None, code: int) -> None:
    with pytest.raises(GatewayClose) as closed:
        check_identify(data, bot)
    assert closed.value.code == code


def test_the_zlib_stream_is_one_context_with_a_flush_after_each_message() -> None:
    stream, inflate = ZlibStream(), zlib.decompressobj()
    texts = ["first", "second " * 500, "first"]
    for text in texts:
        packed = stream.pack(text)
        assert packed.endswith(b"\x00\x00\xff\xff")
        assert inflate.decompress(packed).decode() == text
