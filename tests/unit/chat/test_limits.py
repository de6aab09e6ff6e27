"""What an answer's headers say, and who hears of it."""

import pytest

from bot.chat.limits import Answer, listening, read, tell


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (200, {}, Answer(limited=False, wait_s=0.0, own=True)),
        (
            200,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "4.5"},
            Answer(limited=False, wait_s=4.5, own=True),
        ),
        (
            200,
            {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "4.5"},
            Answer(limited=False, wait_s=0.0, own=True),
        ),
        (429, {"Retry-After": "3"}, Answer(limited=True, wait_s=3.0, own=True)),
        (429, {"Retry-After": "soon"}, Answer(limited=True, wait_s=0.0, own=True)),
    ],
)
def test_an_answer_says_how_long_to_wait(
    status: int, headers: dict[str, str], answer: Answer
) -> None:
    assert read(status, headers, own=True) == answer
    assert not read(status, headers).own


def test_only_who_listens_hears() -> None:
    heard: list[Answer] = []
    answer = Answer(limited=False, wait_s=1.0)
    tell(answer)
    with listening(heard.append):
        tell(answer)
    tell(answer)
    assert heard == [answer]
