import json

import pytest

from bot.doctor.checks import Mark, ok
from bot.doctor.command import doctor
from bot.doctor.plan import DoctorOptions
from bot.loopback import Permissions
from bot.store.database import Database
from bot.store.ownership import lease
from tests.integration.doctor.clinic import Clinic, health_server, page_server, wrong


async def test_where_all_is_well_nothing_is_found(clinic: Clinic) -> None:
    found = await clinic.examined(DoctorOptions(all_servers=True))
    assert [(one.check.name, one.diagnosis) for one in wrong(found)] == []
    assert [one.check.name for one in found if one.diagnosis.mark is Mark.SKIPPED] == ["web port"]
    assert clinic.discord.complaints == []


async def test_a_channel_that_is_hidden_from_the_bot_is_nobodys_fault(clinic: Clinic) -> None:
    for channel in (
        clinic.guild.add_voice_channel("Staff"),
        clinic.guild.add_stage_channel("Backstage"),
        clinic.guild.add_text_channel("staff"),
    ):
        clinic.guild.deny(channel, clinic.guild.everyone, Permissions.VIEW_CHANNEL)
    clinic.guild.add_stage_channel("Stage")
    found = await clinic.examined(DoctorOptions(servers=(clinic.guild.id,)))
    (said,) = (one.diagnosis for one in found if one.check.name == "servers")
    assert said == ok("Village: all that it needs, in 2 voice and 1 text channels.")


async def test_a_bot_that_runs_is_no_fault(clinic: Clinic) -> None:
    held = await lease.take(clinic.database_url)
    clinic.stack.push_async_callback(held.close)
    async with await Database.open(clinic.database_url) as database:
        await health_server(clinic)
        clinic.set("PUBLIC_URL", await page_server(clinic))
        async with database.transaction():  # as it writes
            found = await clinic.examined()
    said = {one.check.name: one.diagnosis.line for one in found}
    assert [(one.check.name, one.diagnosis) for one in wrong(found)] == []
    assert said["running"] == "One runs on this database, and answers on HEALTH_PORT."
    assert said["health port"].endswith(" is taken by the bot that runs.")
    assert said["web port"].endswith(" is taken by the bot that runs.")
    assert said["answer"] == "This bot answers, and websockets pass."


async def test_nothing_is_made_by_looking(clinic: Clinic) -> None:
    await clinic.examined()
    assert [path.name for path in clinic.folder.iterdir()] == [".env"]


async def test_the_command_prints_and_its_status_says_whether_all_works(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.monkeypatch.chdir(clinic.folder)
    await clinic.examined()  # writes .env
    assert await doctor(DoctorOptions(spends=False)) == 0
    printed = capsys.readouterr().out
    assert "\n  skipped  key and model   Left out (--no-spend).\n" in printed
    assert "\x1b" not in printed
    clinic.bot.switches.code_grant = True
    assert await doctor(DoctorOptions(json=True)) == 1
    (bad,) = (one for one in json.loads(capsys.readouterr().out) if one["status"] == "fault")
    assert bad["check"] == "application"
    assert bad["cure"].startswith("Turn it off: ")
