"""Room after room in a whole call: what the process keeps of those that are over."""

from functools import partial
from pathlib import Path

from bot.client import ParleyBot
from bot.domain.stored import GuildSettings
from bot.loopback import Permissions
from cogs.auto_start import AutoStart
from tests.call.test_room_commands import kept, use
from tests.call.test_room_panel import LANGUAGES, panel_of
from tests.call.test_rooms_come_back import STOP
from tests.call.test_run import UNUSED_ENGINE
from tests.integration.loopback_bot import until
from tests.support.call import bot_at, enter, place


def messages_with_views(bot: ParleyBot) -> set[int | None]:
    """Ids of messages whose buttons discord.py keeps; None: those registered at the start."""
    store = bot._connection._view_store
    return {*store._views, *store._synced_message_views}


async def test_the_buttons_of_what_was_posted_are_not_kept_and_answer_all_the_same(
    tmp_path: Path,
) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE) as app:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana = await enter(where.guild.add_person("Ana"), where)
        for _ in range(3):
            await use(where, host, "translate start", to="en")
            panel = await panel_of(where)
            chosen = await host.select(panel, LANGUAGES, ["fr", "en"])
            assert chosen.content == "Now translating into English, French."
            edited = partial(bool, panel.edits)
            await where.until(edited, 15, "the change")
            await host.press(panel, STOP)
            await until(lambda: len(app.rooms) == 0)
        assert messages_with_views(app.bot) == {None}
        notices = [message for message in where.captions.messages if message.components]
        assert len(notices) == 3
        for notice in notices:
            answer = await ana.press(notice, "Join in")
            assert "joined in" in answer.content
        assert where.discord.complaints == []


async def test_nothing_is_kept_of_a_voice_channel_that_is_deleted(tmp_path: Path) -> None:
    async with place() as where:
        stage = where.guild.add_voice_channel("Second")
        auto = {stage.id: where.captions.id}
        await kept(where, tmp_path, GuildSettings(auto_channels=auto))
        where.guild.deny(stage, where.account, Permissions.CONNECT)
        async with bot_at(where, tmp_path, UNUSED_ENGINE) as app:
            comings = app.bot.get_cog("AutoStart")
            assert isinstance(comings, AutoStart)
            host = await enter(where.guild.add_person("Host", admin=True), where)
            await use(where, host, "translate start", to="en")
            await use(where, host, "translate stop")
            assert app.rooms.turned_down(where.lounge.id)
            await where.guild.add_person("Ana").join(stage)
            await until(lambda: stage.id in comings._refused)
            where.guild.delete_channel(stage)
            where.guild.delete_channel(where.lounge)
            await until(lambda: not comings._refused and not app.rooms._turned_down)
