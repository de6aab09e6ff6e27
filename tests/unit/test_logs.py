import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import configure

# Put together here so that no scanner takes them for the real thing.
TOKEN = ".".join(["M" * 24, "G1x-yZ", "a_b-" * 8])
KEY = "sk-" + "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = {
        name: logger.level
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger):
            logger.setLevel(before.get(name, logging.NOTSET))


log = logging.getLogger("bot.test")


def test_text_is_one_line_with_level_and_logger(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "text")
    log.info("heard %d", 3)
    assert capsys.readouterr().err.rstrip().endswith("INFO     bot.test: heard 3")


def test_json_is_one_object_a_line_with_the_fields_of_extra(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "json")
    log.warning("line\nbreak", extra={"room": 5})
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert entry["message"] == "line\nbreak"
    assert (entry["level"], entry["logger"], entry["room"]) == ("warning", "bot.test", 5)
    assert entry["time"].endswith("+00:00")


def test_below_the_level_nothing_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning", "text")
    log.info("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        KEY,
        "my local key",
        "https://discord.com/api/webhooks/123456789012345678/" + "w" * 68,
        "Authorization: Bearer abcdef",
        "postgresql://parley:hunter2@db/parley",
    ],
)
def test_a_secret_is_hidden_in_messages_and_tracebacks(
    form: str, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("debug", form, secrets=["my local key", "x", ""])
    log.error("before %s after", secret)
    try:
        dict[str, str]()[secret]
    except KeyError:
        log.exception("failed")
    written = capsys.readouterr().err
    hidden = secret.removeprefix("https://discord.com/api/webhooks/")
    hidden = hidden.removeprefix("Authorization: Bearer ").removeprefix("postgresql://")
    assert hidden.removesuffix("@db/parley") not in written
    assert written.count("[hidden]") == 2
    assert "Traceback" in written


def test_words_and_ids_are_not_taken_for_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "text", secrets=["short"])
    log.info("room 123456789012345678 opened in 0.61 s: a short wait, sk-1")
    assert "room 123456789012345678 opened in 0.61 s: a short wait, sk-1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "library",
    ["dashscope", "websocket", "discord.gateway", "discord.http", "aiosqlite", "sqlalchemy.engine"],
)
def test_libraries_that_log_what_is_said_never_log_at_debug(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("debug", "text")
    logging.getLogger(library).debug("what was said")
    assert capsys.readouterr().err == ""


def test_configuring_again_replaces_and_leaves_others_handlers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    configure("info", "text")
    configure("info", "json")
    log.info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert other in logging.getLogger().handlers
