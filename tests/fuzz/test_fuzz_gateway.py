"""Bad messages of the voice gateway, text and binary: none ends the reading of the next."""

import threading
import time

from tests.fuzz.conftest import Amount
from tests.fuzz.hostile_gateway import HostileGateway
from tests.fuzz.watching import log_lines, resident_mb

SEED = 20_260_302
GROWTH_MB = 16.0
LINES = 20


async def test_no_gateway_message_ends_the_poller_floods_the_log_or_leaves_anything(
    amount: Amount,
) -> None:
    count = amount.gateway_messages
    gateway = HostileGateway(SEED)
    began = time.perf_counter()
    try:
        with log_lines() as lines:
            await gateway.throw(count // 5)
            before, threads = resident_mb(), threading.active_count()
            await gateway.throw(count - count // 5)
            growth = resident_mb() - before
        assert threading.active_count() == threads
    finally:
        gateway.close()
    took = time.perf_counter() - began
    print(  # noqa: T201 - `make fuzz` shows it
        f"{count:,} messages in {took:.1f} s, {growth:+.1f} MB, {lines.count} log lines;"
        f" {gateway.skipped:,} skipped, {gateway.senseless:,} senseless, {gateway.closed} closed"
    )
    assert gateway.thrown == count
    assert gateway.skipped > 0
    assert gateway.senseless > 0
    assert lines.count <= LINES, lines.by_kind
    assert growth < GROWTH_MB
