"""A small bot on the unmodified discord.py, pointed at the loopback Discord."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from unittest.mock import patch

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands

from bot.chat.http.limits import http_trace
from bot.loopback import Bot, Channel, Guild, LoopbackDiscord, Permissions, Person
from bot.tasks import TaskOwner


class ListenView(discord.ui.View):
    """A persistent view, as the consent notice is."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Join in", custom_id="consent:join")
    async def join(self, press: discord.Interaction, _: discord.ui.Button["ListenView"]) -> None:
        await press.response.send_message(f"Welcome, {press.user.display_name}", ephemeral=True)

    @discord.ui.button(label="Count", custom_id="consent:count")
    async def count(self, press: discord.Interaction, _: discord.ui.Button["ListenView"]) -> None:
        assert press.message is not None
        await press.response.edit_message(content=press.message.content + "+1")


class NameForm(discord.ui.Modal, title="A term"):
    term: discord.ui.TextInput["NameForm"] = discord.ui.TextInput(
        label="Term", custom_id="term", max_length=20
    )

    languages: discord.ui.Label["NameForm"] = discord.ui.Label(
        text="Languages",
        component=discord.ui.Select(
            custom_id="languages",
            max_values=2,
            options=[
                discord.SelectOption(label="English", value="en", default=True),
                discord.SelectOption(label="Spanish", value="es"),
                discord.SelectOption(label="Japanese", value="ja"),
            ],
        ),
    )

    async def on_submit(self, submitted: discord.Interaction) -> None:
        menu = self.languages.component
        assert isinstance(menu, discord.ui.Select)
        noted = f"Noted: {self.term.value} {' '.join(menu.values)}"
        await submitted.response.send_message(noted, ephemeral=True)


class Translator(app_commands.Translator):
    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        _: app_commands.TranslationContextTypes,
    ) -> str | None:
        german = {"start": "starten", "Begin to translate": "Die Übersetzung beginnen"}
        return german.get(string.message) if locale is discord.Locale.german else None


class SmallBot(commands.AutoShardedBot):
    def __init__(self, connector: aiohttp.TCPConnector) -> None:
        super().__init__(
            command_prefix="!",
            intents=discord.Intents.default(),
            connector=connector,
            help_command=None,
            http_trace=http_trace(),
            guild_ready_timeout=0.05,  # stock: 2 s of waiting for further guilds
        )
        self.events: list[str] = []

    async def setup_hook(self) -> None:
        self.add_view(ListenView())
        group = app_commands.Group(name="translate", description="Translate", guild_only=True)

        @group.command(name="start", description="Begin to translate")
        @app_commands.describe(voice="Which", to="Into", loud="Loud")
        async def start(
            asked: discord.Interaction,
            voice: discord.VoiceChannel,
            to: app_commands.Range[str, 2, 5],
            loud: bool = False,  # noqa: FBT001, FBT002 - a command's option
        ) -> None:
            await asked.response.defer(ephemeral=True)
            first = await asked.followup.send(f"{voice.name} to {to} {loud}", wait=True)
            await first.edit(content=f"Ready: {first.content}")
            await asked.followup.send("One more thing", ephemeral=True)

        @start.autocomplete("to")
        async def suggest(asked: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            voice = getattr(asked.namespace, "voice", None)
            suffix = "" if voice is None else f" in {voice.id}"
            names = {"en": "English", "es": "Spanish", "ja": "Japanese"}
            return [
                app_commands.Choice(name=name + suffix, value=code)
                for code, name in names.items()
                if code.startswith(typed)
            ]

        @group.command(name="panel", description="A notice with buttons")
        async def panel(asked: discord.Interaction) -> None:
            await asked.response.send_message("Notice", view=ListenView())

        @group.command(name="form", description="A form")
        async def form(asked: discord.Interaction) -> None:
            await asked.response.send_modal(NameForm())

        @group.command(name="sleepy", description="Answers nothing")
        async def sleepy(_: discord.Interaction) -> None:
            return

        @self.tree.context_menu(name="Quote this")
        @app_commands.guild_only()
        async def quote(asked: discord.Interaction, message: discord.Message) -> None:
            said = f"{message.author.display_name} in {message.channel}: {message.content}"
            await asked.response.send_message(said, ephemeral=True)

        self.tree.add_command(group)
        await self.tree.set_translator(Translator())
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.events.append("ready")

    async def on_resumed(self) -> None:
        self.events.append("resumed")

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.events.append(f"message {message.content!r}")


async def until(predicate: Callable[[], object], timeout_s: float = 20) -> None:
    """Wait until something holds in the client, of which no event tells."""
    async with asyncio.timeout(timeout_s):
        while not predicate():  # noqa: ASYNC110 - discord.py gives nothing to wait for
            await asyncio.sleep(0.01)


@dataclass
class Scene:
    """A server with one bot on it that is up."""

    server: LoopbackDiscord
    guild: Guild
    captions: Channel
    lounge: Channel
    app: Bot
    client: SmallBot
    ana: Person

    def text(self, channel: Channel | None = None) -> discord.TextChannel:
        found = self.client.get_channel((channel or self.captions).id)
        assert isinstance(found, discord.TextChannel)
        return found


@asynccontextmanager
async def pointed_at(server: LoopbackDiscord) -> AsyncIterator[aiohttp.TCPConnector]:
    """Let discord.py take this server for Discord; yields a connector that trusts it."""
    context = ssl.create_default_context(cafile=str(server.ca_file))
    gateway = yarl.URL(server.gateway_url)
    with (
        patch.object(discord.http.Route, "BASE", server.api_url),
        patch.object(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway),
    ):
        yield aiohttp.TCPConnector(limit=0, ssl=context)


@asynccontextmanager
async def scene(permissions: Permissions | None = None) -> AsyncIterator[Scene]:
    tasks = TaskOwner("test")
    async with LoopbackDiscord() as server, pointed_at(server) as connector:
        guild = server.add_guild("Village")
        captions = guild.add_text_channel("captions")
        lounge = guild.add_voice_channel("Lounge")
        app = server.add_bot("Parley")
        if permissions is None:
            guild.invite(app)
        else:
            guild.invite(app, permissions)
        ana = guild.add_person("Ana", locale="es-ES")
        client = SmallBot(connector)
        running = tasks.start(client.start(app.token), "bot")
        try:
            await server.gateway_connected(app)
            ready = tasks.start(client.wait_until_ready(), "ready")
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            yield Scene(server, guild, captions, lounge, app, client, ana)
        finally:
            await client.close()
            await tasks.close()
