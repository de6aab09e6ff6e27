"""Live subtitles: a room whose language is what is spoken, alone and beside a translation."""

from pathlib import Path

from tests.integration.translation.translation_service import Service, translate
from tests.support.call import ask, bot_at, enter, place
from tests.support.clips import clip


async def test_what_is_said_is_read_as_it_is_said_and_beside_it_what_it_means(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_at(where, tmp_path, service.url):
            await ask(host, where, "settings languages", to="original")
            await ask(host, where, "settings transcripts", days=1)
            started = await ask(host, where, "translate start")
            assert started.content.startswith("Translating")
            await host.speak(clip("es_conf-invalid")[0])
            await where.captioned("Host")
            (alone,) = where.said()
            words = alone.message.content
            assert words.startswith("source ")
            assert "\n" not in words
            added = await ask(host, where, "translate language add", language="English")
            assert "original, English" in added.content
            await host.speak(clip("es_conf-invalid")[0])
            await where.captioned("Host", "Host")
            beside = where.said()[-1].message.content.splitlines()
            assert [line[:5] for line in beside] == ["`ES` ", "`EN` "]
            assert beside[0].startswith("`ES` source ")
            refused = await ask(host, where, "translate language add", language="original")
            assert "already one of the languages" in refused.content
            await ask(host, where, "translate stop")
            kept = await ask(host, where, "translate transcript", format="txt")
            assert words in kept.message.attachments[0].content.decode()
            silent = await ask(host, where, "translate start", to="original", voice=True)
            assert silent.content.startswith("None of the chosen languages can be read aloud.")
        assert where.discord.complaints == []


async def test_it_is_offered_and_found_by_its_name_in_the_language_of_who_types(
    tmp_path: Path,
) -> None:
    async with place() as where, bot_at(where, tmp_path, "ws://127.0.0.1:9/api-ws/v1/realtime"):
        ana = where.guild.add_person("Ana")
        shown = await ana.autocomplete(
            "translate start", {"to": "orig"}, focused="to", channel=where.captions
        )
        assert [(choice.name, choice.value) for choice in shown] == [("Original", "original")]
        spoken = await ana.autocomplete(
            "translate my-languages",
            {"speaks": "orig"},
            focused="speaks",
            channel=where.captions,
        )
        assert spoken == []
