"""The unmodified discord.py on the loopback Discord: what a bot does with text and commands."""

import asyncio
import io
import threading

import discord
import pytest

from bot.errors import LoopbackError
from bot.loopback import Permissions, Rule
from tests.integration.loopback_bot import scene, until


async def test_a_bot_logs_in_and_its_commands_are_registered_with_their_translations() -> None:
    async with scene() as s:
        command, menu = s.app.commands.values()
        assert (menu["type"], menu["name"], menu["contexts"]) == (3, "Quote this", [0])
        assert command["name"] == "translate"
        start = command["options"][0]
        assert start["name_localizations"] == {"de": "starten"}
        assert start["description_localizations"] == {"de": "Die Übersetzung beginnen"}
        assert command["contexts"] == [0]
        assert s.client.user is not None
        assert s.client.user.id == s.app.id
        guild = s.client.get_guild(s.guild.id)
        assert guild is not None
        assert [c.name for c in guild.channels] == ["captions", "Lounge"]
        assert [m.id for m in guild.members] == [s.app.id]  # no privileged intent
        assert guild.me.guild_permissions.manage_webhooks
        assert s.server.complaints == []


async def test_a_slash_command_is_deferred_followed_up_and_edited() -> None:
    async with scene() as s:
        answer = await s.ana.command(
            "translate start", {"voice": s.lounge, "to": "en"}, channel=s.captions
        )
        assert answer.deferred
        assert answer.ephemeral
        assert answer.answered_after_s < 3
        await answer.until(lambda a: len(a.messages) == 2)
        assert answer.content == "Ready: Lounge to en False"
        assert answer.messages[1].content == "One more thing"
        assert s.captions.messages == []  # nobody else saw it
        assert s.server.complaints == []


async def test_autocomplete_gives_what_fits_what_is_typed() -> None:
    async with scene() as s:
        choices = await s.ana.autocomplete(
            "translate start", {"to": "e", "voice": s.lounge}, focused="to", channel=s.captions
        )
        named = {choice.value: choice.name for choice in choices}
        where = f" in {s.lounge.id}"
        assert named == {"en": f"English{where}", "es": f"Spanish{where}"}


async def test_a_persons_client_sends_no_command_that_discord_would_not_let_it_send() -> None:
    async with scene() as s:
        for options, wrong in (
            ({"voice": s.lounge}, "'to' of /translate start is required"),
            ({"voice": s.captions, "to": "en"}, "another kind"),
            ({"voice": s.lounge, "to": "x"}, "2 to 5 characters"),
            ({"voice": s.lounge, "to": "en", "loud": 1}, "True or False"),
            ({"voice": s.lounge, "to": "en", "quiet": True}, "no option 'quiet'"),
        ):
            with pytest.raises(LoopbackError, match=wrong):
                await s.ana.command("translate start", options, channel=s.captions)


async def test_buttons_of_a_persistent_view_answer_and_change_their_message() -> None:
    async with scene() as s:
        panel = await s.ana.command("translate panel", channel=s.captions)
        assert not panel.ephemeral
        (notice,) = s.captions.messages
        welcome = await s.ana.press(notice, "Join in")
        assert welcome.content == "Welcome, Ana"
        assert welcome.ephemeral
        await s.ana.press(notice, "consent:count")
        assert notice.content == "Notice+1"
        assert [content for _, content in notice.edits] == ["Notice+1"]
        with pytest.raises(LoopbackError, match="no button"):
            await s.ana.press(notice, "Leave")


async def test_a_form_is_opened_filled_in_and_answered() -> None:
    async with scene() as s:
        form = await s.ana.command("translate form", channel=s.captions)
        with pytest.raises(LoopbackError, match="wrong length"):
            await s.ana.submit(form, {"term": "x" * 21})
        for chosen, wrong in ((["ko"], "does not offer"), (["en", "es", "ja"], "takes 1 to 2")):
            with pytest.raises(LoopbackError, match=wrong):
                await s.ana.submit(form, {"term": "parley", "languages": chosen})
        answer = await s.ana.submit(form, {"term": "parley", "languages": ["es", "ja"]})
        assert answer.content == "Noted: parley es ja"


async def test_a_form_is_sent_as_it_was_offered() -> None:
    async with scene() as s:
        form = await s.ana.command("translate form", channel=s.captions)
        answer = await s.ana.submit(form, {"term": "parley"})
        assert answer.content == "Noted: parley en"


async def test_a_messages_menu_brings_its_text_without_the_privileged_intent() -> None:
    async with scene() as s:
        written = s.ana.write("secret", s.captions)
        answer = await s.ana.use_on(written, "Quote this")
        assert answer.ephemeral
        assert answer.content == "Ana in captions: secret"
        with pytest.raises(LoopbackError, match="No command “Quote” is registered"):
            await s.ana.use_on(written, "Quote")
        with pytest.raises(LoopbackError, match="No command /Quote is registered"):
            await s.ana.command("Quote this", channel=s.captions)
        direct = s.ana.write("secret", s.ana.direct(s.app))
        with pytest.raises(LoopbackError, match="is not offered in direct messages"):
            await s.ana.use_on(direct, "Quote this")


async def test_a_command_that_is_never_acknowledged_is_said_not_to_respond() -> None:
    async with scene() as s:
        with pytest.raises(LoopbackError, match="did not respond"):
            await s.ana.command("translate sleepy", channel=s.captions)


async def test_a_webhook_posts_edits_and_deletes_under_any_name_and_in_a_thread() -> None:
    async with scene() as s:
        channel = s.text()
        webhook = await channel.create_webhook(name="Parley captions")
        posted = await webhook.send(
            "Hola",
            username="Ana",
            avatar_url="https://example.org/ana.png",
            allowed_mentions=discord.AllowedMentions.none(),
            wait=True,
        )
        (message,) = s.captions.messages
        assert (message.author_name, message.content) == ("Ana", "Hola")
        assert message.avatar_url == "https://example.org/ana.png"
        assert message.webhook_id == webhook.id
        await posted.edit(content="Hello")
        assert message.content == "Hello"
        assert [content for _, content in message.edits] == ["Hello"]

        thread = await channel.create_thread(name="English", type=discord.ChannelType.public_thread)
        await webhook.send("In the thread", username="Ana", thread=thread, wait=True)
        (loop_thread,) = s.captions.threads
        assert [m.content for m in loop_thread.messages] == ["In the thread"]
        await thread.edit(archived=True)
        assert loop_thread.archived

        await posted.delete()
        assert message.deleted
        await webhook.delete()
        with pytest.raises(discord.NotFound) as gone:
            await webhook.send("Anyone?")
        assert gone.value.code == 10015
        assert [c.code for c in s.server.complaints] == [10015]


async def test_a_thread_started_from_a_message_hangs_on_it() -> None:
    async with scene() as s:
        message = await s.text().send("Translating")
        thread = await message.create_thread(name="Japanese")
        await thread.send("Konnichiwa")
        (posted,) = s.captions.messages
        assert posted.thread is not None
        assert posted.thread.name == "Japanese"
        assert [m.content for m in posted.thread.messages] == ["Konnichiwa"]


async def test_files_are_kept_and_served() -> None:
    async with scene() as s:
        sent = await s.text().send(
            "Transcript", file=discord.File(fp=io.BytesIO(b"WEBVTT\n"), filename="call.vtt")
        )
        (attachment,) = s.captions.messages[0].attachments
        assert attachment.content == b"WEBVTT\n"
        assert await sent.attachments[0].read() == b"WEBVTT\n"


async def test_refused_payloads_raise_with_discords_codes_and_are_complained_about() -> None:
    async with scene() as s:
        channel = s.text()
        with pytest.raises(discord.HTTPException) as too_long:
            await channel.send("x" * 2001)
        assert (too_long.value.status, too_long.value.code) == (400, 50035)
        assert "content: Must be 2000 or fewer in length." in str(too_long.value)
        with pytest.raises(discord.HTTPException) as empty:
            await channel.send("")
        assert empty.value.code == 50006
        with pytest.raises(discord.HTTPException) as named:
            await channel.create_webhook(name="Clyde's friend")
        assert named.value.code == 50035
        with pytest.raises(discord.NotFound) as lost:
            await channel.fetch_message(1)
        assert lost.value.code == 10008
        assert [c.code for c in s.server.complaints] == [50035, 50006, 50035, 10008]


async def test_what_is_not_permitted_is_forbidden() -> None:
    async with scene(Permissions.VIEW_CHANNEL | Permissions.CONNECT) as s:
        channel = s.text()
        with pytest.raises(discord.Forbidden) as webhook:
            await channel.create_webhook(name="Captions")
        assert webhook.value.code == 50013
        s.guild.deny(s.captions, s.guild.everyone, Permissions.SEND_MESSAGES)
        with pytest.raises(discord.Forbidden) as mute:
            await channel.send("Hello")
        assert mute.value.code == 50013
        s.guild.deny(s.captions, s.app, Permissions.VIEW_CHANNEL)
        with pytest.raises(discord.Forbidden) as blind:
            await channel.send("Hello")
        assert blind.value.code == 50001


async def test_a_429_is_obeyed_and_noted() -> None:
    async with scene() as s:
        s.server.limits.buckets["message-send"] = Rule(1, 0.3)
        channel = s.text()
        # Sent at once, before the client has seen a header: the server has to say no.
        await asyncio.gather(*(channel.send(str(number)) for number in range(3)))
        contents = sorted(m.content for m in s.captions.messages)
        assert contents == ["0", "1", "2"]
        first, *_, last = [m.posted_at for m in s.captions.messages]
        assert last - first >= 0.5
        assert s.server.complaints == []


async def test_webhook_edits_count_with_posts_against_the_channels_shared_limit() -> None:
    async with scene() as s:
        s.server.limits.shared = Rule(2, 0.5)
        s.server.limits.buckets["webhook"] = Rule(100, 1.0)
        webhook = await s.text().create_webhook(name="Captions")
        message = await webhook.send("1", wait=True)
        for number in range(2, 5):
            await message.edit(content=str(number))
        assert s.captions.messages[0].content == "4"
        assert {refused.scope for refused in s.server.rate_limited} == {"shared"}


async def test_a_wrong_token_is_refused() -> None:
    async with scene() as s:
        http = discord.http.HTTPClient(asyncio.get_running_loop())
        try:
            with pytest.raises(discord.LoginFailure):
                await http.static_login("no.such.token")
        finally:
            await http.close()
        assert s.server.complaints[-1].status == 401


async def test_foreign_messages_have_no_content_without_the_privileged_intent() -> None:
    async with scene() as s:
        s.ana.write("secret", s.captions)
        s.ana.write(f"hello <@{s.app.id}>", s.captions)
        await s.text().send("mine")
        await until(lambda: len([e for e in s.client.events if "message" in e]) == 2)
        assert s.client.events[-2:] == ["message ''", f"message 'hello <@{s.app.id}>'"]


async def test_nothing_is_left_open_after_closing() -> None:
    async with scene() as s:
        await s.ana.command("translate panel", channel=s.captions)
    left = {t.get_name() for t in asyncio.all_tasks() if t is not asyncio.current_task()}
    assert left == set()
    assert not [t for t in threading.enumerate() if "keep-alive" in t.name]
