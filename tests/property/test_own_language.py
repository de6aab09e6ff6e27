"""Whoever speaks a language of the room reads in it what they said, whatever else is set."""

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.rendering.render import Style, messages
from bot.domain.events import (
    Caption,
    ConversationEvent,
    Echoed,
    Final,
    Member,
    Partial,
    Source,
    TurnEnded,
)
from bot.room.captions import CaptionLine, Captions
from bot.room.written.text_language import TextLanguage
from tests.support.texts import MemoryTexts

ANA = Member(1, "Ana")
CODES = ("en", "es", "de", "ja")
SAID = "what was said"
rooms = st.lists(st.sampled_from(CODES), min_size=1, max_size=4, unique=True)


def conversation(target: str, spoken: str) -> list[ConversationEvent]:
    """What a conversation says of a turn, its echo found out late."""
    half, whole = Source(1, "what", spoken, final=False), Source(1, SAID, spoken, final=True)
    if target == spoken:
        return [Partial(1, "what"), half, Echoed(1), whole, TurnEnded(1)]
    text = f"into {target}"
    return [Partial(1, text[:5]), half, Final(1, text), whole, TurnEnded(1)]


@given(room=rooms, spoken=st.sampled_from([*CODES, "fr"]), data=st.data())
def test_speech_in_a_language_of_the_room_is_a_full_line_there_and_nowhere_small(
    room: list[str], spoken: str, data: st.DataObject
) -> None:
    originals, threads = data.draw(st.booleans()), data.draw(st.booleans())
    captions = Captions(originals=originals)
    shown: dict[int, Caption] = {}

    def take(language: str, event: ConversationEvent, made_from: str | None = None) -> None:
        caption = captions.apply(CaptionLine(1, language), ANA, event, 0.0, made_from=made_from)
        if caption is not None:
            shown[caption.key] = caption

    lead, *others = room
    texts = MemoryTexts()
    written = {
        language: TextLanguage(
            language,
            lead,
            texts,
            lambda event, language=language: take(language, event, lead),  # type: ignore[misc]
            glossary={},
            guild_id=1,
        )
        for language in others
        if data.draw(st.booleans())
    }
    for event in conversation(lead, spoken):
        take(lead, event)
        for further in written.values():
            further.take(event)
    while waiting := texts.open():
        waiting[0].answer(f"into {waiting[0].request.target}")
    for language in set(others) - set(written):
        for event in conversation(language, spoken):
            take(language, event)

    own = [caption for caption in shown.values() if caption.language == spoken]
    assert [(caption.text, caption.final) for caption in own] == [(SAID, True)] * (spoken in room)
    places = [[language] for language in room] if threads else [room]
    for place in places:
        here = [caption for caption in shown.values() if caption.language in place]
        style = Style(tuple(place), originals=originals, room=tuple(room))
        rows = "\n".join(messages([here], style)).split("\n")
        small = [row for row in rows if row.startswith("-# ")]
        assert len(small) == (originals and spoken not in room)
        full = [row for row in rows if row.endswith(SAID) and row not in small]
        assert len(full) == (spoken in place)
