"""What goes wrong does so in the share that was asked for."""

from itertools import groupby

import pytest

from bot.loopback.voice.faults import Faults

PACKETS = 20_000


def copies(faults: Faults) -> list[tuple[float, ...]]:
    return [faults.copies(1, 2, number) for number in range(PACKETS)]


def test_nothing_goes_wrong_by_default() -> None:
    faults = Faults()
    assert set(copies(faults)) == {(0.0,)}
    assert faults.padding_bytes() == 0
    assert not faults.silent


@pytest.mark.parametrize("burst", [1, 4])
@pytest.mark.parametrize("loss", [0.05, 0.3])
def test_the_share_of_lost_packets_stays_whatever_the_burst(loss: float, burst: int) -> None:
    faults = Faults(seed=1)
    faults.loss, faults.burst = loss, burst
    lost = [not one for one in copies(faults)]
    assert sum(lost) / PACKETS == pytest.approx(loss, rel=0.1)
    runs = [len(list(run)) for gone, run in groupby(lost) if gone]
    assert min(runs[:-1]) >= burst  # the last one may be cut short


def test_everything_is_lost_at_a_loss_of_one() -> None:
    faults = Faults()
    faults.loss = 1.0
    assert set(copies(faults)) == {()}


def test_duplicates_come_in_their_share() -> None:
    faults = Faults(seed=2)
    faults.duplicate = 0.25
    twice = sum(len(one) == 2 for one in copies(faults))
    assert twice / PACKETS == pytest.approx(0.25, rel=0.1)


def test_reordering_delays_each_packet_by_something_else() -> None:
    faults = Faults(seed=3)
    faults.delay_ms, faults.reorder_ms = 100, 50
    late = [delay for one in copies(faults) for delay in one]
    assert min(late) >= 0.1
    assert max(late) <= 0.15
    arrival = [number * 0.02 + delay for number, delay in enumerate(late)]
    assert arrival != sorted(arrival)


def test_padding_comes_in_its_share_and_is_never_empty() -> None:
    faults = Faults(seed=4)
    faults.padding = 0.5
    sizes = [faults.padding_bytes() for _ in range(PACKETS)]
    assert sum(size > 0 for size in sizes) / PACKETS == pytest.approx(0.5, rel=0.1)
    assert max(sizes) <= 255


def test_single_packets_can_be_chosen() -> None:
    faults = Faults()
    faults.drop = lambda sender, receiver, sequence: (sender, receiver, sequence) == (1, 2, 7)
    assert [number for number, one in enumerate(copies(faults)) if not one] == [7]
