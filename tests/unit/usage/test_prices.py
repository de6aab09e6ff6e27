import pytest

from bot.domain.cost import Cost
from bot.domain.spent import Spent
from bot.usage.prices import FREE, Price, Prices, published

NEWEST, DEFAULT = "qwen3.8-livetranslate-flash-realtime", "qwen3-livetranslate-flash-realtime"


INTERNATIONAL = "dashscope-intl.aliyuncs.com"
MAINLAND = "dashscope.aliyuncs.com"
UNKNOWN = "qwen3.5-livetranslate-flash-realtime"


def test_what_is_read_written_and_spoken_has_a_price_of_its_own() -> None:
    spent = Spent(tokens_in=1_000_000, tokens_out=3_000_000, tokens_voice=1_000_000)
    assert Prices().cost({NEWEST: spent}).dollars == 7.5 + 2 * 20 + 30


def test_what_runs_by_default_has_a_price() -> None:
    models = {DEFAULT: Spent(tokens_in=10**6), "qwen-mt-flash": Spent(tokens_out=10**6)}
    cost = Prices(published(INTERNATIONAL)).cost(models)
    assert cost.dollars == pytest.approx(10.49)
    assert cost.unknown == ()
    assert str(cost.by) == "models.dev (Singapore, 2026-11-26)"


@pytest.mark.parametrize(
    ("host", "read"),
    [
        (INTERNATIONAL, 7.5),
        ("ws-1.ap-southeast-1.maas.aliyuncs.com", 7.5),
        (MAINLAND, 5.4857),
        ("ws-1.cn-beijing.maas.aliyuncs.com", 5.4857),
    ],
)
def test_prices_are_those_of_the_services_region(host: str, read: float) -> None:
    price = Prices(published(host)).of(NEWEST)
    assert price is not None
    assert price.read == pytest.approx(read, abs=1e-4)


@pytest.mark.parametrize("host", ["dashscope-us.aliyuncs.com", "proxy.example", "", "aliyuncs.com"])
def test_of_a_region_that_is_not_known_no_price_is(host: str) -> None:
    assert Prices(published(host)).of(NEWEST) is None


def test_a_price_says_who_published_it_and_when_and_what_costs_nothing_is_by_nobody() -> None:
    table = {**published(INTERNATIONAL), "mine": Price(1, 1)}
    one = Spent(tokens_in=1)
    cost = Prices(table).cost({"mine": one, NEWEST: one, DEFAULT: Spent(connects=3)})
    assert str(cost.by) == "the bot's host, Alibaba Cloud (Singapore, 2026-10-01)"
    assert Prices(others=FREE).cost({"other": one}).by is None
    assert Cost(0).by is None


def test_a_dated_snapshot_costs_what_its_model_does() -> None:
    assert Prices().of(f"{NEWEST}-2026-09-01") == Prices().of(NEWEST)
    assert Prices().of(f"{NEWEST}-turbo") is None


def test_an_unknown_price_is_said_and_not_guessed() -> None:
    text = Spent(tokens_in=10_000_000)
    assert str(Prices().cost({UNKNOWN: Spent(tokens_in=5)})) == (
        f"unknown (no price is known for {UNKNOWN})"
    )
    assert str(Prices().cost({UNKNOWN: Spent(connects=1), "qwen-mt-turbo": text})) == (
        f"at least $1.60 (no price is known for {UNKNOWN})"
    )


@pytest.mark.parametrize(
    ("dollars", "says"), [(0, "nothing"), (0.001, "less than $0.01"), (1.239, "about $1.24")]
)
def test_an_estimate_reads_as_one(dollars: float, says: str) -> None:
    assert str(Cost(dollars)) == says


def test_where_every_model_is_free_nothing_is_unknown() -> None:
    assert Prices({}, others=FREE).cost({DEFAULT: Spent(tokens_in=5)}) == Cost(0)
