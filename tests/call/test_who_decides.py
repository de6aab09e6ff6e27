"""Who stops, pauses, moves and changes a call for everybody, and what the others read."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.app import App
from bot.domain.stored import GuildSettings, SavedRoom
from bot.loopback import Message, Permissions, Person, ReceivedAnswer
from bot.store.database import Database
from bot.store.rooms import RoomTable
from tests.call.test_room_commands import CHANGES, LESS, kept, use
from tests.call.test_room_panel import LANGUAGES, VOICE, panel_of
from tests.call.test_rooms_come_back import STOP
from tests.integration.loopback_bot import until
from tests.support.call import Place, ask, bot_at, enter, notice_of, place, stop

ONESELF = (
    "If you just don't want to be heard yourself, press Stay out or use /privacy leave. "
    "It takes effect at once."
)
STOPPED = "Translation has stopped."
CONFIRM = "Stop for everyone"
MOVER = Permissions.MOVE_MEMBERS


def ask_starter(starter: Person) -> str:
    return f"That would change the call for everyone. Ask <@{starter.id}>, who started it."


@dataclass(frozen=True, slots=True)
class Scene:
    """A call that Host started, who has no permission of any kind; Ana is heard, Ben is there."""

    where: Place
    app: App
    host: Person
    ana: Person
    ben: Person
    panel: Message

    @property
    def runs(self) -> bool:
        return self.app.rooms.runs(self.where.guild.id)

    @property
    def paused(self) -> bool:
        return self.app.rooms.status(self.where.guild.id).paused


@asynccontextmanager
async def scene(folder: Path, service_url: str) -> AsyncIterator[Scene]:
    async with place() as where, bot_at(where, folder, service_url) as app:
        host, ana, ben = [
            await enter(where.guild.add_person(name), where) for name in ("Host", "Ana", "Ben")
        ]
        await ask(host, where, "translate start", to="en")
        await ana.press(await notice_of(where), "Join in")
        yield Scene(where, app, host, ana, ben, await panel_of(where))
        assert where.discord.complaints == []


def said(answer: ReceivedAnswer) -> str:
    return re.sub(r"\n-# [0-9a-f]{8}$", "", answer.shown)


async def test_others_in_the_channel_are_told_whom_to_ask_and_how_to_be_heard_no_longer(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        where, ana, ben = here.where, here.ana, here.ben
        for command, options in LESS:
            refused = await use(where, ana, command, **options)
            assert refused.splitlines() == [ask_starter(here.host), ONESELF], command
            # Who is not heard has nothing to stay out of.
            assert await use(where, ben, command, **options) == ask_starter(here.host)
        for command, options in CHANGES:
            assert await use(where, ana, command, **options) == ask_starter(here.host), command
        assert said(await ana.press(here.panel, STOP)).splitlines()[0] == ask_starter(here.host)
        assert said(await ana.press(here.panel, VOICE)) == ask_starter(here.host)
        chosen = await ana.select(here.panel, LANGUAGES, ["fr"])
        assert said(chosen) == ask_starter(here.host)
        assert here.runs
        assert not here.paused
        assert here.app.rooms.status(where.guild.id).plan.targets == ("en",)
        # Their own part is theirs.
        assert "You read French" in await use(where, ana, "translate my-languages", reads="fr")
        assert "You're staying out" in await use(where, ana, "privacy leave")
        for command, options in LESS:
            assert await use(where, ana, command, **options) == ask_starter(here.host)


async def test_who_started_it_who_may_move_members_and_who_manages_the_server_decide(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        where, guild = here.where, here.where.guild
        mover = await enter(guild.add_person("Mover"), where)
        guild.allow(where.lounge, mover, MOVER)
        manager = guild.add_person("Manager")  # from outside
        guild.give(manager, guild.add_role("Managers", Permissions.MANAGE_GUILD))
        elsewhere = guild.add_person("Elsewhere")
        guild.allow(guild.add_voice_channel("Den"), elsewhere, MOVER)
        assert await use(where, elsewhere, "translate pause") == ask_starter(here.host)
        for who in (here.host, mover, manager):
            paused = await use(where, who, "translate pause")
            assert paused == "Paused. Nobody is heard and nothing is sent."
            assert await use(where, who, "translate resume") == "Translation resumed."
            added = await use(where, who, "translate language add", language="es")
            assert added == "Now translating into English, Spanish."
            removed = await use(where, who, "translate language remove", language="es")
            assert removed == "Now translating into English."
        await here.host.leave()
        assert (await stop(here.host, where)).content == STOPPED  # wherever they are


async def test_a_role_set_for_it_decides(tmp_path: Path, service_url: str) -> None:
    async with place() as where:
        role = where.guild.add_role("Interpreters")
        await kept(where, tmp_path, GuildSettings(starter_roles=frozenset({role.id})))
        async with bot_at(where, tmp_path, service_url):
            host, ana, guest = (where.guild.add_person(name) for name in ("Host", "Ana", "Guest"))
            where.guild.give(host, role)
            where.guild.give(ana, role)  # Discord tells of roles as somebody enters, not later
            for person in (host, ana, guest):
                await enter(person, where)
            await ask(host, where, "translate start", to="en")
            assert await use(where, guest, "translate stop") == ask_starter(host)
            await host.leave()
            assert await use(where, guest, "translate stop") == (
                f"That would change the call for everyone. Ask someone who can: <@{ana.id}>."
            )
            assert "Paused" in await use(where, ana, "translate pause")
            await ana.leave()
            # Now nobody there decides: hearing less is for whoever is there, more is not.
            refused = (
                "In this server, only members with one of these roles can do this: @Interpreters."
            )
            for command, options in CHANGES:
                assert await use(where, guest, command, **options) == refused
            assert await use(where, guest, "translate stop") == STOPPED


async def test_with_nobody_there_who_decides_those_in_the_channel_do(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        where, outsider = here.where, here.where.guild.add_person("Outsider")
        await here.host.leave()
        for command, options in [*LESS, *CHANGES]:
            given = {"channel": where.lounge} if command == "translate move" else options
            refused = await use(where, outsider, command, **given)
            assert refused == f"Join <#{where.lounge.id}> first: those who are in it decide."
        added = await use(where, here.ben, "translate language add", language="es")
        assert added == "Now translating into English, Spanish."
        assert "now read aloud" in said(await here.ben.press(here.panel, VOICE))
        assert "Paused" in await use(where, here.ben, "translate pause")
        await enter(here.host, where)
        assert await use(where, here.ben, "translate resume") == ask_starter(here.host)
        await here.host.leave()
        assert "resumed" in await use(where, here.ben, "translate resume")
        assert (await stop(here.ben, where)).content == STOPPED


async def test_a_call_that_started_by_itself_is_of_those_in_it(
    tmp_path: Path, service_url: str
) -> None:
    async with place() as where:
        auto = {where.lounge.id: where.captions.id}
        await kept(where, tmp_path, GuildSettings(auto_channels=auto))
        async with bot_at(where, tmp_path, service_url):
            ana = await enter(where.guild.add_person("Ana"), where)
            await panel_of(where)
            mover = where.guild.add_person("Mover")
            where.guild.allow(where.lounge, mover, MOVER)
            await enter(mover, where)
            assert await use(where, ana, "translate stop") == (
                f"That would change the call for everyone. Ask someone who can: <@{mover.id}>."
            )
            await mover.leave()
            assert await use(where, ana, "translate stop") == STOPPED


async def test_who_can_not_see_the_voice_channel_learns_of_nobody_in_it(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        outsider = here.where.guild.add_person("Outsider")
        here.where.guild.deny(here.where.lounge, outsider, Permissions.VIEW_CHANNEL)
        await asyncio.sleep(0.2)
        refused = said(await outsider.press(here.panel, STOP))
        assert refused == "That would change the call for everyone. Ask someone who is in it."


async def test_who_started_it_still_decides_after_a_restart(
    tmp_path: Path, service_url: str
) -> None:
    async with place() as where:
        host = await enter(where.guild.add_person("Host"), where)
        ana = await enter(where.guild.add_person("Ana"), where)
        async with bot_at(where, tmp_path, service_url):
            await ask(host, where, "translate start", to="en")
            await ana.press(await notice_of(where), "Join in")
            question = await ask(host, where, "translate stop")
        async with bot_at(where, tmp_path, service_url) as app:
            await until(lambda: app.rooms.find(where.guild.id) is not None)
            for command, options in LESS:
                assert (await use(where, ana, command, **options)).startswith(ask_starter(host))
            # A question that was asked before the restart is of the same call.
            confirmed = await host.press(question, CONFIRM)
            await confirmed.until(lambda now: now.content == STOPPED)
            assert not app.rooms.runs(where.guild.id)


async def test_a_call_remembered_without_a_starter_is_of_those_in_it(
    tmp_path: Path, service_url: str
) -> None:
    async with place() as where:
        ana = await enter(where.guild.add_person("Ana"), where)
        saved = SavedRoom(
            where.guild.id,
            where.lounge.id,
            where.captions.id,
            ("en",),
            None,
            0,
            "s",
            paused=True,
            saved_at=datetime.now(UTC).timestamp(),
        )
        url = where.env(tmp_path, service_url)["DATABASE_URL"]
        async with await Database.open(url) as database:
            await RoomTable(database).save_room(saved)
        async with bot_at(where, tmp_path, service_url):
            await panel_of(where)
            assert await use(where, ana, "translate resume") == "Translation resumed."


async def test_a_stop_is_asked_back_while_others_are_heard(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        where = here.where
        question = await ask(here.host, where, "translate stop")
        lounge = f"<#{where.lounge.id}>"
        assert question.content == (
            f"**Stop translating {lounge} for everyone?** 1 other person is being heard."
        )
        await here.ben.press(await notice_of(where), "Join in")
        pressed = await here.host.press(here.panel, STOP)
        assert pressed.ephemeral
        assert pressed.content == (
            f"**Stop translating {lounge} for everyone?** 2 other people are being heard."
        )
        cancelled = await here.host.press(pressed, "Cancel")
        assert (cancelled.content, cancelled.components) == ("Cancelled.", [])
        assert here.runs
        confirmed = await here.host.press(question, CONFIRM)
        assert confirmed.components == []
        await confirmed.until(lambda now: now.content == STOPPED)
        assert not here.runs


async def test_a_stop_of_a_call_that_hears_nobody_else_is_done_at_once(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        await use(here.where, here.host, "translate pause")
        assert await use(here.where, here.host, "translate stop") == STOPPED


async def test_a_confirmed_stop_ends_the_call_it_was_asked_for_and_no_other(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        where, host = here.where, here.host
        first = await ask(host, where, "translate stop")
        second = await ask(host, where, "translate stop")
        assert (await stop(host, where)).content == STOPPED
        ended = await host.press(first, CONFIRM)
        assert ended.shown == "Nothing is being translated here. Start with /translate start."
        assert ended.components == []
        await ask(here.ana, where, "translate start", to="en")
        others = await host.press(second, CONFIRM)
        assert others.shown.startswith(ask_starter(here.ana))
        assert here.runs


async def test_a_confirmation_for_a_call_that_was_replaced_by_ones_own_stops_nothing(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        where, host = here.where, here.host
        asked = await ask(host, where, "translate stop")
        await stop(host, where)
        await ask(host, where, "translate start", to="en")
        replaced = await host.press(asked, CONFIRM)
        assert replaced.shown == (
            "That call has ended and another one is running. Stop it with /translate stop."
        )
        assert here.runs


async def test_who_no_longer_decides_when_they_confirm_stops_nothing(
    tmp_path: Path, service_url: str
) -> None:
    async with scene(tmp_path, service_url) as here:
        await here.host.leave()
        asked = await ask(here.ben, here.where, "translate stop")
        await enter(here.host, here.where)
        refused = await here.ben.press(asked, CONFIRM)
        assert refused.shown == ask_starter(here.host)
        assert here.runs
