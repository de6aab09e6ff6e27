"""/settings on the loopback Discord: each command done, refused, and given what can't be."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.errors import LoopbackError
from bot.loopback import Person, Role
from bot.loopback.people.answer import ReceivedAnswer
from bot.loopback.state.permissions import Permissions
from tests.support.call import ANSWERED_WITHIN_S, Place, ask, bot_at, place

UNUSED_ENGINE = "ws://127.0.0.1:9/api-ws/v1/realtime"


@dataclass(frozen=True, slots=True)
class ServerWithHost:
    """A server with a running bot, one who may manage it, and one who may not."""

    where: Place
    host: Person
    host_role: Role
    guest: Person

    async def ask(self, what: str, **options: Any) -> ReceivedAnswer:
        """The answer to who may manage; seen by them alone and within a second."""
        answer = await ask(self.host, self.where, f"settings {what}", **options)
        assert answer.seen_after_s < ANSWERED_WITHIN_S
        return answer

    async def says(self, what: str, **options: Any) -> str:
        return (await self.ask(what, **options)).content


@asynccontextmanager
async def server_with_host(folder: Path, **env: str) -> AsyncIterator[ServerWithHost]:
    async with place() as where:
        manager = where.guild.add_role("Manager", Permissions.MANAGE_GUILD)
        host, guest = where.guild.add_person("Host"), where.guild.add_person("Guest")
        where.guild.give(host, manager)
        async with bot_at(where, folder, UNUSED_ENGINE, **env):
            yield ServerWithHost(where, host, manager, guest)
        assert where.discord.complaints == []


async def test_each_setting_is_changed_and_shown(tmp_path: Path) -> None:
    async with server_with_host(tmp_path, DAILY_MINUTES="120") as here:
        assert (await here.says("show")).splitlines() == [
            "**Languages:** English",
            "**Read aloud:** nothing",
            "**Captions:** all languages together, with the original, they stay",
            "**Who can start:** everyone who can use the commands",
            "**Who is heard:** only those who joined in",
            "**Transcripts:** none",
            "**Daily limit:** 120 minutes, set by the host",
            "**Guests can add:** 2 languages they read",
            "**Starts automatically:** nowhere",
            "**Language of my messages:** the server's",
        ]
        first, *shown = (await here.says("languages", to="es, French")).splitlines()
        assert first == "✅ Changed: languages."
        assert shown[0] == "**Languages:** Spanish, French"
        assert "**Read aloud:** French" in await here.says("voice", language="fr")
        said = await here.says(
            "captions", layout="a thread for each language", originals=False, remove_after=90
        )
        assert "a thread for each language, without the original, deleted after 90 minutes" in said
        assert "kept for 30 days" in await here.says("transcripts", days=30)
        assert "**Daily limit:** 45 minutes" in await here.says("limits", minutes=45)
        said = await here.says("limits", guests=0)
        assert said.startswith("✅ Changed: guest languages.")
        assert "**Daily limit:** 45 minutes\n**Guests can add:** no languages" in said
        said = await here.says("auto-start", channel=here.where.lounge)
        assert f"<#{here.where.lounge.id}> → <#{here.where.captions.id}>" in said
        assert "**Language of my messages:** Deutsch" in await here.says("language", language="de")
        said = await here.says("auto-start", channel=here.where.lounge, off=True)
        assert "**Starts automatically:** nowhere" in said


async def test_a_language_that_is_dropped_is_no_longer_spoken(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        await here.ask("languages", to="en, es")
        await here.ask("voice", language="es")
        said = await here.says("languages", to="fr")
        assert said.startswith("✅ Changed: languages, language read aloud.")
        assert "**Read aloud:** nothing" in said


async def test_what_can_not_be_is_refused_and_nothing_is_half_changed(tmp_path: Path) -> None:
    async with server_with_host(tmp_path, DAILY_MINUTES="60") as here:
        before = await here.says("show")
        assert "can't translate into “Elvish”" in await here.says("languages", to="en, Elvish")
        assert "6 languages" in await here.says("languages", to="en, es, fr, de, ja, it")
        assert "Spanish isn't one of" in await here.says("voice", language="es")
        assert "Choose one language." in await here.says("voice", language="en, es")
        assert "at least one option" in await here.says("captions")
        assert "allows 60 minutes per day" in await here.says("limits", minutes=61)
        assert "Guests can add 0 to 4 languages." in await here.says("limits", guests=5)
        assert "at least one option" in await here.says("limits")
        for what, options in (
            ("transcripts", {"days": 366}),
            ("captions", {"remove_after": -1}),
            ("limits", {"minutes": -1}),
            ("limits", {"guests": -1}),
            ("privacy", {"mode": "nobody"}),
            ("language", {"language": "tlh"}),
            ("auto-start", {"channel": here.where.captions}),
        ):
            with pytest.raises(LoopbackError):  # their client does not send it
                await here.ask(what, **options)
        assert await here.says("show") == before


async def test_roles_are_chosen_in_a_menu_and_both_outlive_a_restart(tmp_path: Path) -> None:
    async with place() as where:
        host = where.guild.add_person("Host", admin=True)
        interpreters = where.guild.add_role("Interpreters")
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            asked = await host.command("settings starters", channel=where.captions)
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            chosen = await host.select(asked, "parley:settings:starters", [str(interpreters.id)])
            assert chosen.content.startswith("✅ Changed: who can start.")
            assert f"<@&{interpreters.id}>" in chosen.content
            assert chosen.components == []
            again = await host.command("settings starters", channel=where.captions)
            menu = again.components[0]["components"][0]
            assert [int(chosen["id"]) for chosen in menu["default_values"]] == [interpreters.id]
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            shown = await host.command("settings show", channel=where.captions)
            assert f"<@&{interpreters.id}>" in shown.content, "it outlives a restart"
            everybody = await host.press(again, "Everyone")
            assert "**Who can start:** everyone" in everybody.content
        assert where.discord.complaints == []


async def test_hearing_everybody_is_confirmed_with_its_duty_and_taken_back_at_once(
    tmp_path: Path,
) -> None:
    async with server_with_host(tmp_path) as here:
        asked = await here.ask("privacy", mode="everyone who doesn't say no")
        assert "You are responsible for knowing the law" in asked.content
        assert "only those who joined in" in await here.says("show")
        done = await here.host.press(asked, "The law allows it here")
        assert "**Who is heard:** everyone who was told" in done.content
        assert "already" in await here.says("privacy", mode="everyone who doesn't say no")
        said = await here.says("privacy", mode="only those who joined in")
        assert said.startswith("✅ Changed: who is heard.")


async def test_a_reset_is_asked_back(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        fresh = await here.says("show")
        await here.ask("transcripts", days=30)
        asked = await here.ask("reset")
        assert "kept for 30 days" in await here.says("show")
        await here.host.press(asked, "Reset all settings")
        assert await here.says("show") == fresh


async def test_a_reset_of_what_was_never_set_says_so(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        asked = await here.ask("reset")
        done = await here.host.press(asked, "Reset all settings")
        assert done.content.startswith("Nothing changed; it was already set that way.")
        assert done.components == []


async def test_where_nothing_is_made_in_writing_guests_are_promised_nothing(tmp_path: Path) -> None:
    async with server_with_host(tmp_path, FAN_OUT="speech") as here:
        assert "**Guests can add:** no languages" in await here.says("show")
        refused = await here.says("limits", guests=1)
        assert refused.startswith("No languages can be added for guests here.")
        assert "guest languages" in await here.says("limits", guests=0)
        asked = await here.ask("reset")
        done = await here.host.press(asked, "Reset all settings")
        assert done.content.startswith("✅ Changed: guest languages.")


async def test_settings_that_can_not_be_read_are_answered_in_words(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        with closing(sqlite3.connect(tmp_path / "parley.db")) as file:
            file.execute("drop table settings")
        for what in ("show", "starters"):
            assert (await here.says(what)).startswith("The database failed. Whoever runs this bot")


async def test_only_who_may_manage_the_server_sees_or_uses_any_of_it(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        with pytest.raises(LoopbackError, match="does not see /settings"):
            await here.guest.command("settings show", channel=here.where.captions)
        asked = await here.ask("reset")
        # Administrators can offer a command to everybody; the bot checks again.
        for command in here.where.account.commands.values():
            if command["name"] == "settings":
                command["default_member_permissions"] = None
        for what, options in (
            ("show", {}),
            ("languages", {"to": "es"}),
            ("voice", {"language": "off"}),
            ("captions", {"originals": False}),
            ("starters", {}),
            ("privacy", {"mode": "everyone who doesn't say no"}),
            ("transcripts", {"days": 3}),
            ("limits", {"minutes": 3}),
            ("auto-start", {"channel": here.where.lounge}),
            ("language", {"language": "de"}),
            ("reset", {}),
            ("check", {"channel": here.where.lounge}),
        ):
            refused = await ask(here.guest, here.where, f"settings {what}", **options)
            assert refused.content.startswith("You need the Manage Server permission"), what
        here.where.guild.set_permissions(here.host_role, Permissions(0))
        pressed = await here.host.press(asked, "Reset all settings")
        assert "You need the Manage Server permission" in pressed.content


async def test_languages_are_completed_while_they_are_typed(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        channel = here.where.captions
        found = await here.host.autocomplete(
            "settings languages", {"to": "english, span"}, focused="to", channel=channel
        )
        assert [choice.value for choice in found] == ["en, es"]
        await here.ask("languages", to="es, en")
        found = await here.host.autocomplete(
            "settings voice", {"language": ""}, focused="language", channel=channel
        )
        assert [choice.value for choice in found] == ["en", "es", "off"]


async def test_commands_are_registered_once_and_again_only_when_they_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.registration")
    async with place() as where:
        host = where.guild.add_person("Host", admin=True)
        versions = []
        for change in (False, False, True):
            if change:
                next(iter(where.account.commands.values()))["description"] = "Otherwise"
            async with bot_at(where, tmp_path, UNUSED_ENGINE):
                versions.append({c["version"] for c in where.account.commands.values()})
                await host.command("settings show", channel=where.captions)
    assert versions[0] == versions[1]
    assert not versions[1] & versions[2]
    said = [record.getMessage() for record in caplog.records]
    assert [row.rpartition(", ")[2] for row in said] == [
        "as they had changed",
        "unchanged",
        "as they had changed",
    ]


async def test_an_answer_that_refuses_has_a_number_that_stands_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.client")
    async with server_with_host(tmp_path) as here:
        sentence, number = (await here.says("languages", to="Elvish")).split("\n-# ")
        assert sentence.startswith("I can't translate")
        assert f"command refused number={number} code=usage" in caplog.text
