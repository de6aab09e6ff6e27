"""Commands that need no permission: a member who has none in the server is served."""

from pathlib import Path

from bot.loopback import Permissions
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import ask, bot_at, enter, notice_of, place
from tests.support.clips import clip

# Without the latter Discord offers nobody any command.
NEXT_TO_NOTHING = Permissions.VIEW_CHANNEL | Permissions.USE_APPLICATION_COMMANDS


async def test_a_member_without_any_permission_is_served(tmp_path: Path) -> None:
    async with place() as where, Service(translate) as service:
        where.guild.set_permissions(where.guild.everyone, NEXT_TO_NOTHING)
        host = where.guild.add_person("Host", admin=True)
        guest = where.guild.add_person("Guest")

        async def said(command: str, **options: object) -> str:
            return (await ask(guest, where, command, **options)).content

        async with bot_at(where, tmp_path, service.url):
            await enter(host, where)
            await ask(host, where, "glossary add", language="es", source="a", translation="b")
            await ask(host, where, "translate start", to="en")
            await host.speak(clip("es_conf-invalid")[0])
            await where.captioned("Host")
            assert "- Host: heard" in await said("translate status")
            usage = await said("translate usage")
            assert "(0.0 yours)" in usage
            assert "tokens; cost nothing" in usage
            mine = await said("translate my-languages", speaks="de", reads="ja")
            wished = "You speak German, and read Japanese while you are in the voice channel."
            assert mine == wished
            assert "as captions only" in await said("translate my-voice", voice="none")
            assert "- “a” → “b”" in await said("glossary list")
            exported = await ask(guest, where, "glossary export")
            assert b"a,b,es" in exported.message.attachments[0].content
            assert (await said("privacy join")).startswith("You've joined in:")
            assert "Kept: that you joined in" in await said("privacy status")
            assert "nothing you say is heard or kept" in await said("privacy leave")
            assert "which languages you speak" in await said("privacy forget-me")
            pressed = await guest.press(await notice_of(where), "Join in")
            assert pressed.content.startswith("You've joined in:")
            await ask(host, where, "translate stop")
        assert where.discord.complaints == []


async def test_what_is_so_already_is_said(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, "ws://127.0.0.1:9/api-ws/v1/realtime"):
        ana = where.guild.add_person("Ana")

        async def said(command: str) -> str:
            return (await ask(ana, where, command)).content

        assert "Nothing was translated in the last 30 days." in await said("translate usage")
        assert "Nothing is kept about you." in await said("privacy status")
        nothing = "You are not being heard, and nothing is kept about this."
        assert await said("privacy leave") == nothing
        assert "Nothing about you was kept" in await said("privacy forget-me")
        await said("privacy join")
        assert await said("privacy join") == "You've already joined in."
