"""Rate limits fill up, tell of themselves in headers, and empty when their window ends."""

import pytest

from bot.loopback.rest.limits import Limits, Rule


@pytest.fixture
def limits() -> Limits:
    made = Limits(lambda: 1_000_000.0)
    made.buckets["messages"] = Rule(2, 5.0)
    return made


def test_headers_count_down_and_the_one_too_many_is_told_to_wait(limits: Limits) -> None:
    first = limits.route("messages", "1", "token", now=0.0)
    assert first.retry_after_s is None
    assert first.headers["X-RateLimit-Limit"] == "2"
    assert first.headers["X-RateLimit-Remaining"] == "1"
    assert first.headers["X-RateLimit-Reset"] == "1000005.000"
    second = limits.route("messages", "1", "token", now=1.0)
    assert second.headers["X-RateLimit-Remaining"] == "0"
    assert second.headers["X-RateLimit-Reset-After"] == "4.000"
    third = limits.route("messages", "1", "token", now=2.0)
    assert third.retry_after_s == 3.0
    assert third.headers["X-RateLimit-Scope"] == "user"
    assert limits.route("messages", "1", "token", now=5.0).retry_after_s is None


def test_each_channel_has_a_bucket_of_its_own_with_one_name(limits: Limits) -> None:
    for _ in range(2):
        limits.route("messages", "1", "token", now=0.0)
    other = limits.route("messages", "2", "token", now=0.0)
    assert other.retry_after_s is None
    again = limits.route("messages", "1", "token", now=0.0)
    assert again.headers["X-RateLimit-Bucket"] == other.headers["X-RateLimit-Bucket"]


def test_fifty_a_second_is_all_that_one_bot_may_send(limits: Limits) -> None:
    verdicts = [limits.route(f"route {n}", "", "token", now=0.5) for n in range(51)]
    assert [v.everywhere for v in verdicts] == [False] * 50 + [True]
    assert limits.route("another bot's", "", "other", now=0.5).retry_after_s is None
    assert limits.route("interactions do not count", "", None, now=0.5).retry_after_s is None


def test_webhooks_of_a_channel_share_thirty_a_minute(limits: Limits) -> None:
    waits = [limits.shared_webhooks(7, now=float(n)) for n in range(31)]
    assert waits[:30] == [None] * 30
    assert waits[30] == 30.0
    assert limits.shared_webhooks(8, now=30.0) is None


def test_switched_off_everything_passes(limits: Limits) -> None:
    limits.enabled = False
    for _ in range(100):
        assert limits.route("messages", "1", "token", now=0.0).retry_after_s is None
        assert limits.shared_webhooks(1, now=0.0) is None


def test_old_windows_are_forgotten(limits: Limits) -> None:
    for n in range(5000):
        limits.route("messages", str(n), None, now=n * 0.1)
    assert len(limits._windows) < 1100
