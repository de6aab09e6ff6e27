import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import LineCounts, bind, configure, context, get_logger
from bot.tasks import TaskOwner

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


log = get_logger("bot.test")
library = logging.getLogger("library")


def test_text_is_one_line_with_level_logger_and_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "text")
    log.info("%s", "heard", count=3, reason="a word\nand more")
    line = capsys.readouterr().err
    assert line.endswith(' INFO     bot.test: heard count=3 reason="a word and more"\n')
    assert line.count("\n") == 1


def test_json_is_one_object_a_line_with_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    log.warning("line\nbreak", room=5, name_of=["Ana"], fine=None)
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert entry["message"] == "line\nbreak"
    assert (entry["level"], entry["logger"], entry["room"]) == ("warning", "bot.test", 5)
    assert (entry["name_of"], entry["fine"]) == ("['Ana']", None)
    assert entry["time"].endswith("+00:00")


def test_nothing_that_is_logged_makes_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "text")
    library.warning("first\r\n%s", "2026 ERROR bot: forged\u2028end")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("library: first 2026 ERROR bot: forged end")


@pytest.mark.parametrize("form", ["text", "json"])
def test_libraries_lines_have_their_fields_and_those_that_are_bound(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", form)

    def work() -> None:
        library.warning("%d left", 2, extra={"shard": 7})

    context(guild=1, room=2).run(work)
    line = capsys.readouterr().err
    if form == "json":
        entry = json.loads(line)
        assert entry["message"] == "2 left"
        assert (entry["shard"], entry["guild"], entry["room"]) == (7, 1, 2)
    else:
        assert line.endswith("library: 2 left shard=7 guild=1 room=2\n")


async def test_a_task_that_fails_has_its_owners_fields_and_its_own_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "json")

    async def fail() -> None:
        bind(conversation=9)
        raise ValueError("broken")

    async def begin() -> None:
        bind(guild=8, stray=1)  # whoever starts it works for another server
        owner = TaskOwner("room", guild=1)
        owner.start(fail(), "work", room=2)
        await owner.drain()

    await begin()
    entry = json.loads(capsys.readouterr().err)
    assert entry["message"] == "task failed"
    assert (entry["task"], entry["guild"], entry["room"], entry["conversation"]) == (
        "room:work", 1, 2, 9,
    )  # fmt: skip
    assert "stray" not in entry
    assert entry["exception"].endswith("ValueError: broken")


def test_lines_are_counted_by_level_whoever_logs_them() -> None:
    configure("warning", "text")
    counts = LineCounts()
    counts.begin()
    log.error("one")
    library.warning("two")
    log.info("three")
    counts.end()
    log.error("four")
    assert counts.counts == {"error": 1, "warning": 1}


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
    library.error("before %s after", secret)
    log.error("another", detail=secret)
    try:
        dict[str, str]()[secret]
    except KeyError:
        log.exception("failed")
    written = capsys.readouterr().err
    hidden = secret.removeprefix("https://discord.com/api/webhooks/")
    hidden = hidden.removeprefix("Authorization: Bearer ").removeprefix("postgresql://")
    assert hidden.removesuffix("@db/parley") not in written
    assert written.count("[hidden]") == 3
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
