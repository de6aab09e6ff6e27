"""`parley doctor`: all checks on this machine's settings, printed as they are done."""

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.doctor.checks import Check, Mark, examine
from bot.doctor.plan import DoctorOptions, Plan
from bot.doctor.reading import read_settings
from bot.doctor.report import JsonReport, Report, TextReport, status


async def doctor(options: DoctorOptions) -> int:
    """Run all checks and print what they find; the exit status."""
    # What libraries log is no part of the answer.
    logging.getLogger().addHandler(logging.NullHandler())
    environment = dict(os.environ)  # noqa: TID251 - names that are none of ours are looked for
    read = read_settings(Path(".env"), environment)
    async with Plan(read, options, wall=time.time) as plan:  # noqa: TID251 - it is what is checked
        checks = plan.checks()
        return await _run(checks, read.wrong, _report(checks, json=options.json))


def _report(checks: Sequence[Check], *, json: bool) -> Report:
    if json:
        return JsonReport()
    return TextReport(checks, signs=sys.stdout.isatty() and _shows_signs())


def _shows_signs() -> bool:
    try:
        "✓✗→".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


async def _run(checks: Sequence[Check], wrong: Mapping[str, str], report: Report) -> int:
    marks: list[Mark] = []
    async for found in examine(checks, frozenset(wrong)):
        marks.append(found.diagnosis.mark)
        sys.stdout.write(report.tell(found))
        sys.stdout.flush()
    sys.stdout.write(report.end())
    return status(marks)
