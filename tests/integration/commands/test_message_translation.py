"""Apps > Translate as people use it, on a whole bot without a room."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import discord
import pytest

from bot.errors import LoopbackError
from bot.loopback import Message, Permissions, Person, ReceivedAnswer
from tests.integration.translation.text_service import Asked, TextRoutes
from tests.integration.translation.translation_service import Service, listen, translate
from tests.support.call import ANSWERED_WITHIN_S, Place, ask, bot_at, enter, place
from tests.support.clips import clip

NOTHING_BUT_SEEING = Permissions.VIEW_CHANNEL | Permissions.USE_APPLICATION_COMMANDS
WORDS = {"Hola a todos": "Hello everyone", "Hello": "Hello"}


def in_english(target: str, text: str) -> str:
    """A translation that keeps what stands for a mention."""
    return WORDS.get(text, f"{target}: {text}")


async def read(reader: Person, message: Message) -> ReceivedAnswer:
    answer = await reader.use_on(message, "Translate")
    assert answer.answered_after_s < ANSWERED_WITHIN_S
    assert answer.ephemeral
    return answer


@asynccontextmanager
async def scene(
    folder: Path, texts: TextRoutes | None = None, **settings: str
) -> AsyncIterator[tuple[Place, Person, TextRoutes]]:
    routes = texts or TextRoutes(says=in_english)
    async with (
        place() as where,
        Service(listen, texts=routes) as service,
        bot_at(where, folder, service.url, **settings),
    ):
        yield where, where.guild.add_person("Ana"), routes
        assert where.discord.complaints == []


def body(answer: ReceivedAnswer) -> str:
    """What was translated; above it stands where the message is."""
    head, _, text = answer.content.partition("\n")
    assert head.startswith("-# https://discord.com/channels/")
    return text


async def test_a_message_is_read_in_ones_own_language_by_oneself_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as (where, ana, texts):
        written = where.guild.add_person("Ben").write("Hola a todos", where.captions)
        answer = await read(ana, written)
        assert body(answer) == "Hello everyone"
        assert answer.content.splitlines()[0].endswith(f"/{where.captions.id}/{written.id}")
        assert [m.content for m in where.captions.messages] == ["Hola a todos"]
        assert (texts.asked[0].options["source_lang"], texts.asked[0].target) == ("auto", "en")
        clients = {"de": "de", "pt-BR": "pt", "zh-TW": "zh", "es-419": "es", "sv-SE": "en"}
        for locale, language in clients.items():
            reader = where.guild.add_person(f"Of {locale}", locale=locale)
            if locale == "sv-SE":
                await ask(reader, where, "translate my-languages", reads="en")
            await read(reader, written)
            assert texts.asked[-1].target == language
        await ask(ana, where, "translate my-languages", reads="ja")
        await read(ana, written)
        assert texts.asked[-1].target == "ja"


async def test_mentions_code_and_links_survive_and_nobody_is_pinged(tmp_path: Path) -> None:
    async with scene(tmp_path) as (where, ana, _):
        ben = where.guild.add_person("Ben")
        content = f"Mira <@{ben.id}> `x = 1` https://a.org/b\n```\nhola\n```@everyone ||ya||"
        answer = await read(ana, ben.write(content, where.captions))
        assert body(answer) == (
            f"en: Mira <@{ben.id}> `x = 1` https://a.org/b\n```\nhola\n```@everyone ||en: ya||"
        )
        assert answer.message.mentions == []
        assert not answer.message.mention_everyone


async def test_the_glossary_is_used_and_what_it_takes_is_counted(tmp_path: Path) -> None:
    async with scene(tmp_path) as (where, ana, texts):
        host = where.guild.add_person("Host", admin=True)
        for language, wanted in (("en", "Parley"), ("es", "Parley ES")):
            options = {"language": language, "source": "parlamento", "translation": wanted}
            await ask(host, where, "glossary add", **options)
        written = host.write("Hola, Parlamento", where.captions)
        await read(ana, written)
        assert texts.asked[-1].options["terms"] == [{"source": "parlamento", "target": "Parley"}]
        assert "10 tokens" in (await ask(ana, where, "translate usage")).content


async def test_a_member_who_may_only_see_is_served(tmp_path: Path) -> None:
    async with scene(tmp_path) as (where, _, _texts):
        where.guild.set_permissions(where.guild.everyone, NOTHING_BUT_SEEING)
        guest = where.guild.add_person("Guest")
        host = where.guild.add_person("Host", admin=True)
        assert body(await read(guest, host.write("Hola a todos", where.captions)))
        hidden = where.guild.add_text_channel("hidden")
        where.guild.deny(hidden, where.guild.everyone, Permissions.VIEW_CHANNEL)
        with pytest.raises(LoopbackError):
            await read(guest, host.write("Hola a todos", hidden))


async def test_what_can_not_be_translated_is_answered_in_words(tmp_path: Path) -> None:
    async with scene(tmp_path) as (where, ana, texts):
        ben = where.guild.add_person("Ben")
        for content in ("😀 <:wave:6>", "https://example.org", "42"):
            answer = await read(ana, ben.write(content, where.captions))
            assert answer.content.startswith("This message has no text to translate.")
        assert texts.asked == []
        same = await read(ana, ben.write("Hello", where.captions))
        assert same.content == "This message is already in English."
        reader = where.guild.add_person("Reader", locale="hr")
        unknown = await read(reader, ben.write("Hola", where.captions))
        assert unknown.content.startswith("I can't translate into the language of your Discord.")


async def test_a_long_translation_comes_in_several_messages(tmp_path: Path) -> None:
    texts = TextRoutes(says=lambda _, line: " ".join([line] * 3))
    async with scene(tmp_path, texts) as (where, ana, _):
        ben = where.guild.add_person("Ben")
        content = "\n".join(f"línea número {n} " + "á" * 60 for n in range(20))
        answer = await read(ana, ben.write(content, where.captions))
        await answer.until(lambda now: len(now.messages) == 3)
        assert all(message.ephemeral for message in answer.messages)
        rows = [row for message in answer.messages for row in message.content.splitlines()]
        assert rows[1:] == [" ".join([row.strip()] * 3) for row in content.splitlines()]


@pytest.mark.parametrize(
    ("refuse", "said"),
    [
        (lambda _: (401, "InvalidApiKey", "no"), "The translation service refuses this bot's key."),
        (
            lambda _: (400, "DataInspectionFailed", "no"),
            "refused a sentence because of its content",
        ),
    ],
)
async def test_a_service_that_refuses_is_said(
    refuse: Callable[[Asked], tuple[int, str, str]], said: str, tmp_path: Path
) -> None:
    async with scene(tmp_path, TextRoutes(refuse=refuse)) as (where, ana, _):
        answer = await read(ana, where.guild.add_person("Ben").write("Hola", where.captions))
        assert said in answer.content, answer.content


async def test_a_caption_is_translated_from_what_was_said(tmp_path: Path) -> None:
    texts = TextRoutes(says=in_english)
    async with place() as where, Service(translate, texts=texts) as service:
        host = where.guild.add_person("Host", admin=True)
        ana = where.guild.add_person("Ana", locale="ja")
        async with bot_at(where, tmp_path, service.url):
            await enter(host, where)
            await ask(host, where, "translate start", to="en")
            await host.speak(clip("es_conf-invalid")[0])
            await where.captioned("Host")
            (caption,) = where.said()
            answer = await read(ana, caption.message)
            asked = texts.asked[-1]
            assert asked.target == "ja"
            assert asked.text == (caption.words.source or caption.words.text)
            assert asked.text in body(answer)
            await ask(host, where, "translate stop")
        assert where.discord.complaints == []


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        ("**Ben** `EN` Hello.\n-# es · Hola \\*amigo\\*", ("es", "Hola *amigo*")),
        ("**Ben** `EN` Hello.\n`FR` Bonjour.", ("en", "Hello.")),
        (
            "`EN` **Ben** Hello.\n-# es · Hola\n`EN` **Eva** Hi\n-# de · Hallo",
            ("auto", "Hola Hallo"),
        ),
    ],
)
async def test_a_caption_under_the_bots_own_name_is_read_without_names(
    content: str, asked: tuple[str, str], tmp_path: Path
) -> None:
    texts = TextRoutes()
    async with place() as where, Service(listen, texts=texts) as service:
        async with bot_at(where, tmp_path, service.url) as app:
            channel = app.bot.get_channel(where.captions.id)
            assert isinstance(channel, discord.TextChannel)
            await channel.send(content)
            reader = where.guild.add_person("Reader", locale="ja")
            answer = await read(reader, where.captions.messages[-1])
            assert body(answer) == f"ja: {asked[1]}".replace("*", "\\*")
            (one,) = texts.asked
            assert (one.options["source_lang"], one.text) == asked
            english = where.guild.add_person("English")
            same = await read(english, where.captions.messages[-1])
            assert same.content == "This message is already in English."
        assert where.discord.complaints == []
