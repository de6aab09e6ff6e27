"""A room and its page: who gets a link, and what is read there."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from bot.domain.audience import Audience
from bot.domain.events import Echoed, Final, Partial, Source, TurnEnded
from bot.errors import UsageError
from bot.page.feed import GATHER_S, Feed
from bot.page.packets import CloseCode, PageMessage
from bot.words.codes import ORIGINAL
from tests.support.clock import ManualClock
from tests.support.rooms_in_memory import ANA, BEN, House


class OnePage:
    """Pages that keep the feed of the room, and whom a link was made for."""

    offered = True
    audience = (0, 0)

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.links: list[tuple[str, int, str]] = []
        self.revoked: list[tuple[str, int]] = []

    def open(self, audience: Audience, languages: Sequence[str]) -> Feed:
        self.feed = Feed(audience, languages, self.clock, self.clock.now, epoch="x")
        return self.feed

    def link(self, run: str, member_id: int, language: str, *, overlay: bool = False) -> str:
        assert not overlay
        self.links.append((run, member_id, language))
        return "https://parley.example.org/#x"

    def revoke(self, run: str, member_id: int) -> None:
        self.revoked.append((run, member_id))

    def restored(self) -> None:
        raise AssertionError


class PageOf:
    """A reader, and the lines as they stand for them."""

    def __init__(self, pages: OnePage, language: str, member_id: int = BEN.id) -> None:
        self.member_id = member_id
        self._pages = pages
        self._lines: dict[int, tuple[str, bool]] = {}
        self.ended: CloseCode | None = None
        pages.feed.attach(self, 0.0)
        pages.feed.read(self, language, None)

    def ready(self) -> bool:
        return True

    def send(self, message: PageMessage) -> None:
        for event in json.loads(message.data):
            if event["t"] == "line":
                self._lines[event["id"]] = event["text"], event["final"]
            elif event["t"] == "gone":
                del self._lines[event["id"]]

    def end(self, code: CloseCode) -> None:
        self.ended = code

    def drop(self) -> None:
        raise AssertionError

    def lines(self) -> list[tuple[str, bool]]:
        self._pages.clock.advance(GATHER_S)
        return list(self._lines.values())


async def test_the_original_is_on_the_page_where_the_channel_has_none() -> None:
    pages = OnePage()
    house = House(ANA, pages=pages)
    await house.start("en", "es", originals=False)
    house.hear(ANA)
    original, english = PageOf(pages, ORIGINAL), PageOf(pages, "en")
    first = house.interpreter.conversations[0]
    first.say(Source(1, "Guten", "de", final=False))
    assert original.lines() == [("Guten", False)]
    assert house.world.board.standing() == []
    first.say(Partial(1, "Good"))
    first.say(Final(1, "Good morning."))
    first.say(Source(1, "Guten Morgen.", "de", final=True))
    first.say(TurnEnded(1))
    assert original.lines() == [("Guten Morgen.", True)]
    assert english.lines() == [("Good morning.", True)]
    (caption,) = house.world.board.standing()
    assert (caption.text, caption.source_text) == ("Good morning.", "")
    await house.rooms.close()


async def test_what_was_not_final_goes_from_the_page_with_who_is_no_longer_heard() -> None:
    pages = OnePage()
    house = House(ANA, pages=pages)
    await house.start("en", originals=False)
    house.hear(ANA)
    original = PageOf(pages, ORIGINAL)
    (talk,) = house.interpreter.conversations
    talk.say(Source(1, "Mein Geheimnis", "de", final=False))
    assert original.lines() == [("Mein Geheimnis", False)]
    await (await house.rooms.consent(1)).withdraw(ANA.id)
    assert original.lines() == []
    await house.rooms.close()


async def test_own_words_stand_once_on_the_page_and_in_the_channel() -> None:
    pages = OnePage()
    house = House(ANA, pages=pages)
    await house.start("en", originals=False)
    house.hear(ANA)
    original = PageOf(pages, ORIGINAL)
    (talk,) = house.interpreter.conversations
    talk.say(Source(1, "Hello all.", "en", final=True))
    talk.say(Echoed(1))
    talk.say(TurnEnded(1))
    assert original.lines() == [("Hello all.", True)]
    assert [one.text for one in house.world.board.standing()] == ["Hello all."]
    await house.rooms.close()


async def test_a_link_is_for_who_can_see_the_captions_as_discord_says_it_now() -> None:
    pages = OnePage()
    house = House(ANA, pages=pages)
    await house.start("en")
    readers = house.rooms.page_readers
    house.channels.asked = lambda: house.channels.shut_out.discard(BEN.id)
    house.channels.shut_out.add(BEN.id)
    link = await readers.link(1, BEN.id, "en")
    assert pages.links == [(link.run, BEN.id, "en")]
    house.channels.asked = lambda: house.channels.shut_out.add(BEN.id)
    with pytest.raises(UsageError, match="You can't see <#20>"):
        await readers.link(1, BEN.id, "en")
    house.channels.known = False
    with pytest.raises(UsageError, match="couldn't check whether you can see <#20>"):
        await readers.link(1, BEN.id, "en")
    readers.stop(link.run, BEN.id)
    assert pages.revoked == [(link.run, BEN.id)]
    await house.rooms.close()


async def test_readers_are_looked_at_again_and_those_who_may_not_read_are_shut_out() -> None:
    pages = OnePage()
    house = House(ANA, pages=pages)
    await house.start("en")
    stays, goes = PageOf(pages, "en", 7), PageOf(pages, "en", 8)
    readers = house.rooms.page_readers
    assert readers.reading() == {1: frozenset({7, 8})}
    house.channels.asked = lambda: house.channels.shut_out.add(8)
    await readers.look_again(1, {7, 8})
    assert (stays.ended, goes.ended) == (None, CloseCode.NOT_ALLOWED)
    assert readers.reading() == {1: frozenset({7})}
    await house.rooms.close()
    await asyncio.sleep(0)
    assert readers.reading() == {}
