"""Captions as the bot's own messages, on the loopback Discord through discord.py."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.chat.board import ChannelBoard
from bot.chat.boards import Boards
from bot.chat.budget import Budget, Budgets, own_budget
from bot.chat.threads import LanguageThread
from bot.chat.transport import DIGEST
from bot.chat.webhook_or_bot import ChannelTransport
from bot.chat.webhooks import Webhooks
from bot.clock import LoopClock
from bot.domain.events import Caption, Member
from bot.domain.meters import Unmetered
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.loopback import Channel, Message, Permissions
from bot.loopback.rest.trouble import RestTrouble
from bot.wall_clock import WallClock
from tests.integration.loopback_bot import Scene, scene, until
from tests.support.clock import ManualClock

ANA, BEN = Member(11, "Ana"), Member(12, "B*e*n")


def said(key: int, text: str, speaker: Member = ANA, language: str = "en") -> Caption:
    began_at = asyncio.get_running_loop().time() - 1.0 + key / 1000
    return Caption(key, speaker, language, text, "", None, final=True, began_at=began_at)


def spent() -> Budget:
    """A webhook's, of which nothing is left."""
    budget, now = Budget(), LoopClock().now()
    while budget.level(now) >= 1:
        budget.spent(now - 3.0)
    return budget


def crowded(transport: ChannelTransport) -> ChannelBoard:
    return ChannelBoard(transport, LoopClock(), Look(("en",), originals=False), budget=spent())


def place(on: Scene) -> ChannelTransport:
    return ChannelTransport(on.text(), Webhooks(lambda: on.app.id, LoopClock()))


def standing(channel: Channel) -> list[Message]:
    return [message for message in channel.messages if not message.deleted]


def shown(channel: Channel) -> list[tuple[bool, str]]:
    """Whether each message came by webhook, and what it says."""
    return [(message.webhook_id is not None, message.content) for message in standing(channel)]


async def test_digests_are_the_bots_own_with_names_in_bold_and_ping_nobody() -> None:
    async with scene() as on:
        board = crowded(place(on))
        board.show(said(1, f"@everyone <@{on.ana.id}> One."))
        for key, speaker in enumerate([BEN, ANA, BEN, BEN], 2):
            board.show(said(key, f"Sentence {key}.", speaker))
        await board.close()
        messages = standing(on.captions)
        assert len(messages) < 5, "several share one"
        assert all(message.webhook_id is None for message in messages)
        assert "\n".join(message.content for message in messages) == (
            f"**Ana** @\u200beveryone \\<@\u200b{on.ana.id}> One.\n"
            "**B\\*e\\*n** Sentence 2.\n"
            "**Ana** Sentence 3.\n"
            "**B\\*e\\*n** Sentence 4.\n"
            "Sentence 5."
        )
        assert not any(message.mention_everyone or message.mentions for message in messages)
        assert on.server.complaints == []
        assert on.server.rate_limited == []


async def test_it_is_edited_and_removed_as_the_bots_own_also_with_a_webhook_at_hand() -> None:
    async with scene() as on:
        transport = place(on)
        by_webhook = (await transport.post(ANA, "by webhook")).ref
        alone = (await transport.post(ANA, "One", own=True)).ref
        several = (await transport.post(DIGEST, "**Ana** Two", own=True)).ref
        await transport.edit(alone, ANA, "One.")
        await transport.edit(several, DIGEST, "**Ana** Two.")
        await transport.edit(by_webhook, ANA, "by webhook.")
        assert shown(on.captions) == [
            (True, "by webhook."),
            (False, "**Ana** One."),
            (False, "**Ana** Two."),
        ]
        for ref in (alone, several):
            await transport.delete(ref)
        assert shown(on.captions) == [(True, "by webhook.")]


async def test_the_longest_caption_under_the_longest_name_fits() -> None:
    async with scene() as on:
        board = crowded(place(on))
        for key in (1, 2):
            board.show(said(key, "word. " * 500, Member(12 + key, "*" * 100)))
        await board.close()
        messages = standing(on.captions)
        assert len(messages) > 3
        assert all(len(message.content) <= 2000 for message in messages)
        assert all(message.webhook_id is None for message in messages)
        assert sum(message.content.count("word.") for message in messages) == 1000
        assert on.server.complaints == []


async def test_without_send_messages_digests_go_by_the_webhook() -> None:
    async with scene() as on:
        board = crowded(place(on))
        on.guild.deny(on.captions, on.app, Permissions.SEND_MESSAGES)
        text = on.text()
        await until(lambda: not text.permissions_for(text.guild.me).send_messages)
        board.show(said(1, "One."))
        board.show(said(2, "Two.", BEN))
        await board.close()
        (message,) = standing(on.captions)
        assert message.webhook_id is not None
        assert message.author_name == "Parley"
        assert message.content == "**Ana** One.\n**B\\*e\\*n** Two."
        assert on.server.complaints == []


async def test_a_refusal_in_the_middle_costs_nothing_and_is_not_provoked_again() -> None:
    async with scene() as on:
        board = crowded(place(on))
        board.show(said(1, "One."))
        board.show(said(2, "Two.", BEN))
        await on.server.until(lambda: bool(standing(on.captions)), what="the first digest")
        refused = on.server.fail_next("POST", r"/channels/\d+/messages", 403, times=100)
        for key, (text, speaker) in enumerate([("Three.", ANA), ("Four.", BEN)], 3):
            board.show(said(key, text, speaker))
        await on.server.until(lambda: len(standing(on.captions)) > 1, what="the second digest")
        board.show(said(5, "Five."))
        board.show(said(6, "Six.", BEN))
        await board.close()
        routes = [by_webhook for by_webhook, _ in shown(on.captions)]
        assert routes == [False] + [True] * (len(routes) - 1)
        text = "\n".join(content for _, content in shown(on.captions))
        found = [text.find(word) for word in ("One", "Two", "Three", "Four", "Five", "Six")]
        assert -1 not in found
        assert found == sorted(found)
        assert refused.met == 1


async def test_refused_own_messages_are_tried_again_after_growing_rests_or_a_change() -> None:
    async with scene() as on:
        clock = ManualClock()
        transport = ChannelTransport(on.text(), Webhooks(lambda: on.app.id, clock))
        trouble = on.server.trouble(r"/channels/\d+/messages", method="POST", status=403)
        for second in range(1800):
            if transport.own_budget() is not None:
                posted = await transport.post(ANA, f"Sentence {second}.", own=True)
                assert posted.ref.webhook_id is not None
            clock.advance(1.0)
        assert 3 <= trouble.met <= 6
        trouble.end()
        assert transport.own_budget() is None
        on.guild.deny(on.captions, on.app, Permissions.ADD_REACTIONS)  # whichever it is
        await until(lambda: transport.own_budget() is not None)
        assert (await transport.post(ANA, "Own.", own=True)).ref.webhook_id is None
        clock.advance(1.0)
        assert transport.own_budget() is not None


async def test_a_name_that_discord_refuses_is_not_offered_with_each_caption() -> None:
    async with scene() as on:
        clock = ManualClock()
        transport = ChannelTransport(on.text(), Webhooks(lambda: on.app.id, clock))
        await transport.post(ANA, "Before.")
        with refusing(on, 400):
            assert (await transport.post(ANA, "Once.")).ref.webhook_id is None
        for number in range(5):
            assert (await transport.post(ANA, f"As the bot {number}.")).ref.webhook_id is None
        assert (await transport.post(BEN, "Ben.")).ref.webhook_id is not None
        clock.advance(60.0)
        assert (await transport.post(ANA, "After.")).ref.webhook_id is not None


@contextmanager
def refusing(on: Scene, status: int) -> Iterator[RestTrouble]:
    """Webhook messages are refused meanwhile."""
    trouble = on.server.trouble(r"/webhooks/\d+/", method="POST", status=status)
    try:
        yield trouble
    finally:
        trouble.end()


async def test_refused_threads_are_tried_again_after_growing_rests() -> None:
    async with scene() as on:
        clock = ManualClock()
        webhooks = Webhooks(lambda: on.app.id, clock)
        language = LanguageThread(on.text(), "en", webhooks, Budgets(own_budget))
        trouble = on.server.trouble("/threads$", method="POST", status=403)
        notices = []
        for second in range(0, 1800, 120):
            posted = await language.post(ANA, f"Sentence {second}.")
            notices += [posted.notice] if posted.notice else []
            assert posted.ref.channel_id == on.captions.id
            clock.advance(120.0)
        assert 3 <= trouble.met <= 6
        assert len(notices) == 1
        trouble.end()
        clock.advance(1800.0)
        posted = await language.post(ANA, "After.")
        assert posted.ref.channel_id != on.captions.id


async def test_captions_in_an_archived_thread_are_removed_all_the_same() -> None:
    async with scene() as on:
        language = LanguageThread(
            on.text(), "en", Webhooks(lambda: on.app.id, LoopClock()), Budgets(own_budget)
        )
        refs = [(await language.post(ANA, f"Sentence {n}.")).ref for n in range(2)]
        refs.append((await language.post(ANA, "Own.", own=True)).ref)
        (thread,) = on.guild.state.threads.values()
        on.guild.change_thread(thread, archived=True)
        for ref in refs:
            await language.delete(ref)
        assert standing(thread) == []


async def test_a_thread_has_a_budget_of_its_own_once_it_is_open_and_keeps_it() -> None:
    async with scene() as on:
        webhooks, own = Webhooks(lambda: on.app.id, LoopClock()), Budgets(own_budget)
        threads = {code: LanguageThread(on.text(), code, webhooks, own) for code in ("en", "ja")}
        for code, thread in threads.items():
            assert thread.own_budget() is None, "where it stands is not known yet"
            await thread.post(ANA, "first")
            await thread.post(ANA, f"second in {code}", own=True)
        budgets = [thread.own_budget() for thread in threads.values()]
        assert None not in budgets
        assert budgets[0] is not budgets[1]
        again = LanguageThread(on.text(), "en", webhooks, own)
        await again.post(ANA, "third")
        assert again.own_budget() is budgets[0]
        english = next(t for t in on.guild.state.threads.values() if t.name.startswith("EN"))
        assert shown(english) == [(True, "first"), (False, "**Ana** second in en"), (True, "third")]
        on.guild.deny(on.captions, on.app, Permissions.SEND_MESSAGES_IN_THREADS)
        await until(lambda: again.own_budget() is None)


@pytest.mark.parametrize("layout", list(Layout))
async def test_own_captions_of_an_earlier_run_are_found_and_nothing_else_of_the_bots(
    layout: Layout,
) -> None:
    look = Look(("en",), layout=layout, originals=False, caption_minutes=1)
    async with scene() as on:
        made = Boards(lambda: on.app.id, LoopClock(), WallClock(LoopClock()), Unmetered())
        try:
            board = await made.open(on.text(), look)
            board.show(said(1, "By webhook."))
            await board.close()
            places = [on.captions, *on.guild.state.threads.values()]
            here = places[-1]
            channel = on.client.get_channel(here.id)
            transport = ChannelTransport(channel, Webhooks(lambda: on.app.id, LoopClock()))  # type: ignore[arg-type] # a channel of the loopback
            await transport.post(ANA, "Own.", own=True)
            await transport.post(DIGEST, "**Ana** Digest.", own=True)
            await transport.post(ANA, "Behind its language.", own=True)
            await transport.post(None, "\\*\\*Ana\\*\\* A notice.")
            await channel.send("**Panel** of the bot's")  # type: ignore[union-attr] # it is a text channel
            on.ana.write("**Ana** writes", here)
            found = {ref.id async for ref, _ in transport.history()}
            kept = {m.content for m in standing(here) if m.id not in found}
            assert kept == {
                "\\*\\*Ana\\*\\* A notice.",
                "**Panel** of the bot's",
                "**Ana** writes",
            }
            assert len(found) == 4
            for ref in [ref async for ref, _ in transport.history()]:
                await transport.delete(ref)
            assert {m.content for m in standing(here)} == kept
        finally:
            await made.close()
        assert on.server.complaints == []


async def test_own_captions_are_found_where_there_is_no_webhook() -> None:
    async with scene() as on:
        on.guild.deny(on.captions, on.app, Permissions.MANAGE_WEBHOOKS)
        text = on.text()
        await until(lambda: not text.permissions_for(text.guild.me).manage_webhooks)
        transport = place(on)
        posted = await transport.post(ANA, "One.")
        assert posted.notice is not None
        found = [ref async for ref, _ in transport.history()]
        assert found == [posted.ref]


async def test_without_a_webhook_a_board_keeps_to_the_limit_of_own_messages() -> None:
    async with scene() as on:
        on.guild.deny(on.captions, on.app, Permissions.MANAGE_WEBHOOKS)
        text = on.text()
        await until(lambda: not text.permissions_for(text.guild.me).manage_webhooks)
        board = ChannelBoard(place(on), LoopClock(), Look(("en",), originals=False))
        for key in range(1, 9):
            board.show(said(key, f"Sentence {key}.", Member(20 + key, f"s{key}")))
            await asyncio.sleep(0.3)
        await board.close()
        assert on.server.rate_limited == []
        assert board.figures()["own"] == 1
        text_shown = "\n".join(content for _, content in shown(on.captions))
        found = [text_shown.find(f"**s{key}** Sentence {key}.") for key in range(1, 9)]
        assert -1 not in found
        assert found == sorted(found)
