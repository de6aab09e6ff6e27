"""Whose terms count, and that a running room hears of new ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.events import Member, Speech
from bot.domain.glossary import Glossary, corrected, occurring, terms
from bot.domain.plan import RoomPlan
from bot.domain.stored import Term
from bot.records.glossaries import Glossaries, load
from tests.support.clock import ManualClock
from tests.support.records import MemoryGlossary
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts

ANA = Member(1, "Ana")
DEFAULT = {"en": {"canal": "channel", "sala": "room"}, "fr": {"canal": "canal"}}


def test_a_guilds_terms_go_before_the_default_ones_and_over_them() -> None:
    merged = terms("en", {"en": {"Canal": "canal", "voz": "voice"}}, DEFAULT)
    assert list(merged.items()) == [("Canal", "canal"), ("voz", "voice"), ("sala", "room")]


def test_each_language_has_terms_of_its_own() -> None:
    assert terms("fr", {"en": {"voz": "voice"}}, DEFAULT) == {"canal": "canal"}
    assert terms("de", {}, DEFAULT) == {}


def test_a_written_sentence_takes_along_the_terms_it_has() -> None:
    known = {"Canal": "channel", "sala de voz": "voice room", "チャンネル": "channel"}
    assert occurring(known, "¿En qué CANAL?") == {"Canal": "channel"}
    assert occurring(known, "このチャンネルで") == {"チャンネル": "channel"}
    assert occurring(known, "sala") == {}


async def test_conversations_open_with_the_terms_and_running_ones_are_told_new_ones() -> None:
    world, interpreter = World(ANA), MemoryInterpreter()

    async def own(_: int) -> Glossary:
        return {"en": {"voz": "voice"}}

    rooms = RoomParts(
        interpreter=interpreter,
        answers=MemoryConsent(1),
        join_voice=world.join_voice,
        open_board=world.open_board,
        clock=ManualClock(),
        host_terms=DEFAULT,
        own_terms=own,
    ).rooms()
    rooms.use_glossary(1, {"en": {"voz": "the store has it"}})
    await rooms.start(RoomPlan(1, 10, 20, ("en", "es")), 1)
    assert world.listener is not None
    world.listener.heard(Speech(1, bytes(640), 0.0))
    assert interpreter.of(1, "en").request.glossary == {"voz": "voice", **DEFAULT["en"]}
    assert interpreter.of(1, "es").request.glossary == {}
    rooms.use_glossary(1, {"en": {"sala": "hall"}, "es": {"hall": "sala"}})
    rooms.use_glossary(2, {"en": {"sala": "other guild"}})
    assert interpreter.of(1, "en").glossary == {"sala": "hall", "canal": "channel"}
    assert interpreter.of(1, "es").glossary == {"hall": "sala"}
    await rooms.close()


async def test_a_guilds_terms_are_asked_for_when_a_room_starts_and_not_while_it_runs() -> None:
    world, interpreter = World(ANA), MemoryInterpreter()
    store, asked = MemoryGlossary(), []

    async def own(guild_id: int) -> Glossary:
        asked.append(guild_id)
        return await load(store, guild_id)

    rooms = RoomParts(
        interpreter=interpreter,
        answers=MemoryConsent(1),
        join_voice=world.join_voice,
        open_board=world.open_board,
        clock=ManualClock(),
        host_terms=DEFAULT,
        own_terms=own,
    ).rooms()
    glossaries = Glossaries(store, rooms.use_glossary)
    await store.put_terms(1, [Term("en", "voz", "voice")], most=9)
    await rooms.start(RoomPlan(1, 10, 20, ("en",)), 1)
    assert interpreter.prepared[0].glossary == {"voz": "voice", **DEFAULT["en"]}
    assert world.listener is not None
    world.listener.heard(Speech(1, bytes(640), 0.0))
    assert await glossaries.put(1, [Term("en", "sala", "hall")]) == (1, 0)
    assert interpreter.of(1).glossary == {"voz": "voice", "sala": "hall", "canal": "channel"}
    assert await glossaries.remove(1, None, "voz") == 1
    assert interpreter.of(1).glossary == {"sala": "hall", "canal": "channel"}
    assert asked == [1]
    await rooms.stop(1)
    await glossaries.remove(1, None, "sala")
    world.board.closed = False
    await rooms.start(RoomPlan(1, 10, 20, ("en",)), 1)
    assert asked == [1, 1]
    assert interpreter.prepared[-1].glossary == DEFAULT["en"]
    await rooms.close()


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Welcome to Parlay, PARLAY!", "Welcome to Parley, Parley!"),
        ("parlays and Parlaytown stay", "parlays and Parlaytown stay"),
        ("par lay two", "Parley 2"),
        ("去 帕雷的服务器", "去 Parley的服务器"),
        ("C++ and C", "See plus plus and C"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_what_was_heard_wrongly_is_put_right_in_whole_words(text: str, right: str) -> None:
    terms = {
        "Parlay": "Parley",
        "par lay two": "Parley 2",
        "par lay": "wrong",
        "帕雷": "Parley",
        "c++": "See plus plus",
    }
    assert corrected(text, terms) == right


@given(st.text(max_size=40), st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5)))
def test_a_text_can_be_put_right_by_any_terms(text: str, terms: dict[str, str]) -> None:
    said = corrected(text, terms)
    assert said == text or occurring(terms, text)
