import pytest

from bot.room.prices import FREE, Cost, Prices
from bot.room.spent import Spent

NEWEST, DEFAULT = "qwen3.8-livetranslate-flash-realtime", "qwen3-livetranslate-flash-realtime"


def test_what_is_read_written_and_spoken_has_a_price_of_its_own() -> None:
    spent = Spent(tokens_in=1_000_000, tokens_out=3_000_000, tokens_voice=1_000_000)
    assert Prices().cost({NEWEST: spent}) == Cost(7.5 + 2 * 20 + 30)


def test_a_dated_snapshot_costs_what_its_model_does() -> None:
    assert Prices().of(f"{NEWEST}-2026-09-01") == Prices().of(NEWEST)
    assert Prices().of(f"{NEWEST}-turbo") is None


def test_an_unknown_price_is_said_and_not_guessed() -> None:
    text = Spent(tokens_in=10_000_000)
    assert str(Prices().cost({DEFAULT: Spent(tokens_in=5)})) == (
        f"unknown (no price is known for {DEFAULT})"
    )
    assert str(Prices().cost({DEFAULT: Spent(connects=1), "qwen-mt-turbo": text})) == (
        f"at least $1.60 (no price is known for {DEFAULT})"
    )


@pytest.mark.parametrize(
    ("dollars", "says"), [(0, "nothing"), (0.001, "less than $0.01"), (1.239, "about $1.24")]
)
def test_an_estimate_reads_as_one(dollars: float, says: str) -> None:
    assert str(Cost(dollars)) == says


def test_where_every_model_is_free_nothing_is_unknown() -> None:
    assert Prices(others=FREE).cost({DEFAULT: Spent(tokens_in=5)}) == Cost(0)
