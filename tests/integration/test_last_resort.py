"""A process that hangs when it is asked to end: it ends all the same, and says what hung."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.call import ROOT

WITHIN_S = 20.0


@contextmanager
def hanging(what: str) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-m", "tests.support.hanging", what)
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("what", "said"),
    [("loop", "MainThread in _hang (hanging.py:"), ("thread", "asyncio_0 in ")],
)
def test_what_hangs_is_named(what: str, said: str) -> None:
    with hanging(what) as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 1
        (line,) = errors.splitlines()
        assert 'as something hangs ending="a part; ' in line
        assert said in line


def test_a_log_that_nobody_reads_holds_nothing_up() -> None:
    with hanging("log") as process:
        time.sleep(0.5)  # the pipe is full
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=WITHIN_S) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_even_a_stuck_event_loop(number: signal.Signals) -> None:
    with hanging("loop") as process:
        process.send_signal(number)
        time.sleep(0.2)
        process.send_signal(number)
        _, errors = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 128 + number
        assert "a second signal came" in errors
