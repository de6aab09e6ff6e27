"""Bring the virtual environment to what one of the locked sets says; make runs it before all else.

Needs a bare Python and nothing installed. pip does the work, so that whatever index, proxy or
certificate the machine's pip knows is used. On a terminal one line shows how far it is.

What was interrupted, killed, moved or made by another Python is found and mended: a virtual
environment that does not start is made anew, and a package of which only a part was unpacked is
installed again.
"""  # noqa: INP001 - a script, not a package

import os
import signal

_STOPPED = "parley: stopped.\n"
_INTERRUPTED = 128 + signal.SIGINT


def _end_at_once(*_: object) -> None:
    os.write(2, _STOPPED.encode())
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _end_at_once)  # importing takes a moment, too

import fcntl  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import contextmanager, suppress  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TextIO  # noqa: E402

_OLDEST = (3, 11)
_PROBE = (
    "import json, sys, sysconfig;"
    "print(json.dumps([sys.version_info[:2], sysconfig.get_path('purelib')]))"
)
_GRACE_S = 5.0  # for what was interrupted to remove its temporary files
_LOOK_S = 0.1


class InstallError(Exception):
    """What keeps it from being installed, in a line for who ran make."""


class Line:
    """One line on a terminal that says what happens; elsewhere nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"  # noqa: TID251 - no setting of the bot
        self._began = time.monotonic()

    def show(self, text: str) -> None:
        """Put this in place of what stands there, cut to the terminal's width."""
        if self._shown:
            seconds = f" {time.monotonic() - self._began:.0f} s"
            room = max(0, shutil.get_terminal_size().columns - 1 - len(seconds))
            self._stream.write(f"\r{text[:room]}{seconds}\x1b[K")
            self._stream.flush()

    def clear(self) -> None:
        """Leave the line empty for what others print."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        self._stream.write(f"{text}\n")
        self._stream.flush()


class Progress:
    """How far pip is, from what it prints.

    Args:
        total: How many packages the set names.
        unpacked: Counts those that have come into the virtual environment since pip began.
    """

    def __init__(self, total: int, unpacked: Callable[[], int]) -> None:
        self._total = total
        self._unpacked = unpacked
        self._looked_at = 0
        self._package = ""
        self._size = ""
        self._to_unpack = 0

    def read(self, row: str) -> None:
        """Take a line of pip's."""
        if found := re.match(
            r"(Collecting|Ignoring|Requirement already satisfied:) ?([\w.-]+)", row
        ):
            self._looked_at += 1
            self._package, self._size = found[2], ""
        elif found := re.match(r"\s*(?:Downloading|Using cached) .*\(([^)]*B)\)", row):
            self._size = f" ({found[1]})"
        elif found := re.match(r"\s*Progress (\d+) of (\d+)", row):
            done, size = (int(number) / 1e6 for number in found.groups())
            if size >= 1:
                self._size = f" ({done:.1f} of {size:.1f} MB)"
        elif found := re.match(r"Installing collected packages: (.*)", row):
            self._to_unpack = len(found[1].split(","))
        elif found := re.match(r"WARNING: (.*)", row):  # as when the index does not answer
            self._size = f" ({found[1]})"

    def __str__(self) -> str:
        if self._to_unpack:
            done, total = min(self._unpacked(), self._to_unpack), self._to_unpack
            return f"{_bar(done, total)} unpacking {done} of {total}"
        done, total = min(self._looked_at, self._total), self._total
        return f"{_bar(done, total)} fetching {done} of {total} {self._package}{self._size}"


def _bar(done: int, total: int, width: int = 10) -> str:
    full = width * done // max(1, total)
    return f"[{'#' * full}{'.' * (width - full)}]"


@dataclass(frozen=True)
class Environment:
    """A virtual environment that starts."""

    root: Path
    version: tuple[int, int]
    packages: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.root / "bin" / "python")

    def installed(self) -> set[str]:
        """Which packages are there, by name and version."""
        return {path.name for path in self.packages.glob("*.dist-info")}

    def drop_torn(self) -> None:
        """Forget packages that were being unpacked when pip was ended: their record comes last."""
        for path in self.packages.glob("*.dist-info"):
            if not (path / "RECORD").is_file():
                shutil.rmtree(path)
        for path in self.packages.glob("~*"):  # what pip set aside to put it back
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def probe(root: Path) -> Environment | None:
    """Return the virtual environment there, if it starts and its Python is new enough."""
    try:
        answer = subprocess.run(  # noqa: S603 - our own command
            [root / "bin" / "python", "-I", "-c", _PROBE], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    (major, minor), packages = json.loads(answer.stdout)
    inside = Path(packages).resolve().is_relative_to(root.resolve())
    if (major, minor) < _OLDEST or not inside or _moved(root):
        return None
    return Environment(root, (major, minor), Path(packages))


def _moved(root: Path) -> bool:
    """Whether its folder was moved or copied: its commands name their interpreter by full path."""
    try:
        head = (root / "bin" / "pip").read_bytes()[:1000]
    except OSError:
        return False
    found = re.search(rb"(/[^\n\"']*)/bin/python", head)
    return found is not None and Path(os.fsdecode(found[1])).resolve() != root.resolve()


class Installer:
    """Installs sets of `requirements` and the project's own command.

    Args:
        project: The folder of the project.
        line: Where it says what it does.
    """

    def __init__(self, project: Path, line: Line) -> None:
        self._project = project
        self._root = project / ".venv"
        self._line = line

    def bring(self, name: str) -> None:
        """Have the set installed, if it is not.

        Raises:
            InstallError: It can't be.
        """
        environment = probe(self._root)
        if environment is not None and self._stands(environment, name):
            return
        with self._alone():
            environment = probe(self._root)  # another make may have done it meanwhile
            if environment is not None and self._stands(environment, name):
                return
            if environment is None:
                environment = self._made()
            # Of other versions, some of which are replaced now; this one may not come to its end.
            for stamp in self._root.glob(".parley-*"):
                if not self._stands(environment, stamp.name.removeprefix(".parley-")):
                    stamp.unlink()
            environment.drop_torn()
            self._with_pip(environment)
            self._install(environment, name)
            self._stamp(name).write_text(self._digest(environment, name), encoding="utf-8")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with Path(__file__).open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._line.say("Waiting for another make, which is installing")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _stamp(self, name: str) -> Path:
        return self._root / f".parley-{name}"

    def _stands(self, environment: Environment, name: str) -> bool:
        try:
            written = self._stamp(name).read_text(encoding="utf-8")
        except OSError:
            return False
        return written == self._digest(environment, name)

    def _digest(self, environment: Environment, name: str) -> str:
        """Tells all that the set and the command are made of."""
        whole = hashlib.sha256(f"{environment.packages} {self._project}".encode())
        for path in (*self._sets(name), self._project / "pyproject.toml"):
            with suppress(FileNotFoundError):  # the stamp of a set that is no longer there
                whole.update(path.read_bytes())
        return whole.hexdigest()

    def _sets(self, name: str) -> tuple[Path, Path]:
        folder = self._project / "requirements"
        return folder / f"{name}.txt", folder / "build.txt"

    def _made(self) -> Environment:
        self._line.say("Setting up .venv (once)")
        # pip comes in a step of its own, as some systems have venv without ensurepip.
        self._run(
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(self._root)],
            ".venv could not be made.",
            lambda: "making the virtual environment",
        )
        environment = probe(self._root)
        if environment is None:
            raise InstallError(
                f"the virtual environment that {sys.executable} makes does not start."
            )
        return environment

    def _with_pip(self, environment: Environment) -> None:
        if any(name.startswith("pip-") for name in environment.installed()):
            return
        if subprocess.run(  # noqa: S603 - our own command
            [environment.python, "-c", "import ensurepip"], stderr=subprocess.DEVNULL, check=False
        ).returncode:
            major, minor = environment.version
            raise InstallError(
                "this Python can't make virtual environments; install the rest of it (Debian, "
                f"Ubuntu: apt install python{major}.{minor}-venv) and run make again."
            )
        self._run(
            [environment.python, "-m", "ensurepip", "--upgrade", "--default-pip"],
            "pip could not be installed.",
            lambda: "installing pip",
        )

    def _install(self, environment: Environment, name: str) -> None:
        sets = self._sets(name)
        self._line.say(f"Installing requirements/{name}.txt (once)")
        text = "".join(path.read_text(encoding="utf-8") for path in sets)
        before = environment.installed()
        progress = Progress(
            total=len(re.findall(r"^[\w.\[\]-]+==", text, re.MULTILINE)),
            unpacked=lambda: len(environment.installed() - before),
        )
        pip = [environment.python, "-m", "pip", "--disable-pip-version-check", "install"]
        pip += ["--no-deps", "--no-compile", "--no-input"]
        bar = "raw" if _counts_bytes(before) else "off"
        files = [word for path in sets for word in ("-r", str(path))]
        self._run(
            [*pip, "--progress-bar", bar, "--require-hashes", *files],
            f"requirements/{name}.txt could not be installed; make tries again.",
            lambda: str(progress),
            progress.read,
        )
        # `.venv/bin/parley`. What builds it is of the locked set, so nothing is fetched.
        self._run(
            [*pip, "--no-index", "--no-build-isolation", "--editable", str(self._project)],
            "the command parley could not be installed.",
            lambda: "installing the command parley",
        )

    def _run(
        self,
        words: list[str],
        failure: str,
        state: Callable[[], str],
        read: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Run it, with one line that says how far it is, and what it complained of if it fails."""
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as warned,
        ):
            tails = _Tail(said.fileno()), _Tail(warned.fileno())
            child = subprocess.Popen(words, stdout=said, stderr=warned, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
            try:
                status = None
                while status is None:
                    with suppress(subprocess.TimeoutExpired):
                        status = child.wait(_LOOK_S)
                    for tail in tails:
                        for row in tail.new():
                            read(row)
                    self._line.show(state())
            except BaseException:
                _end(child)
                raise
            finally:
                self._line.clear()
            if status:
                warned.seek(0)
                sys.stderr.write(warned.read())
                raise InstallError(failure)


class _Tail:
    """What a process appends to a file, line by line."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._at = 0
        self._rest = b""

    def new(self) -> list[str]:
        """Return the lines that are complete since the last time."""
        data = os.pread(self._file, 1 << 20, self._at)
        self._at += len(data)
        *rows, self._rest = (self._rest + data).split(b"\n")
        return [row.decode("utf-8", "replace") for row in rows]


def _counts_bytes(installed: set[str]) -> bool:
    """Whether this pip prints bytes for other programs: from 24.1 on."""
    found = next(
        (re.match(r"pip-(\d+)\.(\d+)", name) for name in installed if "pip-" in name), None
    )
    return found is not None and (int(found[1]), int(found[2])) >= (24, 1)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End it as Ctrl-C would, which has reached it already where it was typed."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(_LOOK_S)
    for sign, patience in ((signal.SIGINT, _GRACE_S), (signal.SIGKILL, None)):
        if child.poll() is None:
            child.send_signal(sign)
            with suppress(subprocess.TimeoutExpired):
                child.wait(patience)


def main(name: str) -> int:
    """Bring one set; the exit status."""
    line = Line(sys.stdout)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        Installer(Path(__file__).resolve().parents[1], line).bring(name)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write(_STOPPED)
        return _INTERRUPTED
    except (InstallError, OSError) as error:
        sys.stderr.write(f"parley: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
