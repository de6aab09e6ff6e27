"""A room's state in words."""

from bot.room.events import ConversationState, Member, Usage
from bot.room.room import RoomPlan, RoomStatus, SpeakerStatus
from cogs.status import text

PLAN = RoomPlan(1, 10, 20, ("en", "es"))


def status(*speakers: SpeakerStatus, heard_ago_s: float | None = 3.0) -> RoomStatus:
    return RoomStatus(PLAN, 3700, heard_ago_s, speakers, 7, Usage(90, connects=2), {})


def speaker(name: str, *, consenting: bool, **conversations: ConversationState) -> SpeakerStatus:
    return SpeakerStatus(Member(1, name), consenting, speaking=False, conversations=conversations)


def test_it_says_who_is_heard_and_who_is_not() -> None:
    shown = text(
        status(
            speaker("Ana", consenting=True, en=ConversationState.OPEN),
            speaker("Ben", consenting=True),
            speaker("*Cara*", consenting=False),
        ),
        {"en": "English", "es": "Spanish"},
    )
    assert "Translating <#10> into English, Spanish** for 1 h 1 min" in shown
    assert "Last heard 3 s ago." in shown
    assert "- Ana: heard (en open)" in shown
    assert "- Ben: heard, has not spoken yet" in shown
    assert "- \\*Cara\\*: not heard, has not joined in" in shown
    assert "1.5 minutes translated, 2 connections" in shown


def test_it_fits_a_message_however_many_are_there() -> None:
    crowd = [speaker("x" * 32, consenting=False) for _ in range(99)]
    assert len(text(status(*crowd, heard_ago_s=None), {})) <= 2000
