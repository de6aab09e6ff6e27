"""What an answer's headers say, and who hears of it."""

from datetime import UTC, datetime

import pytest

from bot.chat.http.limits import HttpAnswer, date_of, listening, read, tell


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (200, {}, HttpAnswer(limited=False, wait_s=0.0, own=True)),
        (
            200,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "4.5"},
            HttpAnswer(limited=False, wait_s=4.5, own=True),
        ),
        (
            200,
            {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "4.5"},
            HttpAnswer(limited=False, wait_s=0.0, own=True),
        ),
        (429, {"Retry-After": "3"}, HttpAnswer(limited=True, wait_s=3.0, own=True)),
        (429, {"Retry-After": "soon"}, HttpAnswer(limited=True, wait_s=0.0, own=True)),
    ],
)
def test_an_answer_says_how_long_to_wait(
    status: int, headers: dict[str, str], answer: HttpAnswer
) -> None:
    assert read(status, headers, own=True) == answer
    assert not read(status, headers).own


def test_only_who_listens_hears() -> None:
    heard: list[HttpAnswer] = []
    answer = HttpAnswer(limited=False, wait_s=1.0)
    tell(answer)
    with listening(heard.append):
        tell(answer)
    tell(answer)
    assert heard == [answer]


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Sun, 22 Nov 2026 12:00:05 GMT", datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)),
        ("Sun, 22 Nov 2026 12:00:05 -0000", None),
        ("Sun, 32 Nov 2026 12:00:05 GMT", None),
        ("Sun, 22 Nov 99999 12:00:05 GMT", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_answer_says_when_it_was_made(header: str, date: datetime | None) -> None:
    assert date_of({"Date": header}) == date
    assert date_of({}) is None
