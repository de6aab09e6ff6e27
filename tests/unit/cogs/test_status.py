from bot.room.allowance import Today
from bot.room.events import ConversationState, Member, Usage
from bot.room.prices import Cost
from bot.room.room import RoomPlan, RoomStatus, SpeakerStatus
from cogs import status

NAMES = {"en": "English"}
HEARD = SpeakerStatus(Member(1, "Ana"), True, True, {"en": ConversationState.OPEN})  # noqa: FBT003
OUT = SpeakerStatus(Member(2, "Ben_"), False, False, {})  # noqa: FBT003


def text(
    heard_ago_s: float | None = None, spoken: str | None = None, **figures: float
) -> list[str]:
    """The lines of the panel."""
    plan = RoomPlan(1, 10, 20, ("en",), spoken)
    room = RoomStatus(plan, 75.0, heard_ago_s, (HEARD, OUT), 3, Usage(), figures)
    return status.text(room, NAMES).splitlines()


def test_it_says_who_is_heard_and_who_is_not_and_why() -> None:
    assert text(2.4) == [
        "**Translating <#10> into English** for 1 min 15 s, captions in <#20>",
        "Last heard 2 s ago.",
        "- Ana: speaking (en open)",
        "- Ben\\_: not heard, has not joined in",
        "-# 3 caption updates, 0.0 minutes translated, 0 connections",
    ]


def test_when_the_bot_is_deafened_nobody_is_heard_for_that_reason() -> None:
    _, hearing, ana, ben, _ = text(60.0, deafened=1.0)
    assert hearing == (
        "**Nobody is heard at the moment: I am deafened by the server.** Last heard 1 min 0 s ago."
    )
    assert ana == "- Ana: not heard, I am deafened by the server"
    assert ben == "- Ben\\_: not heard, has not joined in"


def test_when_the_link_is_being_repaired_it_says_so() -> None:
    assert text(deaf=1.0)[1:3] == [
        "**Nobody is heard at the moment: I am reconnecting.** Nobody has been heard yet.",
        "- Ana: not heard, I am reconnecting",
    ]


def test_it_counts_the_repairs_so_far() -> None:
    assert text(rejoins=1.0)[1].endswith("The voice connection was repaired once.")
    assert text(rejoins=11.0)[1].endswith("was repaired 11 times.")


def test_it_says_why_the_translation_is_not_spoken_when_it_should_be() -> None:
    assert "can't be spoken: I am muted by the server." in text(spoken="en", muted=1.0)[1]
    assert "in the stage's audience." in text(spoken="en", audience=1.0)[1]
    assert "spoken" not in text(muted=1.0)[1]


def test_it_fits_a_message_however_many_are_there() -> None:
    plan = RoomPlan(1, 10, 20, ("en",))
    crowd = tuple(SpeakerStatus(Member(1, "x" * 32), False, False, {}) for _ in range(99))  # noqa: FBT003
    shown = status.text(RoomStatus(plan, 75.0, None, crowd, 3, Usage(), {}), NAMES)
    assert len(shown) <= 2000


def test_its_foot_tells_who_waits_and_what_today_cost() -> None:
    plan, today = RoomPlan(1, 10, 20, ("en",)), Today(1.5, 10, Cost(0.25))
    room = RoomStatus(plan, 75.0, None, (HEARD,), 3, Usage(), {}, today)
    assert status.text(room, NAMES, waiting=2).splitlines()[-2:] == [
        "-# Waiting for the translation service: 2 conversations",
        "-# Today in this server: 1.5 of 10 minutes translated; cost about $0.25 (an estimate)",
    ]
