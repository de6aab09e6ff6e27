"""The checks run at once, each within its time, and what needs a failed one is skipped."""

import asyncio

from bot.doctor.checks import Check, Diagnosis, Found, Mark, examine, fault, ok, warning


async def well() -> Found:
    return ok("Well.")


async def ill() -> Found:
    return [ok("One is well."), fault("One is not.", "Mend it.")]


async def doubtful() -> Found:
    return warning("May surprise.", "Look.")


async def silent() -> Found:
    await asyncio.Event().wait()
    raise AssertionError


async def broken() -> Found:
    raise ValueError("sk-secret")


async def found(*checks: Check, wrong: frozenset[str] = frozenset()) -> list[tuple[str, Diagnosis]]:
    return [(one.check.name, one.diagnosis) async for one in examine(checks, wrong)]


async def test_what_needs_a_failed_one_is_skipped_with_its_reason() -> None:
    checks = (
        Check("g", "first", ill),
        Check("g", "second", well, needs=("first",)),
        Check("g", "third", well, needs=("second",)),
        Check("g", "other", doubtful),
        Check("g", "fourth", well, needs=("other",)),
    )
    marks = [(name, one.mark, one.line) for name, one in await found(*checks)]
    assert marks == [
        ("first", Mark.OK, "One is well."),
        ("first", Mark.FAULT, "One is not."),
        ("second", Mark.SKIPPED, "Not checked, as “first” failed."),
        ("third", Mark.SKIPPED, "Not checked, as “second” was not."),
        ("other", Mark.WARNING, "May surprise."),
        ("fourth", Mark.OK, "Well."),
    ]


async def test_what_needs_a_wrong_setting_is_skipped() -> None:
    check = Check("g", "first", well, settings=("A", "B"))
    ((_, one),) = await found(check, wrong=frozenset({"B", "C"}))
    assert one == Diagnosis(Mark.SKIPPED, "Not checked: B is wrong.")


async def test_one_that_is_silent_is_given_up_and_holds_up_no_other() -> None:
    checks = (Check("g", "first", silent, within_s=0.01), Check("g", "second", well))
    first, second = await found(*checks)
    assert first[1].mark is Mark.FAULT
    assert first[1].line == "No answer within 0 s."
    assert second[1].mark is Mark.OK


async def test_one_that_fails_itself_says_so_without_the_words_of_the_error() -> None:
    ((_, one),) = await found(Check("g", "first", broken))
    assert one.mark is Mark.FAULT
    assert one.line == "The check itself failed: ValueError."
