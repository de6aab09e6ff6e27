"""The wheel, installed in a virtual environment of its own and run from another folder.

Nothing is fetched: what builds it is installed, and what it depends on is found where the tests
have it, by a .pth file. A .pth is not followed into another, so the checkout is out of reach.
"""

import asyncio
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import aiohttp
import pytest

from tests.call.test_run import PATH, UNUSED_ENGINE, ended, free_port
from tests.support.call import ROOT, place

MADE_OF = ("bot", "cogs", "pyproject.toml", "README.md", "LICENSE")


def told(words: list[str | Path], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What a command says; without an environment it has that of the tests."""
    return subprocess.run(  # noqa: S603 - our own command
        words, cwd=folder, env=env or None, capture_output=True, text=True, check=False
    )


def done(words: list[str | Path], folder: Path) -> str:
    """What a command that has to work says on standard output."""
    result = told(words, folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is built from a copy, as building leaves files behind."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in MADE_OF:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source)
    backend = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
    done([sys.executable, "-c", backend], source)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def parley(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command that pip makes of it."""
    fresh = tmp_path_factory.mktemp("fresh")
    root = fresh / "venv"
    done([sys.executable, "-m", "venv", "--without-pip", root], fresh)
    (packages,) = root.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    pip += ["--python", str(root / "bin" / "python"), "install", "--no-index", "--no-deps"]
    done([*pip, "--no-compile", "--force-reinstall", wheel], fresh)
    found = done([root / "bin" / "python", "-c", "import bot; print(bot.__file__)"], fresh)
    assert Path(found.strip()).is_relative_to(packages)  # not the checkout
    return root / "bin" / "parley"


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    there = {
        str(path.relative_to(ROOT))
        for package in ("bot", "cogs")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == there


def test_it_helps_and_asks_for_settings_from_any_folder(parley: Path, tmp_path: Path) -> None:
    helped = told([parley, "--help"], tmp_path, PATH=PATH)
    assert helped.returncode == 0
    assert "run the bot, configured by .env or the environment" in helped.stdout
    refused = told([parley, "run"], tmp_path, PATH=PATH)
    assert refused.returncode == 2
    assert refused.stderr.startswith("parley: DISCORD_TOKEN is missing: ")
    assert list(tmp_path.iterdir()) == []


async def test_it_runs_with_its_catalogues_migrations_and_page(
    parley: Path, tmp_path: Path
) -> None:
    port = free_port()
    async with place() as where:
        host = where.guild.add_person("Host", locale="de")
        page = {"PUBLIC_URL": f"http://localhost:{port}", "WEB_PORT": str(port)}
        process = await asyncio.create_subprocess_exec(
            parley,
            "run",
            cwd=tmp_path,
            env={"PATH": PATH, **where.env(tmp_path, UNUSED_ENGINE), **page},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(40):
                await where.discord.gateway_connected(where.account)
            answer = await host.command("translate status", {}, channel=where.captions)
            assert answer.shown.startswith("Hier wird gerade nichts übersetzt.")
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://localhost:{port}/") as served,
            ):
                assert served.status == 200
                assert "<html" in await served.text()
            process.send_signal(signal.SIGTERM)
            assert (await ended(process))[0] == 0
        finally:
            if process.returncode is None:
                process.kill()
        assert (tmp_path / "parley.db").is_file()
