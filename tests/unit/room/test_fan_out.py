"""Which languages get a conversation."""

import pytest

from bot.domain.plan import RoomPlan
from bot.room.fan_out import Division, Fanning, FanOut
from tests.support.texts import MemoryTexts

TARGETS = ("en", "es", "fr")


class Room:
    def __init__(self, size: int) -> None:
        self.size = size

    def has_room(self, conversations: int, guild_id: int) -> bool:
        return guild_id == 7 and conversations <= self.size


def division(mode: FanOut, *, lead: str = "en", wanted: int = 3, size: int = 0) -> Division:
    texts = MemoryTexts("en", "es", "fr")
    return Fanning(mode, texts, Room(size)).divide(TARGETS, lead, lambda: wanted, 7)


def test_speech_is_a_conversation_for_each() -> None:
    assert division(FanOut.SPEECH) == Division(TARGETS, ())


def test_text_is_one_conversation_for_the_first_language() -> None:
    assert division(FanOut.TEXT, size=99) == Division(("en",), ("es", "fr"))


@pytest.mark.parametrize("mode", [FanOut.TEXT, FanOut.AUTO])
def test_the_language_spoken_back_leads(mode: FanOut) -> None:
    assert division(mode, lead="fr") == Division(("fr",), ("en", "es"))


def test_auto_is_speech_while_the_whole_room_fits() -> None:
    assert division(FanOut.AUTO, wanted=40, size=40) == Division(TARGETS, ())
    assert division(FanOut.AUTO, wanted=40, size=39) == Division(("en",), ("es", "fr"))


def test_a_language_that_can_not_be_translated_in_writing_has_a_conversation() -> None:
    fanning = Fanning(FanOut.TEXT, MemoryTexts("en", "fr"), Room(0))
    assert fanning.divide(TARGETS, "en", lambda: 3, 7) == Division(("en", "es"), ("fr",))


@pytest.mark.parametrize(("spoken", "lead"), [(None, "en"), ("fr", "fr")])
def test_a_plan_asks_for_the_source_text_that_others_are_made_from(
    spoken: str | None, lead: str
) -> None:
    plan = RoomPlan(1, 2, 3, TARGETS, spoken)
    assert plan.lead == lead
    assert all(request.source_text for request in plan.requests(7, {}))
    assert RoomPlan(1, 2, 3, ("en",)).requests(7, {})[0].source_text, "guests may read another"
    assert not RoomPlan(1, 2, 3, ("en",), guests=0).requests(7, {})[0].source_text


def test_one_language_needs_no_rule() -> None:
    fanning = Fanning(FanOut.TEXT, MemoryTexts(), Room(0))
    assert fanning.divide(("es",), "es", lambda: 1, 7) == Division(("es",), ())


@pytest.mark.parametrize("mode", list(FanOut))
@pytest.mark.parametrize("size", [0, 99])
def test_what_nobody_chose_never_has_a_conversation(mode: FanOut, size: int) -> None:
    fanning = Fanning(mode, MemoryTexts("en", "es", "fr"), Room(size))
    alone = fanning.divide(("en", "es", "fr"), "en", lambda: 1, 7, read=("es", "fr"))
    assert alone == Division(("en",), ("es", "fr"))
    beside = fanning.divide(TARGETS, "en", lambda: 2, 7, read=("fr",))
    assert "fr" in beside.written


def test_with_speech_alone_nothing_can_be_read_that_was_not_chosen() -> None:
    texts = MemoryTexts("en", "es")
    assert Fanning(FanOut.SPEECH, texts, Room(0)).readable == frozenset()
    assert Fanning(FanOut.AUTO, texts, Room(0)).readable == {"en", "es"}
