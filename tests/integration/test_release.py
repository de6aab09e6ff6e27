"""`make release`: a repository of its own, with git and make as they are."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot import __version__
from tests.call.test_run import PATH
from tests.support.call import ROOT

NAMES_A_VERSION = (
    "pyproject.toml",
    "bot/__init__.py",
    "compose.yaml",
    "deploy/helm/parley/Chart.yaml",
    "CHANGELOG.md",
)
NEXT = "9.8.7"


class Repository:
    """A clone with what a release looks at, on main, everything committed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in (*NAMES_A_VERSION, "Makefile", "deploy/release.py"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        who = {f"GIT_{role}_{what}": "x@y" for role in ("AUTHOR", "COMMITTER") for what in _WHO}
        alone = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        return subprocess.run(  # noqa: S603 - our own command
            words,
            cwd=self.root,
            env={"PATH": f"{PATH}:/usr/local/bin", **who, **alone},
            capture_output=True,
            text=True,
            check=False,
        )

    def git(self, *words: str) -> str:
        done = self.run("git", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=All of it")

    def release(self, version: str = NEXT) -> tuple[int, str, str]:
        with_this = f"PYTHON={sys.executable}"
        done = self.run("make", "--silent", "release", f"VERSION={version}", with_this)
        return done.returncode, done.stdout, done.stderr

    def name(self, version: str) -> None:
        """Have everything name it, as CONTRIBUTING.md says."""
        for name in NAMES_A_VERSION:
            path = self.root / name
            text = path.read_text(encoding="utf-8")
            if name == "CHANGELOG.md":
                text = re.sub(
                    r"^## .+$", f"## {version}, 2027-01-31", text, count=1, flags=re.MULTILINE
                )
            else:
                text = re.sub(rf"(?<![\d.]){re.escape(__version__)}(?![\d.])", version, text)
            path.write_text(text, encoding="utf-8")


_WHO = ("NAME", "EMAIL")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_what_agrees_is_tagged_with_its_changes_and_not_pushed(repository: Repository) -> None:
    repository.name(NEXT)
    repository.commit()
    status, said, refused = repository.release()
    assert (status, refused) == (0, "")
    assert said.startswith(f"tagged v{NEXT} (not signed, ")
    assert repository.git("cat-file", "-t", f"v{NEXT}") == "tag"  # annotated
    message = repository.git("tag", "--list", "--format=%(contents)", f"v{NEXT}")
    assert message.startswith(f"Parley {NEXT}\n\n### Added\n- ")
    assert repository.git("status", "--porcelain") == ""

    status, _, refused = repository.release()
    assert status
    assert f"parley: the tag v{NEXT} exists.\n" in refused


def test_each_disagreement_is_a_line_and_nothing_is_tagged(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    (repository.root / "new").touch()
    status, said, refused = repository.release()
    assert status
    assert said == ""
    lines = [row for row in refused.splitlines() if row.startswith("parley: ")]
    assert lines == [
        f"parley: pyproject.toml says {__version__}.",
        f"parley: bot/__init__.py says {__version__}.",
        f"parley: compose.yaml, image parley says {__version__}.",
        f"parley: compose.yaml, image parley-engine says {__version__}.",
        f"parley: deploy/helm/parley/Chart.yaml, version says {__version__}.",
        f"parley: deploy/helm/parley/Chart.yaml, appVersion says {__version__}.",
        f"parley: CHANGELOG.md begins with {__version__}.",
        "parley: this is the branch other, not main.",
        "parley: the tree is not clean: new.",
        f"parley: {NEXT} is not released.",
    ]
    assert repository.git("tag") == ""


def test_a_version_without_a_date_is_not_released(repository: Repository) -> None:
    repository.name(NEXT)
    log = repository.root / "CHANGELOG.md"
    log.write_text(log.read_text().replace("2027-01-31", "unreleased"), encoding="utf-8")
    repository.commit()
    status, _, refused = repository.release()
    assert status
    assert "parley: CHANGELOG.md says 'unreleased', where the date has to be.\n" in refused


@pytest.mark.parametrize("version", ["", "1.0", "v1.0.0", "1.0.0; true"])
def test_what_is_no_version_is_refused(repository: Repository, version: str) -> None:
    status, _, refused = repository.release(version)
    assert status
    assert refused.startswith("parley: say which version, as in make release VERSION=0.2.0\n")
