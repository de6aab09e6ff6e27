"""Whatever a room's languages and the one spoken: what is said in one of them is its line."""

import asyncio
import itertools
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.room.captions import CaptionLine, Captions
from bot.room.utterances import Utterances
from bot.room.written.text_language import TextLanguage
from bot.words.codes import same_language
from tests.support.crowd import Hall
from tests.support.texts import MemoryTexts

LANGUAGES = ("en", "es", "fr", "nb")
SPOKEN = (*LANGUAGES, "no", "en-US", "de")  # as a service names it
ANA = Member(1, "speaker0")
rooms = st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=4, unique=True)


def words_in(language: str, turn: int, count: int = 4) -> str:
    """Words that tell their language and utterance, as `Hall` reads them."""
    return " ".join([f"{re.sub('[^a-z]', '', language.lower())}0n{turn}"] * count)


def said(target: str, spoken: str, turn: int, *, named: str) -> Iterator[ConversationEvent]:
    """What a conversation says of a turn."""
    early = spoken if named == "early" else None
    echo = same_language(spoken, target)
    for count in (1, 2):
        yield Source(turn, words_in(spoken, turn, count), early, final=False)
        if early is None or not echo:
            yield Partial(turn, words_in(target, turn, count))
        if echo and early is not None:
            yield Echoed(turn)
    if early is None or not echo:
        yield Final(turn, words_in(target, turn))
    yield Source(turn, words_in(spoken, turn), spoken, final=True)
    if echo:
        yield Echoed(turn)
    yield TurnEnded(turn)


class Call:
    """A speaker's words on their way to a text channel, each language heard or written.

    Args:
        languages: The room's; the first leads.
        layout: Where they stand.
        originals: Whether others are shown.
        written: All but the first are made from its source text.
    """

    def __init__(
        self, languages: list[str], layout: Layout, *, originals: bool, written: bool
    ) -> None:
        self.languages = languages
        look = Look(tuple(languages), layout=layout, originals=originals)
        self.hall = Hall(look, random.Random(1))
        self.captions = Captions(originals=originals)
        self.shown: list[tuple[float, Caption]] = []
        self.utterances = Utterances()
        self.now = self.began = 0.0
        self.texts = {one: MemoryTexts(one) for one in languages[1:] if written}
        self.further = {
            one: TextLanguage(one, languages[0], texts, self.listener(one), glossary={}, guild_id=1)
            for one, texts in self.texts.items()
        }

    def listener(self, language: str) -> Callable[[ConversationEvent], None]:
        made_from = self.languages[0] if language in self.texts else None

        def told(event: ConversationEvent) -> None:
            caption = self.captions.apply(
                CaptionLine(1, language), ANA, event, self.began, made_from=made_from
            )
            if caption is not None:
                number = self.utterances.of(caption, self.now)
                self.shown.append((self.now, replace(caption, utterance=number)))

        return told

    def say(self, spoken: str, turn: int, *, named: str) -> None:
        """One utterance, each conversation's events in step."""
        self.began = self.now
        heard = [one for one in self.languages if one not in self.texts]
        events = [list(said(one, spoken, turn, named=named)) for one in heard]
        for step in itertools.zip_longest(*events):
            self.now += 0.4
            for language, event in zip(heard, step, strict=True):
                if event is None:
                    continue
                self.listener(language)(event)
                if language == self.languages[0]:
                    for further in self.further.values():
                        further.take(event)
            for language, texts in self.texts.items():
                for ticket in texts.open():
                    text = ticket.request.text
                    same = same_language(spoken, language)
                    ticket.answer(text if same else words_in(language, turn, len(text.split())))
        self.now += 8.0


@pytest.mark.parametrize("layout", list(Layout))
@given(
    rooms,
    st.lists(st.sampled_from(SPOKEN), min_size=1, max_size=4),
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from(["early", "late"]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_said_is_one_line_in_its_language_where_the_room_has_it(
    layout: Layout,
    languages: list[str],
    spoken: list[str],
    ways: tuple[bool, bool],
    named: str,
) -> None:
    originals, written = ways
    call = Call(languages, layout, originals=originals, written=written)
    for turn, language in enumerate(spoken, 1):
        call.say(language, turn, named=named)
    asyncio.run(call.hall.hear(call.shown))

    apart = layout is Layout.THREADS
    for place in languages if apart else [""]:
        messages = [one.content for one in call.hall.messages.values() if one.place == place]
        rows = [row for content in messages for row in content.split("\n")]
        rows = [row.replace("**speaker0** ", "") for row in rows]  # of the bot's own messages
        assert not any(row.endswith("…") for row in rows)
        for turn, heard in enumerate(spoken, 1):
            mine = [row for row in rows if f"0n{turn}" in row]
            large = [row for row in mine if not row.startswith("-# ")]
            small = [row for row in mine if row.startswith("-# ")]
            own = next((one for one in languages if same_language(heard, one)), None)
            expected = []
            for one in [place] if apart else languages:
                label = "" if apart or len(languages) == 1 else f"`{one.upper()}` "
                expected.append(f"{label}{words_in(heard if one == own else one, turn)}")
            assert large == expected
            if own is None and originals:  # how much of it, is a matter of how scarce requests are
                assert all(row.startswith(f"-# {heard.lower()} · ") for row in small)
            else:
                assert small == []
