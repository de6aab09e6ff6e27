"""What make does before all else: a tiny project with this one's Makefile and installer.

pip, venv and make are the real ones; the index is a folder, so nothing leaves the machine.
"""

import hashlib
import os
import pty
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.call import ROOT

pytestmark = pytest.mark.timeout(120)

_METADATA = "Metadata-Version: 2.1\nName: {0}\nVersion: 1.0\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_BACKEND = f"""
import zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr("tiny.pth", str(Path.cwd()))
        wheel.writestr("tiny-1.0.dist-info/METADATA", {_METADATA.format("tiny")!r})
        wheel.writestr("tiny-1.0.dist-info/WHEEL", {_WHEEL!r})
        wheel.writestr(
            "tiny-1.0.dist-info/entry_points.txt", "[console_scripts]\\nparley = bot.__main__:main"
        )
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return name
"""
_PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1.0"
"""
_BOT = """
def main():
    import one, two
    print("it runs")
if __name__ == "__main__":
    main()
"""


class Project:
    """A checkout whose bot needs two packages."""

    def __init__(self, root: Path) -> None:
        self.root = root
        wheels = root / "wheels"
        for folder in (wheels, root / "bot", root / "requirements"):
            folder.mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", root)
        shutil.copy(ROOT / "requirements" / "install.py", root / "requirements")
        (root / "backend.py").write_text(_BACKEND, encoding="utf-8")
        (root / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
        (root / "bot" / "__main__.py").write_text(_BOT, encoding="utf-8")
        for file, names in {"run": ("one", "two"), "build": ("maker",)}.items():
            rows = [f"{name}==1.0 --hash=sha256:{_wheel(wheels, name)}\n" for name in names]
            self.locked(file).write_text("".join(rows), encoding="utf-8")

    def locked(self, name: str) -> Path:
        return self.root / "requirements" / f"{name}.txt"

    @property
    def packages(self) -> Path:
        (found,) = self.root.glob(".venv/lib/python*/site-packages")
        return found

    def env(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root / "home"),
            "TERM": "xterm",
            "COLUMNS": "60",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.root / "wheels"),
        }

    def words(self, python: str = sys.executable) -> list[str]:
        return [
            "make",
            "--directory",
            str(self.root),
            "--no-print-directory",
            "run",
            f"PYTHON={python}",
        ]

    def make(
        self, more: Mapping[str, str] | None = None, python: str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            self.words(python),
            env={**self.env(), **(more or {})},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def make_on_a_terminal(self, interrupt_at: str | None = None) -> tuple[int, str]:
        """The exit status as shells tell it, and all that the terminal was sent."""
        child, terminal = pty.fork()
        if child == 0:
            os.execvpe("make", self.words(), self.env())  # noqa: S606, S607 - our own command
        said = b""
        with suppress(OSError):  # so Linux says that nobody is left there
            while data := os.read(terminal, 65536):
                said += data
                if interrupt_at is not None and interrupt_at.encode() in said:
                    os.write(terminal, b"\x03")  # Ctrl-C reaches everything in the foreground
                    interrupt_at = None
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return (128 - status if status < 0 else status), said.decode()


def _wheel(folder: Path, name: str) -> str:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", _METADATA.format(name))
        wheel.writestr(f"{name}-1.0.dist-info/WHEEL", _WHEEL)
        wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Installed once; each test breaks it in its way and finds it mended."""
    made = Project(tmp_path_factory.mktemp("project") / "tiny")
    done = made.make()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [  # no bar where nobody looks
        "Setting up .venv (once)",
        "Installing requirements/run.txt (once)",
        "it runs",
    ]
    return made


def test_a_second_make_installs_nothing_and_the_command_is_there(project: Project) -> None:
    done = project.make({"PIP_FIND_LINKS": "/nowhere"})
    assert (done.stdout, done.stderr) == ("it runs\n", "")
    command = subprocess.run(  # noqa: S603 - our own command
        [project.root / ".venv/bin/parley"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert command.stdout == "it runs\n"


def test_what_was_unpacked_in_part_is_installed_again(project: Project) -> None:
    (project.packages / "one.py").unlink()
    (project.packages / "one-1.0.dist-info" / "RECORD").unlink()
    (project.packages / "~wo").mkdir()
    (project.root / ".venv" / ".parley-run").unlink()
    assert project.make().stdout.splitlines()[-1] == "it runs"
    assert not (project.packages / "~wo").exists()


@pytest.mark.parametrize("broken", ["the interpreter is gone", "pip is gone", "another lock"])
def test_what_does_not_fit_is_mended(project: Project, broken: str) -> None:
    if broken == "the interpreter is gone":
        (project.root / ".venv/bin/python").unlink()
        (project.root / ".venv/bin/python").symlink_to("/nowhere/python")
    elif broken == "pip is gone":
        (project.root / ".venv" / ".parley-run").unlink()
        for path in project.packages.glob("pip*"):
            shutil.rmtree(path)
    else:
        with project.locked("run").open("a", encoding="utf-8") as file:
            file.write(f"three==1.0 --hash=sha256:{_wheel(project.root / 'wheels', 'three')}\n")
    done = project.make()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "it runs"
    assert (project.packages / "three.py").exists() == (broken == "another lock")


def test_a_folder_that_was_moved_gets_commands_that_run(project: Project) -> None:
    moved = project.root.with_name("moved")
    project.root.rename(moved)
    project.root = moved
    done = project.make()
    assert done.returncode == 0, done.stderr
    for command in ("parley", "pip"):
        head = (moved / ".venv/bin" / command).read_text(encoding="utf-8")
        assert str(moved / ".venv/bin/python") in head


def test_a_package_that_is_not_the_locked_one_is_refused_with_the_reason(project: Project) -> None:
    locked = project.locked("run").read_text(encoding="utf-8")
    wrong = f"one==1.0 --hash=sha256:{'0' * 64}\n"
    project.locked("run").write_text(wrong, encoding="utf-8")
    for package in ("one.py", "one-1.0.dist-info/RECORD"):
        (project.packages / package).unlink()
    done = project.make()
    project.locked("run").write_text(locked, encoding="utf-8")
    assert done.returncode == 2
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert "\nparley: requirements/run.txt could not be installed" in done.stderr
    assert "Traceback" not in done.stderr
    assert project.make().stdout.splitlines()[-1] == "it runs"


@pytest.mark.parametrize("stage", ["Setting up", "installing pip", "fetching"])
def test_ctrl_c_is_one_line_and_the_next_make_goes_on(stage: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny")
    status, said = project.make_on_a_terminal(interrupt_at=stage)
    assert status == 130, said
    assert said.count("parley: stopped.") == 1
    after = re.split(r"\^C", said)[-1].replace("\x1b[K", "").replace("\r", "\n").split("\n")
    spoken = [row for row in after if row and not re.search(r"\d s$", row)]
    assert spoken[0] == "parley: stopped.", said
    assert all(row.startswith("make: ***") for row in spoken[1:]), said
    status, said = project.make_on_a_terminal()
    assert status == 0, said
    assert said.endswith("it runs\r\n")
    assert "fetching" in said
    assert all(len(row) < 60 for row in re.split(r"[\r\n]|\x1b\[K", said)), "a line of 60 columns"


def test_a_python_without_venv_is_told_its_cure(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny")
    (tmp_path / "ensurepip.py").write_text("raise ImportError", encoding="utf-8")
    done = project.make({"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    major, minor = sys.version_info[:2]
    (line,) = (row for row in done.stderr.splitlines() if not row.startswith("make: ***"))
    assert line.startswith("parley: this Python can't make virtual environments")
    assert f"apt install python{major}.{minor}-venv" in line


@pytest.mark.parametrize("python", ["python3.2", "/usr/bin/false"])
def test_a_python_that_is_too_old_or_not_there_is_told_in_one_line(
    python: str, tmp_path: Path
) -> None:
    done = Project(tmp_path / "tiny").make(python=python)
    assert done.returncode == 2
    (line,) = (row for row in done.stderr.splitlines() if not row.startswith("make: ***"))
    assert line.startswith(f"parley: '{python}' is not Python 3.11 or newer.")
