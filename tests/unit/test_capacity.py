"""What `make capacity` says of what it found."""

from dataclasses import replace

from tests.capacity.__main__ import Step, summary, verdict

WELL = Step(
    rooms=20,
    core=0.2,
    loop=0.5,
    room_ms=10.0,
    resident_mb=150.0,
    finals=100,
    missing=0,
    p50_ms=50.0,
    p95_ms=100.0,
    dropped=0,
    heard=1.0,
    machine=0.5,
    harness_ms=2.0,
    refused=0,
    transactions=0.0,
    requests=0.5,
)


def test_what_is_full_is_named() -> None:
    assert verdict(WELL) is None
    full = {
        "the bot's core": replace(WELL, core=0.98),
        "the captions": replace(WELL, p95_ms=600.0),
        "the machine": replace(WELL, p95_ms=600.0, machine=0.99),
        "the harness": replace(WELL, harness_ms=80.0, core=0.98),
        "the words": replace(WELL, heard=0.7),
    }
    for begins, step in full.items():
        said = verdict(step)
        assert said is not None
        assert said.startswith(begins)


def test_the_summary_compares_later_rooms_with_the_twentieth() -> None:
    more = replace(WELL, rooms=100, core=0.9, room_ms=9.0)
    full = replace(WELL, rooms=120, core=0.99, room_ms=8.0)
    assert summary([WELL, more, full]) == (
        "100 rooms within 90% of a core, p95 100 ms. CPU of each room: 10.00 ms/s at 20 rooms, "
        "with more of them at most 9.00."
    )
