"""Boards on the loopback Discord through discord.py, its limits on: what people read there."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.chat.board import ChannelBoard
from bot.chat.boards import Boards
from bot.chat.webhook_or_bot import ChannelTransport
from bot.chat.webhooks import Webhooks
from bot.clock import LoopClock
from bot.domain.events import Caption, Member
from bot.domain.meters import Unmetered
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.loopback import Channel, Message, Permissions
from bot.wall_clock import WallClock
from tests.integration.loopback_bot import Scene, scene, until
from tests.support.crowd import Talk, rows_of, spoken_words, whole_words

ANA = Member(11, "Ana")
ALL = ("en", "ja")


@asynccontextmanager
async def boards(on: Scene) -> AsyncIterator[Boards]:
    made = Boards(lambda: on.app.id, LoopClock(), WallClock(LoopClock()), Unmetered())
    try:
        yield made
    finally:
        await made.close()


async def opened(
    made: Boards, on: Scene, look: Look, channel: Channel | None = None
) -> ChannelBoard:
    place = on.client.get_channel((channel or on.captions).id)
    return await made.open(place, look)  # type: ignore[arg-type] # a channel of the loopback


def said(
    key: int,
    text: str,
    language: str = "en",
    *,
    final: bool = True,
    speaker: Member = ANA,
    of: int = 0,
) -> Caption:
    """A caption of the utterance `of`; 0: of its own."""
    at = asyncio.get_running_loop().time() - 1.0
    return Caption(key, speaker, language, text, "", None, final, at, utterance=of)


def standing(channel: Channel) -> list[Message]:
    return [message for message in channel.messages if not message.deleted]


def texts(channel: Channel) -> list[tuple[str, str]]:
    return [(message.author_name, message.content) for message in standing(channel)]


@dataclass
class Readers:
    """Who read along: what is final, since when, and when it stood where."""

    places: Callable[[], list[Channel]]
    finals: dict[str, float] = field(default_factory=dict)
    stood: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Read what stands now."""
        now = asyncio.get_running_loop().time()
        for message in (message for place in self.places() for message in standing(place)):
            assert not message.mention_everyone
            assert not message.mentions
            for word in whole_words(message.content) & self.finals.keys() - self.stood.keys():
                self.stood[word] = now

    async def listen(self, board: ChannelBoard, talk: Talk) -> None:
        """Show what is said when it is said, and read meanwhile."""
        time = asyncio.get_running_loop().time
        begin = time()
        for at, caption in talk.events(random.Random(1)):
            while (left := begin + at - time()) > 0:
                await asyncio.sleep(min(left, 0.05))
                self.look()
            board.show(replace(caption, began_at=begin + caption.began_at))
            if caption.final:
                self.finals.setdefault(caption.text.split()[0], time())

    def late_s(self, share: float) -> float:
        """Seconds from final to standing, below which so many are."""
        late = sorted(self.stood[word] - at for word, at in self.finals.items())
        return late[int(len(late) * share)]


@pytest.mark.parametrize("layout", list(Layout))
async def test_a_crowd_is_shown_whole_in_order_soon_and_without_a_429(layout: Layout) -> None:
    talk = Talk(8, ("en", "es", "de"), at_once=True, seconds=12.0)
    apart = layout is Layout.THREADS
    async with scene() as on, boards(on) as made:
        readers = Readers(lambda: list(on.guild.state.threads.values()) if apart else [on.captions])
        board = await opened(made, on, Look(talk.languages, layout=layout))
        await readers.listen(board, talk)
        figures = board.figures()
        await board.close()
        readers.look()
        assert on.server.rate_limited == []
        assert on.server.complaints == []
        assert figures["step"] > 0
        assert figures["own"] == len(readers.places())
        assert readers.late_s(0.95) <= 4.0
        numbers: dict[tuple[str, str], list[int]] = {}
        for place in readers.places():
            for name, label, text in rows_of(texts(place)):
                assert not text.endswith("…"), "no stale interim"
                (language, speaker, number), _ = spoken_words(text)
                assert (name, label) == (f"speaker{speaker}", "" if apart else language.upper())
                assert place.name.startswith(language.upper()) or not apart
                numbers.setdefault((name, language), []).append(number)
        assert len(numbers) == 24
        for found in numbers.values():
            assert found == list(range(len(found))), "each once, in order"


async def test_whatever_is_said_and_whoever_says_it_is_shown_as_plain_words_and_whole() -> None:
    nasty = "@everyone **bold** `x` <@1> # [a](https://x.example)"
    long = " ".join(f"word{n}." for n in range(600))  # above 5,000 characters, without a pause
    hebrew = "שלום \u202eעולם"  # noqa: RUF001 - its letters
    people = [Member(20 + n, name) for n, name in enumerate(("clyde", "Discord Fan", "everyone"))]
    async with scene() as on, boards(on) as made:
        board = await opened(made, on, Look(("en",)))
        for key, (member, text) in enumerate(zip(people, (nasty, long, hebrew), strict=True)):
            board.show(said(key, text, speaker=member))
        await board.close()
        shown = standing(on.captions)
        assert [m for m in shown if m.mention_everyone or m.mentions] == []
        assert on.server.complaints == []
        assert all(len(m.content) <= 2000 for m in shown)
        first, *parts, last = shown
        assert "\\*\\*bold\\*\\* \\`x\\` \\<@\u200b1>" in first.content
        assert " ".join(part.content for part in parts) == long
        assert all(part.content.endswith(".") for part in parts), "split where sentences end"
        assert last.content == "\u2068שלום עולם\u2069"  # noqa: RUF001 - its letters
        assert [m.author_name.lower() for m in (first, last)] != ["clyde", "everyone"]


async def test_languages_stand_together_a_line_each_and_interims_become_final() -> None:
    async with scene() as on, boards(on) as made:
        board = await opened(made, on, Look(ALL))
        board.show(said(2, "こん", "ja", final=False, of=1))
        board.show(said(1, "Hello.", "en", of=1))
        board.show(said(2, "こんにちは。", "ja", of=1))
        await board.close()
        assert texts(on.captions) == [("Ana", "`EN` Hello.\n`JA` こんにちは。")]


async def test_each_language_has_its_thread_which_is_found_again_and_reopened() -> None:
    look = Look(ALL, layout=Layout.THREADS)
    async with scene() as on:
        for round_ in (1, 2):
            async with boards(on) as made:
                board = await opened(made, on, look)
                board.show(said(round_, f"Hello {round_}.", "en"))
                board.show(said(round_ + 10, f"こんにちは {round_}。", "ja"))
                board.say("A notice.")
                await board.close()
            threads = {thread.name: thread for thread in on.guild.state.threads.values()}
            assert set(threads) == {"EN · English", "JA · 日本語"}
            for thread in threads.values():
                assert not thread.archived
                on.server._backend.chat.change_thread(thread, archived=True)
            await asyncio.sleep(0.1)
        assert texts(threads["EN · English"]) == [("Ana", "Hello 1."), ("Ana", "Hello 2.")]
        assert texts(threads["JA · 日本語"]) == [
            ("Ana", "こんにちは 1。"),
            ("Ana", "こんにちは 2。"),
        ]
        assert texts(on.captions) == [("Parley", "A notice.")] * 2
        assert on.server.complaints == []


async def test_a_thread_that_was_deleted_is_started_anew() -> None:
    async with scene() as on, boards(on) as made:
        board = await opened(made, on, Look(("en",), layout=Layout.THREADS))
        board.show(said(1, "One."))
        await on.server.until(lambda: bool(on.guild.state.threads), what="the thread")
        (thread,) = on.guild.state.threads.values()
        await on.server.until(lambda: bool(thread.messages), what="the caption")
        on.guild.delete_channel(thread)
        await asyncio.sleep(0.1)
        board.show(said(2, "Two."))
        await board.close()
        (again,) = (t for t in on.guild.state.threads.values() if t is not thread)
        assert texts(again) == [("Ana", "Two.")]


async def test_where_there_can_be_no_threads_captions_stand_together_and_it_is_said_once() -> None:
    look = Look(ALL, layout=Layout.THREADS)
    async with scene() as on, boards(on) as made:
        on.guild.deny(on.captions, on.app, Permissions.CREATE_PUBLIC_THREADS)
        await asyncio.sleep(0.1)
        for channel, reason in ((on.captions, "Create Public Threads"), (on.lounge, "can't have")):
            board = await opened(made, on, look, channel)
            board.show(said(1, "Hello.", "en", of=1))
            board.show(said(2, "こんにちは。", "ja", of=1))
            await board.close()
            notice, caption = sorted(texts(channel), reverse=True)
            assert reason in notice[1]
            assert caption == ("Ana", "`EN` Hello.\n`JA` こんにちは。")
        assert on.server.complaints == []


async def test_a_language_added_while_it_runs_gets_its_line() -> None:
    async with scene() as on, boards(on) as made:
        board = await opened(made, on, Look(("en",)))
        board.show(said(1, "One.", "en"))
        await on.server.until(lambda: bool(on.captions.messages), what="the first caption")
        board.languages_changed(ALL)
        board.show(said(2, "Two.", "en", speaker=Member(12, "Ben"), of=2))
        board.show(said(3, "二。", "ja", speaker=Member(12, "Ben"), of=2))
        await board.close()
        assert texts(on.captions) == [("Ana", "One."), ("Ben", "`EN` Two.\n`JA` 二。")]


async def test_a_deleted_webhook_is_made_anew_and_a_forbidden_one_is_said_once() -> None:
    async with scene() as on, boards(on) as made:
        board = await opened(made, on, Look(("en",)))
        on.server._backend.chat.remove_webhook(on.captions.webhooks[0])
        board.show(said(1, "One."))
        await on.server.until(lambda: bool(on.captions.messages), what="the first caption")
        on.guild.deny(on.captions, on.app, Permissions.MANAGE_WEBHOOKS)
        await asyncio.sleep(0.1)
        on.server._backend.chat.remove_webhook(on.captions.webhooks[0])
        board.show(said(2, "Two."))
        board.show(said(3, "Three.", speaker=Member(12, "Ben")))
        await board.close()
        first, *rest = texts(on.captions)
        assert first == ("Ana", "One.")
        assert [text for _, text in rest if "Manage Webhooks" in text] == [
            text for _, text in rest if not text.startswith("**")
        ]
        assert [text for _, text in rest if text.startswith("**")] == [
            "**Ana** Two.",
            "**Ben** Three.",
        ]


async def test_captions_are_the_bots_own_until_discord_gives_a_webhook() -> None:
    async with scene() as on, boards(on) as made:
        trouble = on.server.trouble("/channels/.*/webhooks", status=500)
        begin = asyncio.get_running_loop().time()
        board = await opened(made, on, Look(("en",)))
        assert 4.0 < asyncio.get_running_loop().time() - begin < 8.0
        board.show(said(1, "One."))
        board.show(said(2, "Two."))
        await on.server.until(lambda: bool(standing(on.captions)), 2.0, "what does not wait")
        await on.server.until(lambda: len(standing(on.captions)) == 3)
        assert [message.webhook_id for message in standing(on.captions)] == [None] * 3
        assert {name for name, _ in texts(on.captions)} == {"Parley"}
        shown = [content for _, content in texts(on.captions)]
        assert shown[0] == "**Ana** One."
        assert sum("isn't giving me a webhook" in content for content in shown) == 1
        trouble.end()
        await until(lambda: on.captions.webhooks)
        board.show(said(3, "Three."))
        await board.close()
        last = standing(on.captions)[-1]
        assert (last.author_name, last.content) == ("Ana", "Three.")
        assert len(on.captions.webhooks) == 1
        assert trouble.met >= 2


async def test_a_post_that_was_not_answered_does_not_stand_twice() -> None:
    async with scene() as on, boards(on) as made:
        board = await opened(made, on, Look(("en",)))
        taken = on.server._backend.chat.post

        def swallowed(message: Message) -> None:
            on.server._backend.chat.post = taken  # type: ignore[method-assign] # once
            taken(message)
            raise ConnectionResetError

        on.server._backend.chat.post = swallowed  # type: ignore[method-assign] # its answer is lost
        board.show(said(1, "Only once."))
        await board.close()
        assert texts(on.captions) == [("Ana", "Only once.")]


@pytest.mark.parametrize("together", [True, False])
async def test_captions_of_an_earlier_run_are_found_and_removed_and_nothing_else(
    *, together: bool
) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    async with scene() as on:
        if together:
            on.guild.allow(on.captions, on.app, Permissions.MANAGE_MESSAGES)
        async with boards(on) as made:
            board = await opened(made, on, Look(("en",)))
            for key in range(3):
                board.show(said(key, f"Sentence {key}.", speaker=Member(20 + key, "x")))
            board.say("A notice.")
            await board.close()
        on.ana.write("Hello all", on.captions)
        transport = ChannelTransport(on.text(), Webhooks(lambda: on.app.id, LoopClock()))
        found = [ref async for ref, since in transport.history() if since >= began]
        assert len(found) == 3
        assert await transport.delete_all(found) is together
        for ref in found:
            await transport.delete(ref)
        assert sorted(text for _, text in texts(on.captions)) == ["A notice.", "Hello all"]
