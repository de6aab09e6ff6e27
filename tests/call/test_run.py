"""`parley run` as its own process, against a Discord in another."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest

from bot.errors import LoopbackError
from tests.support.call import ROOT, Place, enter, place

UNUSED_ENGINE = "ws://127.0.0.1:9/api-ws/v1/realtime"
PATH = "/usr/bin:/bin"
STARTS_S = 40.0  # more than a process takes to start


async def parley(*words: str, cwd: Path, **env: str) -> asyncio.subprocess.Process:
    """A process in an empty folder, so that nobody's .env is read."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        cwd=cwd,
        env={"PATH": PATH, "PYTHONPATH": str(ROOT), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(50):
        _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


async def running_bot(where: Place, folder: Path, **more: str) -> asyncio.subprocess.Process:
    process = await parley("run", cwd=folder, **where.env(folder, UNUSED_ENGINE), **more)
    try:
        await where.discord.gateway_connected(where.account, STARTS_S)
    except LoopbackError:
        process.kill()
        raise AssertionError(f"the bot did not come: {await ended(process)}") from None
    return process


async def test_a_bot_in_another_process_answers_its_commands_and_ends_on_a_signal(
    tmp_path: Path,
) -> None:
    async with place() as where:
        host = where.guild.add_person("Host")
        process = await running_bot(where, tmp_path)
        answer = await host.command("translate status", {}, channel=where.captions)
        assert answer.ephemeral
        assert answer.shown.startswith(
            "Nothing is being translated here. Start with /translate start."
        )
        process.send_signal(signal.SIGTERM)
        code, errors = await ended(process)
        assert code == 0, errors
        assert "Traceback" not in errors
        assert where.discord.complaints == []


async def test_a_room_that_runs_is_ended_and_left_on_a_signal(tmp_path: Path) -> None:
    async with place() as where:
        host = where.guild.add_person("Host")
        process = await running_bot(where, tmp_path)
        await enter(host, where)
        await host.command("translate start", {"to": "en"}, channel=where.captions)
        assert where.account.id in where.discord.voice.participants(where.lounge.id)
        process.send_signal(signal.SIGTERM)
        code, errors = await ended(process)
        assert code == 0, errors
        assert where.account.id not in where.discord.voice.participants(where.lounge.id)


async def test_an_interrupt_ends_it_in_order_with_the_status_of_shells(tmp_path: Path) -> None:
    async with place() as where:
        process = await running_bot(where, tmp_path)
        process.send_signal(signal.SIGINT)
        code, errors = await ended(process)
        assert code == 130, errors
        assert errors.count("stopping signal=SIGINT") == 1
        assert "Traceback" not in errors


async def test_a_signal_ends_it_while_it_waits_for_discord(tmp_path: Path) -> None:
    async with place() as where:
        where.discord.set_distance(60.0)
        process = await parley("run", cwd=tmp_path, **where.env(tmp_path, UNUSED_ENGINE))
        assert process.stderr is not None
        await process.stderr.readuntil(b"logging in")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            code, errors = await ended(process)
        assert code == 0, errors
        assert "Traceback" not in errors


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with place() as where:
        host = where.guild.add_person("Host")
        process = await running_bot(where, tmp_path)
        await enter(host, where)
        await host.command("translate start", {"to": "en"}, channel=where.captions)
        where.discord.set_distance(60.0)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(1.0)
        assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(3):
            code, errors = await ended(process)
        assert code == 128 + signal.SIGTERM, errors
        assert 'a second signal came ending="rooms' in errors


async def test_health_is_offered_to_the_container(tmp_path: Path) -> None:
    port = str(free_port())
    async with place() as where:
        env = where.env(tmp_path, UNUSED_ENGINE) | {"HEALTH_PORT": port}
        process = await parley("run", cwd=tmp_path, **env)
        await where.discord.gateway_connected(where.account, STARTS_S)
        codes = [1]
        while codes[-1] != 0 and len(codes) < 20:  # the bot becomes ready some seconds later
            codes.append((await ended(await parley("health", cwd=tmp_path, HEALTH_PORT=port)))[0])
        assert codes[-1] == 0
        process.send_signal(signal.SIGTERM)
        assert (await ended(process))[0] == 0
        code, _ = await ended(await parley("health", cwd=tmp_path, HEALTH_PORT=port))
        assert code == 1


async def test_a_refused_token_is_one_clear_line(tmp_path: Path) -> None:
    async with place() as where:
        env = where.env(tmp_path, UNUSED_ENGINE) | {"DISCORD_TOKEN": "x" * 24}
        code, errors = await ended(await parley("run", cwd=tmp_path, **env))
    assert code == 2
    assert errors.strip().splitlines()[-1].startswith("parley: DISCORD_TOKEN is refused")
    assert "Traceback" not in errors


async def test_a_discord_that_is_away_is_one_clear_line_and_worth_another_start(
    tmp_path: Path,
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/api/v10"
    env = {"DISCORD_TOKEN": "a.b.c", "DISCORD_API_URL": nowhere, "DASHSCOPE_URL": UNUSED_ENGINE}
    code, errors = await ended(await parley("run", cwd=tmp_path, **env, HEALTH_PORT="0"))
    assert code == 1  # after a 2, systemd starts it no more
    assert errors.strip().splitlines()[-1].startswith("parley: Discord can't be reached")
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({}, "parley: DISCORD_TOKEN is missing"),
        ({"DASHSCOPE_URL": "http://x"}, "parley: DASHSCOPE_URL must be an address"),
    ],
)
async def test_a_missing_or_malformed_setting_is_one_clear_line(
    tmp_path: Path, env: dict[str, str], line: str
) -> None:
    code, errors = await ended(await parley("run", cwd=tmp_path, **env))
    assert code == 2
    assert any(row.startswith(line) for row in errors.splitlines()), errors
    assert "Traceback" not in errors
