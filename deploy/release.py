"""Tag a release, if all that names a version names this one: make release VERSION=0.2.0.

What does not agree is said in a line each, and nothing is done. Nothing is ever pushed. With
--check only the versions are compared, as the workflow does for a tag that was pushed.
"""  # noqa: INP001 - a script, not a package

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_MAIN = "main"
_SHOWN = 5  # files


class ReleaseError(Exception):
    """What keeps a version from being released, in a line for whoever asked."""


def named(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each place that names the version, and the version that it names."""
    project = tomllib.loads(_read(root / "pyproject.toml"))
    yield "pyproject.toml", project["project"]["version"]
    yield "bot/__init__.py", _only(r'^__version__ = "(.+)"$', root / "bot" / "__init__.py")
    compose = _read(root / "compose.yaml")
    for image in ("parley", "parley-engine"):
        yield f"compose.yaml, image {image}", _found(rf":-{image}:(.+)\}}$", compose)
    chart = root / "deploy" / "helm" / "parley" / "Chart.yaml"
    for field in ("version", "appVersion"):
        yield f"deploy/helm/parley/Chart.yaml, {field}", _only(rf"^{field}: (.+)$", chart)


def notes(root: Path, version: str) -> str:
    """Return what the changelog says of a version.

    Raises:
        ReleaseError: It is not the newest there, or has no date.
    """
    _, *sections = re.split(r"^## ", _read(root / "CHANGELOG.md"), flags=re.MULTILINE)
    heading, _, text = sections[0].partition("\n") if sections else ("", "", "")
    newest, _, when = heading.partition(", ")
    if newest != version:
        raise ReleaseError(f"CHANGELOG.md begins with {newest or 'no version'}")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", when):
        raise ReleaseError(f"CHANGELOG.md says {when or 'no date'!r}, where the date has to be")
    return text.strip()


def disagreements(root: Path, version: str) -> Iterator[str]:
    """Yield what names another version."""
    for place, found in named(root):
        if found != version:
            yield f"{place} says {found or 'no version'}"
    try:
        notes(root, version)
    except ReleaseError as error:
        yield str(error)


def obstacles(root: Path, version: str) -> Iterator[str]:
    """Yield what of the repository is not ready for the tag."""
    if branch := _git(root, "branch", "--show-current"):
        if branch != _MAIN:
            yield f"this is the branch {branch}, not {_MAIN}"
    else:
        yield f"this is no branch, but has to be {_MAIN}"
    if changed := _git(root, "status", "--porcelain").splitlines():
        more = ", ..." if len(changed) > _SHOWN else ""
        names = ", ".join(line.split()[-1] for line in changed[:_SHOWN])
        yield f"the tree is not clean: {names}{more}"
    if _git(root, "tag", "--list", f"v{version}"):
        yield f"the tag v{version} exists"


def tag(root: Path, version: str) -> str:
    """Make the tag, signed where git has a key for it; returns how it was made.

    Raises:
        ReleaseError: git refuses.
    """
    signs = bool(_git(root, "config", "--get", "user.signingkey", needed=False))
    message = f"Parley {version}\n\n{notes(root, version)}\n"
    # Headings of the changelog begin as git's comments do.
    words = ["tag", "--sign" if signs else "--annotate", "--cleanup=whitespace", "--file=-"]
    _git(root, *words, f"v{version}", said=message)
    return "signed" if signs else "not signed, as git has no user.signingkey"


def main(words: list[str]) -> int:
    """Release the version that is named; the exit status."""
    only_versions = "--check" in words
    asked = [word for word in words if word != "--check"]
    if len(asked) != 1 or not _VERSION.fullmatch(asked[0]):
        sys.stderr.write("parley: say which version, as in make release VERSION=0.2.0\n")
        return 2
    (version,) = asked
    try:
        wrong = list(disagreements(ROOT, version))
        if not only_versions:
            wrong += obstacles(ROOT, version)
        if wrong:
            rows = "".join(f"parley: {row}.\n" for row in wrong)
            sys.stderr.write(f"{rows}parley: {version} is not released.\n")
            return 1
        if only_versions:
            sys.stdout.write(f"everything names {version}\n")
        else:
            how = tag(ROOT, version)
            sys.stdout.write(
                f"tagged v{version} ({how}); git push origin v{version} publishes it\n"
            )
    except ReleaseError as error:
        sys.stderr.write(f"parley: {error}\n")
        return 1
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""


def _only(pattern: str, path: Path) -> str:
    return _found(pattern, _read(path))


def _git(root: Path, *words: str, said: str = "", needed: bool = True) -> str:
    result = subprocess.run(  # noqa: S603 - our own command
        ["git", *words],  # noqa: S607 - whichever git there is
        cwd=root,
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )
    if needed and result.returncode:
        raise ReleaseError(f"git {words[0]}: {result.stderr.strip()}")
    return result.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
