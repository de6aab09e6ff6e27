"""The panel of a room: pressed, changed, ended, and the line under the voice channel."""

from pathlib import Path

from bot.domain.stored import GuildSettings
from bot.loopback import Message, Permissions
from tests.call.test_room_commands import kept, use
from tests.call.test_rooms_come_back import STOP, panels
from tests.call.test_run import UNUSED_ENGINE
from tests.integration.loopback_bot import until
from tests.support.call import Place, bot_at, enter, place

LANGUAGES = "parley:panel:languages"
VOICE = "parley:panel:voice"
MODE = "parley:panel:mode"


async def panel_of(where: Place) -> Message:
    await where.until(lambda: len(panels(where)) == 1, 20, "a panel")
    return panels(where)[0]


async def test_a_panel_shows_and_changes_its_room(tmp_path: Path, service_url: str) -> None:
    async with place() as where, bot_at(where, tmp_path, service_url):
        host = await enter(where.guild.add_person("Host"), where)
        ana = await enter(where.guild.add_person("Ana_"), where)
        await use(where, host, "translate start", to="en")
        panel = await panel_of(where)
        assert "- Host: heard, has not spoken yet" in panel.content
        assert "- Ana\\_: not heard, has not joined in" in panel.content
        assert panel.webhook_id is None
        assert where.lounge.status == "Translating into English"
        await ana.press(panel, "Join in")
        spoken = await host.press(panel, VOICE)
        assert spoken.content == "English is now read aloud."
        await where.until(lambda: MODE in str(panel.components), 15, "the menu of modes")
        over = await host.select(panel, MODE, ["over"])
        assert (
            over.content
            == "Reading aloud: While people talk. It gets quieter while somebody speaks."
        )
        chosen = await host.select(panel, LANGUAGES, ["fr", "en"])
        assert chosen.content == "Now translating into English, French."
        same = await host.select(panel, LANGUAGES, ["fr", "en"])
        assert same.content == "Nothing changed; it was already set that way."
        await where.until(
            lambda: (
                "- Ana\\_: heard, has not spoken yet" in panel.content
                and "English is read aloud in the channel. While people talk, volume 100%."
                in panel.content
                and where.lounge.status == "Translating into English, French"
            ),
            15,
            "the changes",
        )
        assert len(panel.edits) <= 4, "it is edited each 5 s at most, and on change only"
        silent = await host.press(panel, VOICE)
        assert silent.content == "Translations are no longer read aloud."
        question = await host.press(panel, STOP)
        stopped = await host.press(question, "Stop for everyone")
        await stopped.until(lambda now: now.content == "Translation has stopped.")
        assert panel.content.startswith(f"### <#{where.lounge.id}> was translated into English")
        assert panel.components == []
        assert not where.lounge.status
        assert where.discord.complaints == []
        assert where.discord.rate_limited == []


async def test_a_panel_is_pressed_only_by_those_who_may(tmp_path: Path) -> None:
    async with place() as where:
        role = where.guild.add_role("Interpreters")
        await kept(where, tmp_path, GuildSettings(starter_roles=frozenset({role.id})))
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            host = await enter(where.guild.add_person("Host"), where)
            where.guild.give(host, role)
            guest = where.guild.add_person("Guest")
            await use(where, host, "translate start", to="en")
            panel = await panel_of(where)
            for answer in (
                await guest.press(panel, VOICE),
                await guest.press(panel, STOP),
                await guest.select(panel, LANGUAGES, ["fr"]),
            ):
                assert answer.ephemeral
                assert f"Ask <@{host.id}>, who started it" in answer.content
            where.guild.deny(where.lounge, where.account, Permissions.SPEAK)
            refused = await host.press(panel, VOICE)
            assert refused.content == "I need the Speak permission in #Lounge."


async def test_a_panel_that_somebody_removed_is_not_written_again(
    tmp_path: Path, service_url: str
) -> None:
    async with place() as where, bot_at(where, tmp_path, service_url) as app:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        await use(where, host, "translate start", to="en")
        panel = await panel_of(where)
        channel = app.bot.get_partial_messageable(where.captions.id)
        await channel.get_partial_message(panel.id).delete()
        await use(where, host, "translate language add", language="es")
        await where.until(
            lambda: where.lounge.status == "Translating into English, Spanish", 15, "the new line"
        )
        await use(where, host, "translate stop")
        assert panels(where) == []
        assert not where.lounge.status


async def test_a_room_starts_by_itself_and_hears_nobody_by_that(tmp_path: Path) -> None:
    async with place() as where:
        auto = {where.lounge.id: where.captions.id}
        await kept(where, tmp_path, GuildSettings(targets=("en", "es"), auto_channels=auto))
        async with bot_at(where, tmp_path, UNUSED_ENGINE) as app:
            host = await enter(where.guild.add_person("Host"), where)
            panel = await panel_of(where)
            assert "into English, Spanish" in panel.content
            assert "- Host: not heard, has not joined in" in panel.content
            assert where.account.id in where.discord.voice.participants(where.lounge.id)
            await use(where, host, "translate stop")
            # Who stopped it is not overruled by the next who enters.
            ben = await enter(where.guild.add_person("Ben"), where)
            assert not app.rooms.runs(where.guild.id)
            await ben.leave()
            await host.leave()
            await until(lambda: not app.rooms.turned_down(where.lounge.id))
            await enter(ben, where)
            await where.until(lambda: len(panels(where)) == 1, 20, "a room after all had left")


async def test_why_a_room_could_not_start_by_itself_is_said_once(tmp_path: Path) -> None:
    failed = "Translation of <#{}> couldn't start automatically."
    async with place() as where:
        auto = {where.lounge.id: where.captions.id}
        await kept(where, tmp_path, GuildSettings(auto_channels=auto))
        where.guild.deny(where.lounge, where.account, Permissions.CONNECT)

        def said() -> list[str]:
            begin = failed.format(where.lounge.id)
            return [m.content for m in where.captions.messages if m.content.startswith(begin)]

        async with bot_at(where, tmp_path, UNUSED_ENGINE) as app:
            host = await enter(where.guild.add_person("Host"), where)
            await where.until(lambda: len(said()) == 1, 20, "the reason")
            assert "Connect" in said()[0]
            await host.leave()
            await enter(host, where)
            await enter(where.guild.add_person("Ben"), where)
            assert not app.rooms.runs(where.guild.id)
            where.guild.allow(where.lounge, where.account, Permissions.CONNECT)
            await enter(where.guild.add_person("Cara"), where)
            await panel_of(where)
        assert len(said()) == 1


async def test_a_room_starts_for_those_who_were_there_before_the_bot(tmp_path: Path) -> None:
    async with place() as where:
        auto = {where.lounge.id: where.captions.id}
        await kept(where, tmp_path, GuildSettings(auto_channels=auto))
        await enter(where.guild.add_person("Host"), where)
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            assert "- Host: not heard" in (await panel_of(where)).content
