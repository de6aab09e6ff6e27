"""The main gateway's session is lost and made anew: what happened meanwhile nobody told."""

import asyncio
from collections.abc import Callable

import pytest

from bot.domain.events import Speech
from bot.loopback import Bot, Channel, Person
from bot.loopback.gateway import server
from bot.loopback.state.entities import GuildState, Json
from bot.loopback.state.payloads import guild_create_json
from bot.loopback.state.voice_states import VoiceStates
from tests.integration.voice.test_recovery import hears
from tests.integration.voice.voice_lounge import Ears, Lounge, lounge, tone, within

both_clients = pytest.mark.parametrize("sharded", [False, True])


async def at_once(*_: object, **__: object) -> None:
    """discord.py rests for five seconds before it identifies again."""


async def identifies_anew(
    scene: Lounge,
    meanwhile: Callable[[], None] = lambda: None,
    *,
    keeps_voice: bool = True,
    rests: bool = False,
) -> None:
    """The session goes, something happens, and there is another one."""
    connections = scene.server.gateway
    links = set(connections._links.values())
    with pytest.MonkeyPatch.context() as patch:
        if keeps_voice:  # as Discord does for a while
            patch.setattr(VoiceStates, "leave_all", lambda *_: None)
        if not rests:
            patch.setattr(type(scene.client), "before_identify_hook", at_once)
        scene.server.close_gateway(scene.account, 4009, resumable=False)
        meanwhile()
        await within(20, lambda: not links & set(connections._links.values()))
        await scene.server.gateway_connected(scene.account)


def put(scene: Lounge, person: Person, channel: Channel | None) -> None:
    """Somebody goes somewhere, at once."""
    scene.guild._backend.voice.place(scene.guild.state, person.id, channel)


def without_members(guild: GuildState, bot: Bot, *, everyone: bool) -> Json:
    """GUILD_CREATE that knows nobody but the bot, whoever is in voice."""
    created = guild_create_json(guild, bot, everyone=everyone)
    mine = [one for one in created["members"] if one["user"]["id"] == str(bot.id)]
    return {**created, "members": mine}


@both_clients
async def test_who_left_is_gone_and_who_came_is_there(*, sharded: bool) -> None:
    async with lounge(sharded=sharded) as scene:
        ana, ben = await scene.person("Ana"), await scene.person("Ben")
        cat, dan = scene.guild.add_person("Cat"), scene.guild.add_person("Dan")
        link = await scene.connect(ana, ben, cat, dan)
        speaking = scene.tasks.start(ana.speak(tone(440, 6.0)), "speech")
        await within(5, lambda: scene.ears.seconds(ana) > 0.5)

        def meanwhile() -> None:
            put(scene, ben, None)
            put(scene, cat, scene.channel)

        await identifies_anew(scene, meanwhile)
        await within(10, lambda: scene.ears.entered == ["Cat"])
        assert scene.ears.gone == [ben.id]
        assert sorted(member.name for member in link.members()) == ["Ana", "Cat"]
        await hears_too(scene, cat)
        await dan.join(scene.channel)
        await within(5, lambda: scene.ears.entered == ["Cat", "Dan"])
        await speaking
        await within(5, lambda: ana.id in scene.ears.silences)
        assert scene.ears.seconds(ana) == 6.0
        assert link.figures()["rejoins"] == link.figures()["lost"] == 0


async def hears_too(scene: Lounge, person: Person) -> None:
    await person.speak(tone(440, 0.5))
    await within(5, lambda: scene.ears.seconds(person) == 0.5)


@both_clients
async def test_it_follows_moves_before_and_after(*, sharded: bool) -> None:
    async with lounge(sharded=sharded) as scene:
        den, loft = scene.guild.add_voice_channel("Den"), scene.guild.add_voice_channel("Loft")
        ana, ben = await scene.person("Ana"), await scene.person("Ben", den)
        cat = await scene.person("Cat", loft)
        link = await scene.connect(ana, ben, cat)
        await scene.found(loft)
        await identifies_anew(scene, lambda: scene.guild.move(scene.account, den), rests=True)
        await hears(scene, ben)
        assert [member.name for member in link.members()] == ["Ben"]
        scene.guild.move(scene.account, loft)
        await hears(scene, cat)
        assert [member.name for member in link.members()] == ["Cat"]
        assert [text for code, text in scene.ears.notices if code == "moved"] == [
            "I was moved to Den and continue there.",
            "I was moved to Loft and continue there.",
        ]
        assert scene.ears.lost_because == []


@both_clients
async def test_a_bot_that_lost_its_place_with_its_session_comes_back(*, sharded: bool) -> None:
    async with lounge(sharded=sharded) as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        await hears(scene, ana)
        await identifies_anew(scene, keeps_voice=False)
        await within(20, lambda: link.figures()["rejoins"] >= 1)
        await hears(scene, ana)
        assert scene.ears.lost_because == []


@both_clients
async def test_a_channel_that_was_deleted_meanwhile_ends_the_link(*, sharded: bool) -> None:
    async with lounge(sharded=sharded) as scene:
        ana = await scene.person("Ana")
        await scene.connect(ana)
        await identifies_anew(scene, lambda: scene.guild.delete_channel(scene.channel))
        await within(20, lambda: scene.ears.lost_because != [])
        assert scene.ears.lost_because == ["The voice channel was deleted, so I can't continue."]


@both_clients
async def test_being_deafened_meanwhile_holds(*, sharded: bool) -> None:
    async with lounge(sharded=sharded) as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        await hears(scene, ana)

        def deafen() -> None:
            scene.guild.state.members[scene.account.id].deaf = True

        await identifies_anew(scene, deafen)
        await within(10, lambda: link.figures()["deafened"] == 1)
        await within(5, lambda: scene.ears.silences != [])
        scene.ears.speech.clear()
        await ana.speak(tone(440, 0.5))
        await asyncio.sleep(0.3)
        assert scene.ears.speech == {}
        assert [code for code, _ in scene.ears.notices] == ["deafened"]


class StrictEars(Ears):
    """A room that must know whom it hears."""

    def heard(self, speech: Speech) -> None:
        assert self.entered
        super().heard(speech)


async def test_who_came_is_reported_by_name_though_discord_has_to_be_asked_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with lounge() as scene:
        scene.ears = StrictEars()
        cat, dan = scene.guild.add_person("Cat"), scene.guild.add_person("Dan")
        link = await scene.connect(cat, dan)
        monkeypatch.setattr(server, "guild_create_json", without_members)
        scene.server.set_distance(0.5)

        def meanwhile() -> None:
            put(scene, cat, scene.channel)
            put(scene, dan, scene.channel)

        await identifies_anew(scene, meanwhile)
        people = link._presence.people
        await within(5, lambda: people.nameless == {cat.id, dan.id})
        put(scene, dan, None)
        await hears_too(scene, cat)
        assert scene.ears.entered == ["Cat"]
        assert [member.name for member in link.members()] == ["Cat"]
        await asyncio.sleep(1.0)
        assert scene.ears.entered == ["Cat"]
        assert scene.ears.gone == []
        assert dan.id not in people.ids()


async def test_who_has_no_name_even_when_asked_for_is_there_by_a_number_until_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with lounge() as scene:
        cat = scene.guild.add_person("Cat")
        link = await scene.connect(cat)
        monkeypatch.setattr(server, "guild_create_json", without_members)
        scene.server.fail_next("GET", r"/members/", 403, times=10)
        await identifies_anew(scene, lambda: put(scene, cat, scene.channel))
        await within(10, lambda: scene.ears.entered == [f"Member {cat.id % 10_000:04d}"])
        await hears_too(scene, cat)
        scene.guild._backend.voice.tell(scene.guild.state, cat.id)
        await within(5, lambda: scene.ears.entered[1:] == ["Cat"])
        assert [member.name for member in link.members()] == ["Cat"]


async def test_a_resumed_session_changes_nothing() -> None:
    async with lounge() as scene:
        ana, ben = await scene.person("Ana"), await scene.person("Ben")
        link = await scene.connect(ana, ben)
        links = set(scene.server.gateway._links.values())
        scene.server.close_gateway(scene.account, 4000)
        put(scene, ben, None)
        await within(20, lambda: not links & set(scene.server.gateway._links.values()))
        await within(5, lambda: scene.ears.gone == [ben.id])
        await hears(scene, ana)
        assert scene.ears.entered == []
        assert scene.ears.notices == []
        assert link.figures()["rejoins"] == link.figures()["reconnects"] == 0
