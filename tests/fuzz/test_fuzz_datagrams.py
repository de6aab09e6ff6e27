"""Bad datagrams by the million: nothing raises, grows, or disturbs who speaks properly."""

import time
from collections.abc import Callable

import pytest

from tests.fuzz.conftest import Amount
from tests.fuzz.hostile_call import HostileCall
from tests.fuzz.watching import log_lines, resident_mb

SEED = 20_260_301
GROWTH_MB = 16.0


@pytest.mark.parametrize("mode", ["with DAVE", "without DAVE"])
def test_no_datagram_raises_floods_the_log_or_leaves_anything(
    amount: Amount, mode: str, record_property: Callable[[str, object], None]
) -> None:
    encrypted = mode == "with DAVE"
    count = amount.datagrams // 2
    call = HostileCall(SEED, encrypted=encrypted)
    began = time.perf_counter()
    with log_lines() as lines:
        call.throw(count // 5)
        before = resident_mb()
        call.throw(count - count // 5)
        call.finish()
        growth = resident_mb() - before
    took = time.perf_counter() - began
    figures = call.figures
    record_property("growth_mb", round(growth, 1))
    print(  # noqa: T201 - `make fuzz` shows it
        f"{count:,} datagrams in {took:.1f} s, {growth:+.1f} MB, {lines.count} log lines",
        {name: value for name, value in figures.as_mapping().items() if value},
    )
    assert lines.count == 0, lines.by_kind
    assert growth < GROWTH_MB
    # The honest member is heard to the frame in the midst of it.
    assert call.honest_heard == call.honest_sent
    # The counters add up: what came out was counted, and what was lost was made up for somehow.
    assert call.samples_out == figures.samples
    refused = (
        figures.malformed + figures.unconsented + figures.transport_failures
        + figures.dave_failures + figures.plain_refused + figures.unknown_expired + figures.late
    )  # fmt: skip
    assert refused + call.honest_sent <= call.thrown
    assert figures.recovered + figures.concealed + figures.skipped <= figures.lost
    # Each layer was reached.
    for name in ("malformed", "transport_failures", "late", "undecodable", "restarts", "skipped"):
        assert getattr(figures, name) > 0, name
    if encrypted:
        for name in ("dave_failures", "plain_refused", "proven", "unknown_expired"):
            assert getattr(figures, name) > 0, name
