"""The commands as Discord has them: in every language, within its limits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import discord

from bot.app import App
from bot.loopback.rest.command_form import LOCALES as DISCORDS
from bot.words import command, commands, render
from bot.words.catalogue import LANGUAGES, catalogue
from bot.words.commands import LOCALES
from tests.support.call import bot_at, place

NO_ENGINE = "ws://127.0.0.1:9/api-ws/v1/realtime"  # nothing is translated here
MESSAGE_MENU = discord.AppCommandType.message.value
NAMED = ("name", "description")
SIZE_LIMIT = 8000  # of Discord, for a command in its longest translation

Json = dict[str, Any]


async def registered(app: App) -> list[Json]:
    """The commands that Discord has now, with their translations."""
    route = discord.http.Route(
        "GET", "/applications/{application_id}/commands", application_id=app.bot.application_id
    )
    found: list[Json] = await app.bot.http.request(route, params={"with_localizations": "true"})
    return found


def texts(one: Json) -> tuple[str, ...]:
    """What of a command is text: one in a menu has a name alone."""
    return ("name",) if one.get("type") == MESSAGE_MENU and "application_id" in one else NAMED


def parts(one: Json) -> Iterator[Json]:
    """A command, its subcommands and their options."""
    yield one
    for option in one.get("options", []):
        yield from parts(option)


def size(part: Json) -> int:
    """Characters that Discord counts: of each text its longest form, and choices' values."""
    longest = sum(
        max(map(len, [part[key], *(part.get(f"{key}_localizations") or {}).values()]))
        for key in ("name", "description")
        if key in part
    )
    value = part.get("value")
    below = [*part.get("options", []), *part.get("choices", [])]
    return longest + (len(value) if isinstance(value, str) else 0) + sum(map(size, below))


async def test_every_command_is_registered_in_every_language(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, NO_ENGINE) as app:
        commands_there = await registered(app)
        assert commands_there
        for part in (part for one in commands_there for part in parts(one)):
            for key in texts(part):
                assert set(part[f"{key}_localizations"]) == set(LOCALES), part["name"]
            for choice in part.get("choices", []):
                assert set(choice["name_localizations"]) == set(LOCALES), part["name"]
        assert where.discord.complaints == []


async def test_what_discord_lists_says_the_same_as_the_catalogues(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, NO_ENGINE) as app:
        for part in (part for one in await registered(app) for part in parts(one)):
            for locale in LOCALES:
                if texts(part) == ("name",):
                    shown = part["name_localizations"][locale]
                    assert shown == commands.menu_name(part["name"], locale) != part["name"]
                    continue
                assert part["name_localizations"][locale] == commands.name(part["name"], locale)
                words = commands.description(part["description"], locale)
                assert part["description_localizations"][locale] == words
                assert words != part["description"], f"{locale}: {words}"
                for choice in part.get("choices", []):
                    shown = choice["name_localizations"][locale]
                    assert shown == catalogue(locale).gettext(choice["name"])


async def test_commands_stay_within_what_discord_takes_in_every_language(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, NO_ENGINE) as app:
        for one in await registered(app):
            assert size(one) <= SIZE_LIMIT, one["name"]
            for part in parts(one):
                siblings = part.get("options", [])
                assert len(siblings) <= 25
                for locale in LOCALES:
                    names = [sibling["name_localizations"][locale] for sibling in siblings]
                    assert len(set(names)) == len(names), f"{locale}: {part['name']} {names}"


async def test_a_refusal_is_said_in_the_language_of_who_asked(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, NO_ENGINE):
        said = set()
        for locale in ("en-US", *LOCALES):
            person = where.guild.add_person(f"Ana {locale}", locale=locale)
            asked = {"to": "Klingon", "channel": where.lounge}
            refused = await person.command("translate start", asked, channel=where.captions)
            assert refused.ephemeral
            assert "Klingon" in refused.content
            said.add(refused.content.splitlines()[0])
        assert len(said) == len(LANGUAGES)  # every locale has its own but British English


async def test_a_sentence_mentions_a_command_so_that_each_reader_sees_it_as_theirs(
    tmp_path: Path,
) -> None:
    """At the first start, when commands are registered, and at the next, when they are there."""
    async with place() as where:
        for _ in range(2):
            async with bot_at(where, tmp_path, NO_ENGINE) as app:
                top = {one["name"]: one for one in await registered(app)}
                assert render(command("Translate"), "en-US") == "/Translate"  # is none to click
                listed = {sub["name"]: sub for sub in top["translate"]["options"]}
                mention = f"</translate start:{top['translate']['id']}>"
                for locale in sorted(DISCORDS):
                    assert render(command("translate start"), locale) == mention
                    ana = where.guild.add_person("Ana", locale=locale)
                    answer = await ana.command("translate stop", {}, channel=where.captions)
                    assert mention in answer.content
                    names = [
                        str((part["name_localizations"] or {}).get(locale, part["name"]))
                        for part in (top["translate"], listed["start"])
                    ]
                    assert f"/{' '.join(names)}" in answer.shown, locale


async def test_languages_are_completed_in_the_language_of_who_types(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, NO_ENGINE):
        ana = where.guild.add_person("Ana", locale="es-ES")
        shown = await ana.autocomplete(
            "translate start", {"to": "alem"}, focused="to", channel=where.captions
        )
        assert [(choice.name, choice.value) for choice in shown] == [("Alemán", "de")]
