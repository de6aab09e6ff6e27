"""What a check is and what it finds; all of them run at once, each within its time.

A check whose needs are not met is skipped with the reason, and is no fault of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.tasks import TaskOwner

WITHIN_S: Final = 15.0  # for one check


class Mark(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"  # works, and may surprise
    FAULT = "fault"  # does not work
    SKIPPED = "skipped"  # not known


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line of the answer. Holds nothing that may be secret.

    Attributes:
        mark: How it is.
        line: What was found, in one sentence.
        cure: What to do about it; empty where there is nothing to do.
    """

    mark: Mark
    line: str
    cure: str = ""


def ok(line: str) -> Diagnosis:
    """Return that something is as it should be."""
    return Diagnosis(Mark.OK, line)


def warning(line: str, cure: str) -> Diagnosis:
    """Return that something works but may surprise."""
    return Diagnosis(Mark.WARNING, line, cure)


def fault(line: str, cure: str) -> Diagnosis:
    """Return that something does not work."""
    return Diagnosis(Mark.FAULT, line, cure)


def skipped(reason: str) -> Diagnosis:
    """Return that something was not looked at."""
    return Diagnosis(Mark.SKIPPED, reason)


Found = Diagnosis | Sequence[Diagnosis]


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at.

    Attributes:
        group: The heading that it stands under.
        name: What is looked at; unique.
        run: Looks.
        needs: Names of checks that must have found no fault.
        settings: Variables that must not be wrong.
        within_s: Seconds after which it is given up.
    """

    group: str
    name: str
    run: Callable[[], Awaitable[Found]]
    needs: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    within_s: float = WITHIN_S


@dataclass(frozen=True, slots=True)
class Examined:
    """A check, with one thing that it found."""

    check: Check
    diagnosis: Diagnosis


async def examine(
    checks: Sequence[Check], wrong: Mapping[str, str] | frozenset[str] = frozenset()
) -> AsyncIterator[Examined]:
    """Run all checks at once; what they find comes in the order of the checks.

    Args:
        checks: The checks; each stands behind those that it needs.
        wrong: Variables whose settings are wrong.
    """
    tasks = TaskOwner("doctor")
    running: dict[str, asyncio.Task[Sequence[Diagnosis]]] = {}
    try:
        for check in checks:
            needed = {name: running[name] for name in check.needs}
            missing = [name for name in check.settings if name in wrong]
            running[check.name] = tasks.start(_run(check, needed, missing), check.name)
        for check in checks:
            for diagnosis in await running[check.name]:
                yield Examined(check, diagnosis)
    finally:
        await tasks.close()


async def _run(
    check: Check, needed: Mapping[str, asyncio.Task[Sequence[Diagnosis]]], missing: Sequence[str]
) -> Sequence[Diagnosis]:
    if missing:
        return [skipped(f"Not checked: {', '.join(missing)} is wrong.")]
    for name, task in needed.items():
        marks = {found.mark for found in await task}
        if Mark.FAULT in marks:
            return [skipped(f"Not checked, as “{name}” failed.")]
        if Mark.SKIPPED in marks:
            return [skipped(f"Not checked, as “{name}” was not.")]
    try:
        async with asyncio.timeout(check.within_s):
            found = await check.run()
    except TimeoutError:
        return [
            fault(
                f"No answer within {check.within_s:.0f} s.",
                "Check the network of this machine, then run this again.",
            )
        ]
    except Exception as error:  # noqa: BLE001 - one check that fails must not hide the others
        # Without the error's own words, which may hold a secret.
        return [
            fault(
                f"The check itself failed: {type(error).__name__}.",
                "Report it, with what you ran and this line.",
            )
        ]
    return [found] if isinstance(found, Diagnosis) else found
