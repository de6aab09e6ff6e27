"""Apps > Correct this as people use it: in a running room, and what others suggest."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import discord
import pytest

from bot.app import App
from bot.errors import LoopbackError
from bot.loopback import Message, Permissions, Person, ReceivedAnswer
from bot.ui.messages.proposals import MOST_OPEN
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import ANSWERED_WITHIN_S, Place, ask, bot_at, enter, place
from tests.support.clips import clip

NOWHERE = "ws://127.0.0.1:9/api-ws/v1/realtime"  # nothing is translated here
NOTHING_BUT_SEEING = Permissions.VIEW_CHANNEL | Permissions.USE_APPLICATION_COMMANDS
CAPTION = "`EN` Welcome to Parlay\n`FR` Bienvenue à Parlay\n-# es · Bienvenidos a Parlay"


@dataclass
class Scene:
    where: Place
    host: Person
    ana: Person
    folder: Path
    captions: list[Message] = field(default_factory=list)

    async def form(self, person: Person, message: Message | None = None) -> ReceivedAnswer:
        opened = await person.use_on(message or self.captions[0], "Correct this")
        assert opened.answered_after_s < ANSWERED_WITHIN_S
        return opened

    async def correct(
        self, person: Person, heard: str = "Parlay", meant: str = "Parley", **more: Sequence[str]
    ) -> ReceivedAnswer:
        form = await self.form(person)
        return await person.submit(form, {"heard": heard, "meant": meant, **more})

    async def glossary(self) -> list[str]:
        listed = await ask(self.host, self.where, "glossary list")
        return [row for row in listed.content.splitlines() if row.startswith(("-", "**"))]


async def captioned(where: Place, app: App) -> Message:
    """A caption as the bot posts one."""
    channel = app.bot.get_channel(where.captions.id)
    assert isinstance(channel, discord.TextChannel)
    webhook = await channel.create_webhook(name="Parley captions")
    await webhook.send(CAPTION, username="Ben")
    return where.captions.messages[-1]


def decided(standing: Message) -> bool:
    return not standing.components


@asynccontextmanager
async def bot_in(scene: Scene) -> AsyncIterator[None]:
    async with bot_at(scene.where, scene.folder, NOWHERE) as app:
        scene.captions = scene.captions or [await captioned(scene.where, app)]
        yield
    assert scene.where.discord.complaints == []


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with place() as where:
        host = where.guild.add_person("Host", admin=True)
        yield Scene(where, host, where.guild.add_person("Ana"), tmp_path)


async def test_who_manages_the_server_corrects_and_the_next_sentence_has_it(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True)
        async with bot_at(where, tmp_path, service.url):
            await enter(host, where)
            await ask(host, where, "translate start", to="en")
            await host.speak(clip("es_conf-invalid")[0])
            await where.captioned("Host")
            form = await host.use_on(where.said()[0].message, "Correct this")
            values = {"heard": "Parlay", "meant": "Parley", "languages": ["en"]}
            done = await host.submit(form, values)
            assert done.ephemeral
            assert done.content == "“Parlay” is now translated as “Parley” in English."
            await host.speak(clip("es_conf-invalid")[0])
            await where.captioned("Host", "Host")
            last = service.sessions[-1]
            told = [last.settings, *(update for _, update in last.updates)]
            assert told[-1]["translation"]["corpus"] == {"phrases": {"Parlay": "Parley"}}
            await ask(host, where, "translate stop")
        assert where.discord.complaints == []


async def test_the_form_has_what_the_caption_heard_and_its_languages(scene: Scene) -> None:
    async with bot_in(scene):
        form = await scene.form(scene.ana)
        assert form.modal is not None
        assert form.modal["title"] == "Correct a caption"
        fields = [part["component"] for part in form.modal["components"]]
        assert fields[0]["value"] == "Bienvenidos a Parlay"
        chosen = {option["label"]: option.get("default") for option in fields[2]["options"]}
        assert chosen == {"English": True, "French": True, "Spanish": True}
        corrected = await scene.correct(scene.host, languages=["fr"])
        assert corrected.content == "“Parlay” is now translated as “Parley” in French."
        assert await scene.glossary() == ["**French**", "- “Parlay” → “Parley”"]
        reader = scene.where.guild.add_person("Reader", locale="de")
        german = (await scene.form(reader)).modal
        assert german is not None
        assert german["title"] != "Correct a caption"


async def test_two_who_fill_it_in_at_once_are_not_taken_for_each_other(scene: Scene) -> None:
    async with bot_in(scene):
        first, second = await scene.form(scene.host), await scene.form(scene.host)
        for form, word in ((first, "one"), (second, "two")):
            values = {"heard": word, "meant": word.upper(), "languages": ["en"]}
            await scene.host.submit(form, values)
        assert await scene.glossary() == ["**English**", "- “one” → “ONE”", "- “two” → “TWO”"]


async def test_others_suggest_and_only_who_may_accepts_also_after_a_restart(scene: Scene) -> None:
    scene.where.guild.set_permissions(scene.where.guild.everyone, NOTHING_BUT_SEEING)
    ben = scene.where.guild.add_person("Ben")
    odd = r"Par*lay* @everyone `x` \o/"
    async with bot_in(scene):
        suggested = await scene.correct(scene.ana, odd)
        assert not suggested.ephemeral
        standing = suggested.message
        assert standing.mentions == []
        assert not standing.mention_everyone
        assert standing.content.splitlines()[0] == (
            f"<@{scene.ana.id}> suggests a correction in English, French, Spanish:"
        )
        refused = await ben.press(standing, "Accept")
        assert refused.ephemeral
        assert refused.content.startswith("You need the Manage Server permission")
        assert (await ben.press(standing, "Decline")).ephemeral
        assert standing.components
        assert (await ask(scene.host, scene.where, "glossary list")).content.startswith(
            "The glossary is empty."
        )
    async with bot_in(scene):
        await scene.host.press(standing, "Accept")
        await scene.where.until(lambda: not standing.components, 10.0, "the end of the buttons")
        assert standing.content.endswith(f"Accepted by <@{scene.host.id}>.")
        exported = await ask(scene.host, scene.where, "glossary export")
        rows = exported.message.attachments[0].content.decode().splitlines()[1:]
        assert sorted(rows) == sorted(f"{odd},Parley,{code}" for code in ("en", "es", "fr"))


async def test_a_suggestion_is_declined_or_taken_back(scene: Scene) -> None:
    async with bot_in(scene):
        for person, outcome in (
            (scene.host, f"Declined by <@{scene.host.id}>."),
            (scene.ana, "Taken back."),
        ):
            standing = (await scene.correct(scene.ana)).message
            await person.press(standing, "Decline")
            await scene.where.until(partial(decided, standing), 10.0, outcome)
            assert standing.content.endswith(outcome)
        assert (await ask(scene.host, scene.where, "glossary list")).content.startswith(
            "The glossary is empty."
        )


async def test_what_can_not_be_is_answered_and_nothing_is_posted(scene: Scene) -> None:
    async with bot_in(scene):
        written = scene.ana.write(CAPTION, scene.where.captions)
        before = len(scene.where.captions.messages)
        other = await scene.form(scene.ana, written)
        assert other.ephemeral
        assert other.content.startswith("This isn't a caption.")
        same = await scene.correct(scene.ana, "Parley", " Parley ")
        assert same.content.startswith("Both are the same")
        blank = await scene.correct(scene.host, "\u200b")
        assert blank.content.startswith("Give both a word and its translation.")
        with pytest.raises(LoopbackError, match="wrong length"):
            await scene.correct(scene.ana, "x" * 101)
        assert len(scene.where.captions.messages) == before


async def test_a_channel_is_not_flooded_with_suggestions(scene: Scene) -> None:
    async with bot_in(scene):
        people = [scene.where.guild.add_person(f"P{n}") for n in range(MOST_OPEN)]
        standing = []
        for number, person in enumerate(people):
            posted = await scene.correct(person, f"word {number}")
            assert not posted.ephemeral
            standing.append(posted.message)
        again = await scene.correct(scene.ana, "word 0")
        assert again.ephemeral
        assert again.content.startswith("This has already been suggested.")
        full = await scene.correct(scene.ana, "another")
        assert full.content.startswith("10 suggestions are waiting already.")
        await scene.host.press(standing[0], "Decline")
        await scene.where.until(lambda: not standing[0].components, 10.0, "the decision")
        assert not (await scene.correct(scene.ana, "another")).ephemeral
