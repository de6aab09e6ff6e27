"""Captions whose webhook, thread or permission is lost and given back, on the loopback Discord.

What a reader sees: each final once and in order, in a place where it is read; why it goes a lesser
way, once; and the better way again once the cause is gone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord
import pytest

from bot.chat.board import ChannelBoard
from bot.chat.boards import Boards
from bot.clock import LoopClock
from bot.domain.events import Caption, Member
from bot.domain.meters import Unmetered
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.loopback import Channel, Message, Permissions
from bot.wall_clock import WallClock
from tests.integration.loopback_bot import Scene, scene, until

ANA, BEN = Member(11, "Ana"), Member(12, "Ben")
FULL = "as many webhooks as Discord allows"
NO_THREADS = "all languages appear together here"


@dataclass
class Hall:
    """A board in a text channel, and who reads there."""

    on: Scene
    board: ChannelBoard
    lost: list[str]
    _keys: int = 0

    def speak(
        self,
        text: str,
        speaker: Member = ANA,
        *,
        final: bool = True,
        key: int = 0,
        code: str = "en",
    ) -> int:
        """Show a caption, or with `key` a later state of one; returns its number."""
        if not key:
            self._keys += 1
            key = self._keys
        began_at = asyncio.get_running_loop().time() - 1.0
        self.board.show(Caption(key, speaker, code, text, "", None, final, began_at))
        return key

    def places(self) -> list[Channel]:
        return [self.on.captions, *self.on.guild.state.threads.values()]

    def standing(self) -> list[Message]:
        """All that can be read, in order."""
        found = [m for place in self.places() for m in place.messages if not m.deleted]
        return sorted(found, key=lambda message: message.id)

    def lines(self) -> list[tuple[str, str]]:
        """Place and row, in order."""
        return [(m.channel.name, row) for m in self.standing() for row in m.content.splitlines()]

    def count(self, text: str) -> int:
        return sum(message.content.count(text) for message in self.standing())

    def where(self, text: str) -> tuple[str, str]:
        """The place of the one message that says so, and under whose name it stands."""
        (message,) = [message for message in self.standing() if text in message.content]
        return message.channel.name, message.author_name

    async def read(self, text: str) -> None:
        await self.on.server.until(lambda: self.count(text) > 0, 15.0, text)

    async def say(self, text: str, speaker: Member = ANA) -> tuple[str, str]:
        """A final of its own message: where it is read, and under whose name."""
        self.speak(text, speaker)
        await self.read(text)
        return self.where(text)

    async def told_once(self, text: str) -> None:
        """People read this by now, and once."""
        await self.read(text)
        assert self.count(text) == 1

    def bot_may(self, **wanted: bool) -> bool:
        text = self.on.text()
        allowed = text.permissions_for(text.guild.me)
        return all(getattr(allowed, name) is there for name, there in wanted.items())


@asynccontextmanager
async def hall(
    languages: tuple[str, ...] = ("en",),
    layout: Layout = Layout.TOGETHER,
    before: Callable[[Scene], None] = lambda _: None,
) -> AsyncIterator[Hall]:
    async with scene() as on:
        before(on)
        await asyncio.sleep(0.1)
        made = Boards(lambda: on.app.id, LoopClock(), WallClock(LoopClock()), Unmetered())

        async def heard(channel: discord.abc.GuildChannel) -> None:
            made.webhooks_changed(channel.id)

        on.client.add_listener(heard, "on_webhooks_update")
        lost: list[str] = []
        channel = on.client.get_channel(on.captions.id)
        look = Look(languages, layout=layout, originals=False)
        board = await made.open(channel, look, lost.append)  # type: ignore[arg-type] # a text channel
        here = Hall(on, board, lost)
        try:
            yield here
            await board.close()
        finally:
            await made.close()
        assert here.lost == [], "the room goes on"
        assert on.server.rate_limited == []


@pytest.fixture(autouse=True)
def _short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least rest is no matter of these tests; `tests/unit/chat/test_refused.py` holds it."""
    monkeypatch.setattr("bot.chat.refused.LEAST_REST_S", 0.0)
    monkeypatch.setattr("bot.chat.webhooks.LOOK_AGAIN_S", 0.0)


# The webhook


async def test_a_webhook_that_is_deleted_as_the_notice_asks_gives_speakers_their_names() -> None:
    def fill(on: Scene) -> None:
        other = on.server.add_bot("Feeds")
        for number in range(15):
            on.guild.add_webhook(on.captions, other, f"Feed {number}")

    async with hall(before=fill) as here:
        assert await here.say("One.") == ("captions", "Parley")
        assert await here.say("Two.", BEN) == ("captions", "Parley")
        await here.read(FULL)
        here.on.guild.delete_webhook(here.on.captions.webhooks[0])
        await asyncio.sleep(0.2)
        assert await here.say("Three.") == ("captions", "Ana")
        assert await here.say("Four.", BEN) == ("captions", "Ben")
        await here.told_once(FULL)
        assert [here.count(text) for text in ("One.", "Two.", "Three.", "Four.")] == [1] * 4
        assert len(here.on.server.complaints) == 1, "one webhook was refused, and none asked for"


async def test_a_channel_that_stays_full_is_asked_once_however_its_webhooks_change() -> None:
    def fill(on: Scene) -> None:
        other = on.server.add_bot("Feeds")
        for number in range(15):
            on.guild.add_webhook(on.captions, other, f"Feed {number}")

    async with hall(before=fill) as here:
        for number in range(5):
            here.on.guild.move_webhook(here.on.captions.webhooks[0], here.on.captions)
            await asyncio.sleep(0.1)
            await here.say(f"Sentence {number}.", (ANA, BEN)[number % 2])
        await here.told_once(FULL)
        assert len(here.on.server.complaints) == 1


@pytest.mark.parametrize("told", [True, False])
async def test_a_webhook_deleted_in_mid_sentence_loses_no_final(*, told: bool) -> None:
    async with hall() as here:
        if not told:
            here.on.client.extra_events.clear()
        key = here.speak("It grows", final=False)
        await here.read("It grows …")
        here.on.guild.delete_webhook(here.on.captions.webhooks[0])
        here.speak("It grows and ends.", key=key)
        await here.read("It grows and ends.")
        assert await here.say("Next.", BEN) == ("captions", "Ben")
        assert here.where("It grows and ends.") == ("captions", "Ana")
        assert here.count("It grows and ends.") == 1
        assert len(here.on.captions.webhooks) == 1


async def test_a_webhook_deleted_for_good_is_told_once_and_finals_are_the_bots_own() -> None:
    async with hall() as here:
        key = here.speak("It grows", final=False)
        await here.read("It grows …")
        here.on.guild.deny(here.on.captions, here.on.app, Permissions.MANAGE_WEBHOOKS)
        await until(lambda: here.bot_may(manage_webhooks=False))
        here.on.guild.delete_webhook(here.on.captions.webhooks[0])
        here.speak("It grows and ends.", key=key)
        await here.read("It grows and ends.")
        assert await here.say("Next.", BEN) == ("captions", "Parley")
        await here.told_once("Manage Webhooks")
        here.on.guild.allow(here.on.captions, here.on.app, Permissions.MANAGE_WEBHOOKS)
        await until(lambda: here.bot_may(manage_webhooks=True))
        assert await here.say("After.", BEN) == ("captions", "Ben")
        for text in ("It grows and ends.", "Next.", "After."):
            assert here.count(text) == 1
        await here.told_once("Manage Webhooks")


async def test_what_stands_final_is_not_said_again_for_a_language_that_comes_later() -> None:
    async with hall(("en", "de")) as here:
        here.speak("Hello.")
        await here.read("Hello.")
        here.on.guild.delete_webhook(here.on.captions.webhooks[0])
        here.speak("Hallo.", code="de")
        await here.read("Hallo.")
        assert (here.count("Hello."), here.count("Hallo.")) == (1, 1)


async def test_a_webhook_that_was_moved_takes_no_captions_along() -> None:
    async with hall() as here:
        await here.say("One.")
        elsewhere = here.on.guild.add_text_channel("elsewhere")
        here.on.guild.move_webhook(here.on.captions.webhooks[0], elsewhere)
        await asyncio.sleep(0.2)
        assert await here.say("Two.", BEN) == ("captions", "Ben")
        assert elsewhere.messages == []


async def test_webhooks_that_vanish_at_once_are_made_seldom() -> None:
    async with hall() as here:
        made: list[str] = []
        chat = here.on.server._backend.chat
        new = chat.new_webhook

        def vanishing(*given: object) -> object:
            webhook = new(*given)  # type: ignore[arg-type] # handed on
            made.append(webhook.name)
            asyncio.get_running_loop().call_soon(chat.remove_webhook, webhook)
            return webhook

        chat.new_webhook = vanishing  # type: ignore[assignment,method-assign] # a jealous bot
        here.on.guild.delete_webhook(here.on.captions.webhooks[0])
        await asyncio.sleep(0.1)
        for number in range(4):
            await here.say(f"Sentence {number}.", (ANA, BEN)[number % 2])
        assert len(made) <= 2
        await here.told_once("gets deleted as soon as I create it")


# The bot's own messages


async def test_notices_go_by_the_webhook_while_the_bot_may_not_post() -> None:
    async with hall() as here:
        await here.say("One.")
        here.on.guild.deny(here.on.captions, here.on.app, Permissions.SEND_MESSAGES)
        await until(lambda: here.bot_may(send_messages=False))
        here.board.say("A notice.")
        await here.read("A notice.")
        assert await here.say("Two.", BEN) == ("captions", "Ben")
        here.on.guild.allow(here.on.captions, here.on.app, Permissions.SEND_MESSAGES)
        await until(lambda: here.bot_may(send_messages=True))
        here.board.say("Another notice.")
        await here.read("Another notice.")
        notices = [m for m in here.standing() if "notice" in m.content]
        assert [message.webhook_id is None for message in notices] == [False, True]
        assert here.on.server.complaints == []


# Threads


def thread(here: Hall, code: str = "EN") -> Channel:
    (found,) = [t for t in here.on.guild.state.threads.values() if t.name.startswith(code)]
    return found


CLOSED: dict[str, Callable[[Hall, Channel], None]] = {
    "deleted": lambda here, at: here.on.guild.delete_channel(at),
    "locked": lambda here, at: here.on.guild.change_thread(at, locked=True),
    "locked and archived": lambda here, at: here.on.guild.change_thread(
        at, locked=True, archived=True
    ),
}


@pytest.mark.parametrize("how", CLOSED)
async def test_a_thread_lost_in_mid_sentence_is_replaced_and_no_final_is_lost(how: str) -> None:
    async with hall(layout=Layout.THREADS) as here:
        await here.say("Before.")
        growing = [here.speak(f"{who} grows", by, final=False) for who, by in _BOTH]
        for who, _ in _BOTH:
            await here.read(f"{who} grows …")
        old = thread(here)
        CLOSED[how](here, old)
        for key, (who, by) in zip(growing, _BOTH, strict=True):
            here.speak(f"{who} grows and ends.", by, key=key)
        for who, _ in _BOTH:
            await here.read(f"{who} grows and ends.")
        await here.say("After.", BEN)
        finals = ["Ana grows and ends.", "Ben grows and ends.", "After."]
        assert [row for _, row in here.lines() if row in finals] == finals
        for text in finals:
            (message,) = [m for m in here.standing() if text in m.content]
            # What stands in a thread that is locked can still be changed.
            assert message.channel is not old or (how == "locked" and text != "After.")
            assert message.channel.name.startswith("EN")
        assert len([t for t in here.places() if t is not old]) == 2, "one new thread"


_BOTH = (("Ana", ANA), ("Ben", BEN))


async def test_an_archived_thread_wakes_for_the_final_of_what_stands_in_it() -> None:
    async with hall(layout=Layout.THREADS) as here:
        key = here.speak("It grows", final=False)
        await here.read("It grows …")
        here.on.guild.change_thread(thread(here), archived=True)
        await asyncio.sleep(0.1)
        here.speak("It grows and ends.", key=key)
        await here.read("It grows and ends.")
        assert [row for _, row in here.lines()] == ["It grows and ends."]
        assert not thread(here).archived


async def test_without_the_permission_a_lost_thread_falls_to_the_channel_and_comes_back() -> None:
    async with hall(("en", "de"), Layout.THREADS) as here:
        await here.say("Before.")
        needed = Permissions.CREATE_PUBLIC_THREADS
        here.on.guild.deny(here.on.captions, here.on.app, needed)
        await until(lambda: here.bot_may(create_public_threads=False))
        key = here.speak("It grows", final=False)
        await here.read("It grows …")
        here.on.guild.delete_channel(thread(here))
        here.speak("It grows and ends.", key=key)
        await here.read("It grows and ends.")
        here.speak("Und deutsch.", BEN, code="de")
        await here.read("Und deutsch.")
        assert here.where("It grows and ends.") == ("captions", "Ana")
        assert here.where("Und deutsch.") == ("captions", "Ben")
        await here.told_once(NO_THREADS)
        here.on.guild.allow(here.on.captions, here.on.app, needed)
        await until(lambda: here.bot_may(create_public_threads=True))
        assert (await here.say("After.", BEN))[0].startswith("EN")
        here.speak("Danach.", BEN, code="de")
        await here.read("Danach.")
        assert here.where("Danach.")[0].startswith("DE")
        for text in ("It grows and ends.", "Und deutsch.", "After.", "Danach."):
            assert here.count(text) == 1
        await here.told_once(NO_THREADS)


async def test_threads_begin_when_the_permission_comes_after_the_start() -> None:
    needed = Permissions.SEND_MESSAGES_IN_THREADS

    def refuse(on: Scene) -> None:
        on.guild.deny(on.captions, on.app, needed)

    async with hall(("en", "de"), Layout.THREADS, before=refuse) as here:
        await here.read(NO_THREADS)
        key = here.speak("It grows", final=False)
        await here.read("It grows …")
        here.on.guild.allow(here.on.captions, here.on.app, needed)
        await until(lambda: here.bot_may(send_messages_in_threads=True))
        here.speak("It grows and ends.", key=key)
        assert (await here.say("After.", BEN))[0].startswith("EN")
        await here.read("It grows and ends.")
        assert here.where("It grows and ends.") == ("captions", "Ana")
        await here.told_once(NO_THREADS)


async def test_threads_begin_when_the_server_has_room_for_them() -> None:
    def fill(on: Scene) -> None:
        on.guild.state.most_threads = 1
        on.server._backend.chat.start_thread(on.captions, on.ana.user, "A talk", {})

    async with hall(("en", "de"), Layout.THREADS, before=fill) as here:
        here.speak("One.")
        here.speak("Eins.", code="de")
        await here.read("One.")
        await here.read("Eins.")
        assert {here.where(text)[0] for text in ("One.", "Eins.")} == {"captions"}
        await here.told_once("as many active threads as Discord allows")
        refused = len(here.on.server.complaints)
        await here.say("Two.", BEN)
        assert len(here.on.server.complaints) == refused, "not asked for again"
        (talk,) = here.on.guild.state.threads.values()
        here.on.guild.change_thread(talk, archived=True)
        await asyncio.sleep(0.2)
        assert (await here.say("Three."))[0].startswith("EN")
        assert [here.count(text) for text in ("One.", "Two.", "Three.")] == [1] * 3


async def test_threads_that_are_deleted_again_and_again_are_not_made_for_ever() -> None:
    async with hall(layout=Layout.THREADS) as here:
        for number in range(8):
            place, _ = await here.say(f"Sentence {number}.", (ANA, BEN)[number % 2])
            if place != "captions":
                here.on.guild.delete_channel(thread(here))
                await asyncio.sleep(0.1)
        said = [row for place, row in here.lines() if place == "captions" and "Sentence" in row]
        assert said == [f"`EN` Sentence {number}." for number in range(4, 8)]
        await here.told_once(NO_THREADS)


async def test_without_webhook_and_without_leave_in_threads_captions_stand_above() -> None:
    def alone(on: Scene) -> None:
        on.guild.deny(on.captions, on.app, Permissions.MANAGE_WEBHOOKS)

    async with hall(layout=Layout.THREADS, before=alone) as here:
        assert (await here.say("Before."))[0].startswith("EN")
        needed = Permissions.SEND_MESSAGES_IN_THREADS
        here.on.guild.deny(here.on.captions, here.on.app, needed)
        await until(lambda: here.bot_may(send_messages_in_threads=False))
        assert await here.say("Meanwhile.", BEN) == ("captions", "Parley")
        here.on.guild.allow(here.on.captions, here.on.app, needed)
        await until(lambda: here.bot_may(send_messages_in_threads=True))
        assert (await here.say("After."))[0].startswith("EN")
        await here.told_once(NO_THREADS)
        await here.told_once("I don't have the Manage Webhooks permission")


async def test_an_announcement_channel_has_its_own_kind_of_thread() -> None:
    async with scene() as on:
        news = on.guild.add_announcement_channel("news")
        await until(lambda: on.client.get_channel(news.id))
        made = Boards(lambda: on.app.id, LoopClock(), WallClock(LoopClock()), Unmetered())
        channel = on.client.get_channel(news.id)
        board = await made.open(channel, Look(("en",), layout=Layout.THREADS))  # type: ignore[arg-type] # a text channel
        now = asyncio.get_running_loop().time()
        board.show(Caption(1, ANA, "en", "Heard.", "", None, final=True, began_at=now))
        await board.close()
        await made.close()
        (opened,) = on.guild.state.threads.values()
        assert [message.content for message in opened.messages] == ["Heard."]
        assert on.server.complaints == []
