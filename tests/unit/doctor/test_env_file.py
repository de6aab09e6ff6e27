"""Settings that are wrong, and what is easily overlooked in `.env`."""

from pathlib import Path

import pytest

from bot import settings
from bot.doctor import env_file
from bot.doctor.checks import Diagnosis, Mark
from bot.doctor.env_file import EnvFile, Given
from bot.doctor.reading import SettingsRead, read_settings

GOOD = "DISCORD_TOKEN=aaa.bbb.ccc\nDASHSCOPE_API_KEY=sk-1234\n"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.names():
        monkeypatch.delenv(name, raising=False)


def read(folder: Path, text: str | bytes, **environment: str) -> SettingsRead:
    file = folder / ".env"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(0o600)
    return read_settings(file, environment)


async def found(of: SettingsRead) -> list[Diagnosis]:
    return await env_file.settings(of.given, of.wrong, of.unreadable)


async def test_what_is_missing_under_a_near_name_is_told_apart(tmp_path: Path) -> None:
    given = read(tmp_path, "\n# The bot\nDISCORD_TOKN=aaa.bbb.ccc\nDASHSCOPE_API_KEY=sk-1\n")
    (one,) = await found(given)
    assert one.line == "DISCORD_TOKEN is missing."
    assert one.cure == (
        f"DISCORD_TOKN in {tmp_path / '.env'}, line 3 is probably meant: correct its name."
    )


async def test_a_setting_that_is_wrong_hides_no_other(tmp_path: Path) -> None:
    given = read(tmp_path, f"{GOOD}HEALTH_PORT=x\nLOG_LEVEL=loud\nWEB_PORT=9000\n")
    assert [one.line.partition(" ")[0] for one in await found(given)] == [
        "HEALTH_PORT",
        "LOG_LEVEL",
    ]
    assert (given.config.health.port, given.config.page.port) == (8080, 9000)


@pytest.mark.parametrize("text", [b"DISCORD_TOKEN=\xff\xfe", GOOD.encode("utf-16")])
async def test_a_file_that_can_not_be_read_is_one_fault(tmp_path: Path, text: bytes) -> None:
    (one,) = await found(read(tmp_path, text))
    assert one.mark is Mark.FAULT
    assert "can't be read as UTF-8 text." in one.line
    assert one.cure.startswith("Save it as a text file (UTF-8)")


async def test_a_mark_at_the_beginning_and_either_case_are_read(tmp_path: Path) -> None:
    given = read(tmp_path, "\ufeff" + GOOD.lower().replace("sk", "SK"))
    assert [one.mark for one in await found(given)] == [Mark.OK]
    assert [one.mark for one in await env_file.names(given.given)] == [Mark.OK]


async def test_quotes_that_docker_passes_on_are_found() -> None:
    given = Given(None, {"discord_token": '"aaa.bbb.ccc"', "OTHER": '"x"'}, settings.names())
    (one,) = await env_file.settings(given, {})
    assert one.line == "DISCORD_TOKEN is in quotes, which are taken for a part of it."
    assert "aaa" not in one.cure


async def test_what_compose_reads_from_the_same_file_is_left_alone(tmp_path: Path) -> None:
    given = read(tmp_path, f"{GOOD}COMPOSE_PROFILES=web\nPARLEY_IMAGE=x\nSOMETHING=1\n")
    (one,) = await env_file.names(given.given)
    assert one.line == f"SOMETHING in {tmp_path / '.env'}, line 5 is no setting."


def test_no_file_is_none(tmp_path: Path) -> None:
    assert EnvFile.read(tmp_path / ".env") is None
