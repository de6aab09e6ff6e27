"""Checks the languages that somebody chooses for a room."""

from dataclasses import replace
from typing import Final

from bot.domain.plan import RoomPlan
from bot.domain.ports import Interpreter
from bot.errors import UsageError
from bot.words import language_name, number, t, tn

MOST_GUESTS: Final = 19  # beside a chosen language, where a host allows as many as can be set


def chosen(
    plan: RoomPlan,
    targets: tuple[str, ...],
    spoken: str | None,
    *,
    most: int,
    interpreter: Interpreter,
) -> RoomPlan:
    """Return the plan with these languages; one that is no longer chosen is not spoken.

    Raises:
        UsageError: There are none, too many, or one can't be spoken.
        LanguageError: The model does not take one.
    """
    if not targets:
        raise UsageError(t("Choose at least one language."))
    if len(targets) > most:
        raise UsageError(
            tn(
                "You can choose up to {most} language.",
                "You can choose up to {most} languages.",
                most,
                most=number(most, 0),
            )
        )
    spoken = spoken if spoken in targets else None
    if spoken is not None and not interpreter.languages().get(spoken, False):
        raise UsageError(t("{language} is available as text only.", language=language_name(spoken)))
    plan = replace(plan, targets=targets, spoken=spoken)
    for request in plan.requests(0, {}):
        interpreter.check(request)
    return plan


def check_guests(guests: int, most: int) -> None:
    """Pass when guests may add so many languages by what they read.

    Args:
        guests: How many languages guests may add.
        most: How many they ever may; 0: none can be made for them.

    Raises:
        UsageError: They can't.
    """
    if guests > 0 == most:
        raise UsageError(t("No languages can be added for guests here."))
    if not 0 <= guests <= most:
        raise UsageError(t("Guests can add 0 to {most} languages.", most=number(most, 0)))
