"""What is set while a room runs: some of it holds at once, the rest from the next room on."""

from pathlib import Path

from tests.integration.translation.translation_service import Service, translate
from tests.support.call import bot_at, enter, place, stop
from tests.support.clips import clip


async def test_settings_hold_in_a_running_room_or_say_that_they_do_not(tmp_path: Path) -> None:
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True)
        guest = where.guild.add_person("Guest")
        role = where.guild.add_role("Interpreters")

        async def says(what: str, **options: object) -> str:
            answer = await host.command(what, options, channel=where.captions)
            return answer.content

        async with bot_at(where, tmp_path, service.url):
            await enter(host, where)
            await says("translate start", channel=where.lounge)
            said = await says("settings languages", to="es")
            assert said.startswith("✅ Changed, starting with the next translation")
            assert "into English" in await says("translate status")

            asked = await host.command("settings starters", channel=where.captions)
            await host.select(asked, "parley:settings:starters", [str(role.id)])
            refused = await guest.command("translate stop", channel=where.captions)
            assert f"Ask <@{host.id}>, who started it." in refused.content
            where.guild.give(guest, role)

            # A minute is more than was said; less can only be set by who hosts the bot.
            said = await says("settings limits", minutes=1)
            assert said.startswith("✅ Changed: daily limit.")
            await host.speak(clip("es_conf-invalid")[0])
            await where.until(lambda: bool(where.said()), 15, "a caption")
            assert "of 1 minute translated" in await says("translate status")

            stopped = await stop(guest, where)
            assert "stopped" in stopped.content
            await says("translate start", channel=where.lounge)
            assert "into Spanish" in await says("translate status")
            await says("translate stop")
        assert where.discord.complaints == []
        await host.leave()


async def test_a_german_types_and_reads_languages_in_german(tmp_path: Path) -> None:
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True, locale="de")
        async with bot_at(where, tmp_path, service.url):
            answer = await host.command(
                "settings languages", {"to": "Spanisch"}, channel=where.captions
            )
            assert "Spanisch" in answer.content
