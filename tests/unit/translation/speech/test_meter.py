"""Both ways in which models count."""

from bot.domain.events import Usage
from bot.translation.protocol.parse import parse
from bot.translation.protocol.server_events import ResponseDone, TokenCount
from bot.translation.speech.meter import Meter


def tokens(meter: Meter) -> tuple[int, int, int]:
    usage = meter.read()
    assert usage is not None
    return usage.tokens_in, usage.tokens_out, usage.tokens_voice


def test_a_sum_that_falls_is_no_sum_from_there_on() -> None:
    meter = Meter(cumulative=True)
    meter.counted(TokenCount(100, 50, 40))
    meter.counted(TokenCount(60, 30, 20))
    meter.counted(TokenCount(80, 40, 30))
    assert tokens(meter) == (240, 120, 90)


def test_a_new_session_is_believed_to_sum_again() -> None:
    meter = Meter(cumulative=True)
    meter.counted(TokenCount(100, 50))
    meter.counted(TokenCount(60, 30))
    meter.connected()
    meter.counted(TokenCount(10, 5))
    meter.counted(TokenCount(15, 9))
    assert tokens(meter) == (175, 89, 0)


def test_who_goes_on_with_a_session_counts_from_where_it_stood() -> None:
    meter = Meter(cumulative=True)
    meter.resumed(TokenCount(100, 50, 20))
    meter.counted(TokenCount(130, 70, 30))
    assert meter.read() == Usage(tokens_in=30, tokens_out=20, tokens_voice=10)
    assert meter.read() is None


def test_spoken_tokens_are_read_where_the_service_says_them() -> None:
    usage = {
        "input_tokens": 47,
        "output_tokens": 9,
        "output_tokens_details": {"text_tokens": 2, "audio_tokens": 7},
    }
    event = parse({"type": "response.done", "response": {"id": "r", "usage": usage}})
    assert isinstance(event, ResponseDone)
    assert event.usage == TokenCount(47, 9, 7)
