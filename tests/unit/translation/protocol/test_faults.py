"""What failures mean."""

import random

import pytest

from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.server_events import TokenCount
from bot.translation.retry import LONGEST_WAIT_S, MOST_ATTEMPTS, Outage
from bot.translation.speech.meter import Meter


@pytest.mark.parametrize(
    ("code", "message", "fault"),
    [
        ("", "Requests rate limit exceeded, please try again later.", faults.RATE_LIMITED),
        ("", "Request rate increased too quickly", faults.RATE_LIMITED),
        ("", "Workspace access denied", faults.ACCESS_DENIED),
        ("COMMON_ERROR", "model repeat output happened", faults.REPEATED),
        ("COMMON_ERROR", "thread pool exhausted max_workers 100", faults.OVERLOADED),
        ("UNEXPECTED_ASR_ERROR", "grpc error: Response stream timeout", faults.IDLE_KILL),
        ("invalid_api_key", "", faults.BAD_KEY),
        ("Model.NotFound", "", faults.NO_MODEL),
        ("Arrearage", "", faults.NO_CREDIT),
        ("AllocatedQuotaExceeded", "", faults.TOKENS_USED),
        ("InsufficientQuota", "You exceeded your current quota.", faults.TOKENS_USED),
        ("insufficient_quota", "", faults.TOKENS_USED),
        ("", "You exceeded your current quota, please check your plan.", faults.TOKENS_USED),
        ("Throttling.AllocationQuota", "Free allocated quota exceeded.", faults.TOKENS_USED),
        ("AllocationQuota.FreeTierOnly", "", faults.NO_CREDIT),
        ("", "The free tier of the model has been exhausted.", faults.NO_CREDIT),
        ("PrepaidBillOverdue", "The prepaid bill is overdue.", faults.NO_CREDIT),
        ("", "Access denied, please make sure your account is in good standing.", faults.NO_CREDIT),
        ("LimitRequests", "You exceeded your current requests list.", faults.RATE_LIMITED),
        ("limit_burst_rate", "", faults.RATE_LIMITED),
        ("InternalError", "", faults.FAILED),
        ("InternalError.Algo", "", faults.FAILED),
        ("RequestTimeOut", "Request timed out, please try again later.", faults.NO_ANSWER),
        ("DataInspectionFailed", "", faults.CONTENT),
        ("", "Input or output data may contain inappropriate content.", faults.CONTENT),
        ("", "Voice 'Chelsie' is not supported.", faults.BAD_VOICE),
        ("", "Language 'uk' does not support audio output.", faults.NO_VOICE),
        ("Arrearage", "Access denied, please pay.", faults.NO_CREDIT),
        ("Throttling.AllocationQuota", "Allocated quota exceeded.", faults.TOKENS_USED),
    ],
)
def test_known_words_of_the_service_are_recognised(code: str, message: str, fault: Fault) -> None:
    assert faults.of_text(code, message) is fault


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (401, faults.BAD_KEY),
        (402, faults.NO_CREDIT),
        (403, faults.ACCESS_DENIED),
        (404, faults.NO_MODEL),
        (408, faults.NO_ANSWER),
        (429, faults.RATE_LIMITED),
        (503, faults.OVERLOADED),
    ],
)
def test_a_handshakes_status_is_judged_where_its_body_says_nothing(
    status: int, fault: Fault
) -> None:
    assert faults.of_handshake(status, "<html>") == fault


@pytest.mark.parametrize("param", ["session.voice", "session.modalities"])
def test_settings_refused_for_their_voice_may_do_without(param: str) -> None:
    assert faults.of_error("invalid_value", "Invalid.", param).of_voice
    assert not faults.of_error("invalid_value", "Invalid.", "session.translation").of_voice


def test_audio_that_is_sent_has_nothing_to_do_with_a_voice() -> None:
    assert faults.of_text("", "input_audio_format opus is not supported") is None


def test_failed_source_text_ends_a_session_only_after_silence() -> None:
    assert faults.ends_session("UNEXPECTED_ASR_ERROR", "Response stream timeout (300)")
    assert not faults.ends_session("UNEXPECTED_ASR_ERROR", "no speech understood")


def test_unknown_words_are_not_judged() -> None:
    assert faults.of_text("new_code", "Something else.") is None


def test_server_trouble_heals_and_refusals_do_not() -> None:
    assert faults.of_handshake(502, "").retryable
    assert faults.of_handshake(429, "").retryable
    assert faults.of_close(1011, "").retryable
    assert faults.of_close(None, "").retryable
    assert not faults.of_handshake(403, "").retryable
    assert not faults.of_close(1007, "Workspace access denied").retryable


@pytest.mark.parametrize(
    "fault",
    [
        *[faults.of_handshake(status, "") for status in (400, 405, 409, 418, 426, 451)],
        *[faults.of_close(code, "Something new.") for code in (1000, 1003, 1007, 1008, 4000)],
        faults.of_error("new_code", "Something new.", None),
        faults.of_error("invalid_value", "Invalid event type: x.", None),
        faults.of_error("InternalError", "Try again later.", None),
        faults.of_error("insufficient_quota", "", "session.model"),
    ],
)
def test_what_is_not_known_to_be_final_is_tried_again_and_not_quoted(fault: Fault) -> None:
    assert fault.retryable
    assert "new" not in fault.message
    assert "event type" not in fault.message


@pytest.mark.parametrize(
    "fault",
    [
        faults.of_error("invalid_value", "Invalid.", "session.translation"),
        faults.of_error("invalid_value", "Invalid translation parameter.", None),
        faults.of_error("InternalError.Algo.InvalidParameter", "No.", None),
        faults.of_close(1011, "InternalError.Algo.InvalidParameter: no such language"),
    ],
)
def test_settings_that_are_named_are_refused_for_good(fault: Fault) -> None:
    assert fault.code == "refused"
    assert not fault.retryable


def test_an_account_at_its_limits_rests_whole_and_one_sentence_rests_alone() -> None:
    assert faults.RATE_LIMITED.of_account
    assert faults.TOKENS_USED.of_account
    assert not faults.CONTENT.of_account
    assert faults.CONTENT.of_words


@pytest.mark.parametrize(
    ("kind", "code", "param", "of_protocol"),
    [
        ("invalid_request_error", "x", None, True),
        ("", "invalid_value", None, True),
        ("server_error", "x", "session.voice", True),
        ("server_error", "x", None, False),
        ("", "COMMON_ERROR", None, False),
    ],
)
def test_errors_about_our_messages_are_known(
    kind: str, code: str, param: str | None, *, of_protocol: bool
) -> None:
    assert faults.is_of_protocol(kind, code, param) is of_protocol


def test_a_refusal_names_what_was_refused() -> None:
    fault = faults.of_error("invalid_value", "Unsupported.", "session.voice")
    assert not fault.retryable
    assert "session.voice" in fault.message


def test_an_excerpt_is_short_and_printable() -> None:
    assert faults.excerpt("bad\x00\n" + "x" * 500).startswith("bad  x")
    assert faults.excerpt("x" * 500) == "x" * 120 + " …"
    assert faults.excerpt("word " * 100).endswith("word word …")
    assert len(faults.excerpt("word " * 100)) <= 122


def test_waits_grow_to_a_limit_and_hope_ends() -> None:
    outage = Outage(random.Random(1))
    waits = [outage.failed(0.0) for _ in range(MOST_ATTEMPTS)]
    hopeless = [outage.hopeless]
    assert waits[-1] > waits[0]
    assert outage.failed(0.0) <= 1.5 * LONGEST_WAIT_S
    hopeless.append(outage.hopeless)
    outage.over()
    hopeless.append(outage.hopeless)
    assert hopeless == [False, True, False]
    assert outage.failed(6.0) >= 6.0


def test_a_thing_is_told_once_in_an_outage() -> None:
    outage = Outage(random.Random(1))
    assert outage.tell("x")
    assert not outage.tell("x")
    assert outage.tell("y")
    outage.over()
    assert outage.tell("x")


def test_cumulative_counts_are_told_as_differences() -> None:
    meter = Meter(cumulative=True)
    meter.connected()
    meter.counted(TokenCount(10, 20))
    meter.counted(TokenCount(15, 26))
    usage = meter.read()
    assert usage is not None
    assert (usage.tokens_in, usage.tokens_out, usage.connects) == (15, 26, 1)
    meter.connected()
    meter.counted(TokenCount(3, 4))
    usage = meter.read()
    assert usage is not None
    assert (usage.tokens_in, usage.tokens_out) == (3, 4)
    assert meter.read() is None


def test_counts_of_single_responses_are_added() -> None:
    meter = Meter(cumulative=False)
    meter.counted(TokenCount(10, 20))
    meter.counted(TokenCount(15, 26))
    meter.sent(bytes(32_000))
    meter.voiced(bytes(24_000))
    usage = meter.read()
    assert usage is not None
    assert (usage.tokens_in, usage.tokens_out) == (25, 46)
    assert (usage.audio_in_s, usage.audio_out_s) == (1.0, 0.5)
