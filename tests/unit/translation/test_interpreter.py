"""What can be asked of LiveTranslate, and what is refused in words."""

import asyncio
import logging

import pytest

from bot.domain.events import ConversationRequest
from bot.errors import LanguageError, SettingsError
from bot.logs import silence_sdk
from bot.translation.interpreter import LiveTranslate
from bot.translation.ports import Endpoint
from tests.support.clock import ManualClock
from tests.support.live_translate import live_translate

URL = "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime"
KEY = "sk-0123456789"
QWEN3 = "qwen3-livetranslate-flash-realtime"
NEWEST = "qwen3.8-livetranslate-flash-realtime"


def interpreter(model: str = QWEN3, url: str = URL, key: str = KEY) -> LiveTranslate:
    return live_translate(url=url, api_key=key, model=model, clock=ManualClock())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dashscope.aliyuncs.com",
        "https://dashscope.aliyuncs.com/api-ws/v1/realtime",
        f"{URL}?model=x",
        f"{URL}#x",
        "ws://127.0.0.1:99999/x",
        "ws://",
    ],
)
def test_an_address_that_can_t_be_is_refused_by_its_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="DASHSCOPE_URL"):
        interpreter(url=url)


@pytest.mark.parametrize("key", ["", "  ", "sk-1\nX-Header: 2", "ключ"])
def test_a_key_that_can_t_be_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SettingsError, match="DASHSCOPE_API_KEY") as refusal:
        interpreter(key=key)
    assert "Header" not in str(refusal.value)


def test_the_key_does_not_show_in_a_repr() -> None:
    assert KEY not in repr(Endpoint(URL, KEY, QWEN3))


def test_languages_are_listed_with_whether_they_can_be_spoken() -> None:
    languages = interpreter().languages()
    assert languages["en"]
    assert not languages["tr"]
    assert len(languages) == 18
    assert len(interpreter(NEWEST).languages()) == 60


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        LanguageError, match=r"Swedish.*With voice: .*English.*Text only: .*Turkish"
    ):
        interpreter().check(ConversationRequest(1, "sv"))
    interpreter(NEWEST).check(ConversationRequest(1, "sv"))


def test_an_unknown_source_language_is_refused() -> None:
    with pytest.raises(LanguageError, match="understand"):
        interpreter().check(ConversationRequest(1, "en", source="sv"))


def test_a_voice_that_does_not_speak_the_language_is_refused_with_those_that_do() -> None:
    with pytest.raises(LanguageError, match=r"Kiki doesn't speak English.*Cherry"):
        interpreter().check(ConversationRequest(1, "en", spoken=True, voice="Kiki"))
    interpreter().check(ConversationRequest(1, "yue", spoken=True, voice="Kiki"))


def test_a_voice_not_in_a_list_known_in_part_is_left_to_the_service() -> None:
    interpreter(NEWEST).check(ConversationRequest(1, "en", spoken=True, voice="Somebody"))


async def test_a_text_only_language_asked_for_voice_is_served_as_text_and_said_so() -> None:
    events: list[object] = []
    unreachable = interpreter(url="ws://127.0.0.1:9/x")
    talk = unreachable.converse(ConversationRequest(1, "tr", spoken=True), events.append)
    talk.feed(bytes(3200))
    assert [getattr(event, "code", None) for event in events][:1] == ["text_only"]
    await asyncio.sleep(0)
    await talk.close()
    await unreachable.close()


@pytest.mark.parametrize(
    "limit", ["connects_per_minute", "open_conversations", "tokens_per_minute"]
)
def test_a_limit_below_one_is_refused(limit: str) -> None:
    limits: dict[str, int] = {limit: 0}
    with pytest.raises(SettingsError, match=limit.replace("_", " ")):
        live_translate(url=URL, api_key=KEY, model=QWEN3, clock=ManualClock(), **limits)  # type: ignore[arg-type] # which one is drawn


async def test_it_says_what_of_the_limits_is_used_and_whether_there_is_room_for_more() -> None:
    clock = ManualClock()
    live = live_translate(
        url="ws://127.0.0.1:9/x", api_key=KEY, model=QWEN3, clock=clock, connects_per_minute=2
    )
    assert live.has_room(2, 1)
    events: list[object] = []
    requests = [ConversationRequest(speaker, "en", guild_id=1) for speaker in range(3)]
    talks = [live.converse(request, events.append) for request in requests]
    for talk in talks:
        talk.feed(bytes(3200))
        clock.advance(0.3)
    figures = live.budget()
    assert (figures.waiting, figures.connects_left, figures.open) == (1, 0, 2)
    assert round(figures.waited_s, 1) == 0.3
    assert not live.has_room(1, 1)
    for talk in talks:
        await talk.close()
    await live.close()
    assert (live.connects_waiting, live.budget().open) == (0, 0)


def test_where_the_bot_is_in_more_servers_than_one_a_part_is_kept_for_the_others() -> None:
    live = live_translate(url=URL, api_key=KEY, model=QWEN3, clock=ManualClock(), servers=lambda: 2)
    assert live.has_room(8, 1)
    assert not live.has_room(9, 1)


def test_the_libraries_logs_stay_above_debug_and_off_stderr() -> None:
    logger = logging.getLogger("dashscope")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(logging.StreamHandler())
    silence_sdk()
    assert not logger.isEnabledFor(logging.DEBUG)
    assert not logger.propagate
    assert [type(handler) for handler in logger.handlers] == [logging.NullHandler]
