"""What is sent to Qwen-MT, and what its answers mean."""

from typing import Any

import pytest

from bot.domain.events import TextAnswer, Usage
from bot.translation.protocol import faults
from bot.translation.protocol.bounds import (
    ANSWER_CHARS,
    ANSWER_FACTOR,
    RESPONSE_TOKENS,
    Exceeded,
    Excess,
)
from bot.translation.protocol.faults import Fault
from bot.translation.text.qwen_mt import (
    ENDS_ALL,
    NO_TEXT_MODEL,
    TEXT_CONTENT,
    TEXT_REFUSED,
    UNREADABLE,
    code,
    http_base,
    judge,
)
from bot.translation.text.qwen_mt import read as read_text
from tests.integration.translation.text_service import translation


def read_answer(answer: dict[str, Any], asked: str = "Hola.") -> TextAnswer | Fault:
    return read_text(answer, asked, Excess())


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (
            "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime",
            "https://dashscope-intl.aliyuncs.com/api/v1",
        ),
        ("ws://127.0.0.1:8765/api-ws/v1/realtime", "http://127.0.0.1:8765/api/v1"),
        ("wss://proxy.example/qwen/api-ws/v1/realtime", "https://proxy.example/qwen/api/v1"),
        ("ws://[::1]:99", "http://[::1]:99/api/v1"),
    ],
)
def test_the_http_address_stands_beside_the_websocket_one(url: str, base: str) -> None:
    assert http_base(url) == base


def test_a_language_is_named_as_qwen_mt_names_it() -> None:
    assert (code("es"), code("fil")) == ("es", "tl")


def test_an_answer_is_its_text_and_its_tokens() -> None:
    answer = {"status_code": 200, **translation(" Hello. ")}
    assert read_answer(answer) == TextAnswer("Hello.", Usage(text_tokens_in=7, text_tokens_out=3))


@pytest.mark.parametrize(
    "answer",
    [
        {"output": None},
        {"output": {}},
        {"output": {"choices": []}},
        {"output": {"choices": [{"message": {"content": None}}]}},
        {"output": {"choices": [{"message": {"content": " "}}]}},
        {"output": {"choices": [{"message": "text"}]}},
        {"output": "text"},
    ],
)
def test_what_is_no_translation_is_tried_again(answer: dict[str, Any]) -> None:
    assert read_answer({"status_code": 200, **answer}) is UNREADABLE
    assert UNREADABLE.retryable


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"input_tokens": "7"},
        {"input_tokens": -1},
        {"input_tokens": True, "output_tokens": 3.5},
        {"input_tokens": RESPONSE_TOKENS + 1, "output_tokens": 10**30},
        "much",
    ],
)
def test_usage_that_makes_no_sense_counts_nothing(usage: object) -> None:
    answer = read_answer({"status_code": 200, **translation("Hello."), "usage": usage})
    assert answer == TextAnswer("Hello.", Usage())


def test_an_answer_longer_than_any_translation_is_none() -> None:
    excess = Excess()
    most = ANSWER_CHARS + 5 * ANSWER_FACTOR
    answers = [
        read_text({"status_code": 200, **translation("x" * size)}, "Hola.", excess)
        for size in (most, most + 1)
    ]
    assert isinstance(answers[0], TextAnswer)
    assert answers[1] is UNREADABLE
    assert excess.counts == {Exceeded.TEXT: 1}


def test_half_a_character_in_an_answer_is_no_reason_to_fail_later() -> None:
    answer = read_answer({"status_code": 200, **translation("a\ud83d")})
    assert isinstance(answer, TextAnswer)
    assert answer.text == "a?"


def test_an_error_s_words_count_at_their_beginning_alone() -> None:
    fault = judge(400, "x" * 10**6, "y" * 10**6)
    assert len(fault.message) < 300


@pytest.mark.parametrize(
    ("status", "reason", "message", "fault"),
    [
        (401, "InvalidApiKey", "Invalid API-key provided.", faults.BAD_KEY),
        (403, "AccessDenied", "Access denied.", faults.ACCESS_DENIED),
        (403, "AccessDenied.Unpurchased", "", faults.ACCESS_DENIED),
        (404, "ModelNotFound", "Model not exist.", NO_TEXT_MODEL),
        (404, "", "", NO_TEXT_MODEL),
        (400, "Arrearage", "Access denied, your account is overdue.", faults.NO_CREDIT),
        (429, "Throttling.RateQuota", "Requests rate limit exceeded", faults.RATE_LIMITED),
        (429, "Throttling.AllocationQuota", "Allocated quota exceeded.", faults.TOKENS_USED),
        (429, "insufficient_quota", "You exceeded your current quota.", faults.TOKENS_USED),
        (400, "DataInspectionFailed", "Inappropriate content.", TEXT_CONTENT),
        (400, "InvalidParameter", "No such language.", TEXT_REFUSED),
        (400, "InternalError.Algo.InvalidParameter", "Range.", TEXT_REFUSED),
        (400, "", "Something new.", TEXT_REFUSED),
        (409, "new_code", "Something new.", faults.FAILED),
        (402, "", "", faults.NO_CREDIT),
        (None, "Unknown", "Something new.", faults.FAILED),
        (400, "InternalError.Algo", "Try again later.", faults.FAILED),
        (429, "", "Request rate increased too quickly.", faults.RATE_LIMITED),
        (408, "", "", faults.NO_ANSWER),
        (500, "InternalError", "", faults.FAILED),
        (500, "", "", faults.OVERLOADED),
        (503, "", "", faults.OVERLOADED),
    ],
)
def test_an_error_is_judged_by_what_it_says_then_by_its_status(
    status: int, reason: str, message: str, fault: Fault
) -> None:
    assert judge(status, reason, message) == fault


def test_only_the_accounts_faults_end_everything() -> None:
    assert all(not fault.retryable for fault in ENDS_ALL)
    refused = judge(400, "InvalidParameter", "No such language.")
    assert refused not in ENDS_ALL
    assert refused.message == "A text couldn't be translated."
    assert not refused.retryable
    assert judge(400, "unsupported_language_pair", "Install it.").message == (
        "A text couldn't be translated: Install it."
    )


def test_an_answer_that_broke_off_is_marked() -> None:
    answer = {"status_code": 200, **translation("Hello and")}
    answer["output"]["choices"][0]["finish_reason"] = "length"
    assert read_answer(answer) == TextAnswer(
        "Hello and …", Usage(text_tokens_in=7, text_tokens_out=3)
    )
