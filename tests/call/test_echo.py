"""A whole call with a member whose microphone returns the bot's voice."""

import asyncio
from pathlib import Path

from tests.support.call import bot_at, enter, notice_of, place, stop
from tests.support.clips import clip, word_error_rate
from tests.support.echoes import Way, level, recorded
from tests.support.loudspeaker import Loudspeaker

_SAID = ("es_conf-invalid", "es_followme_sorry", "es_confbridge-begin-glorious-c")
_OWN = "fr_followme_status"


async def test_no_caption_and_no_loop_come_of_it_and_own_words_do(
    tmp_path: Path, engine_url: str
) -> None:
    async with place() as where:
        host = where.guild.add_person("Host", admin=True)
        ana, loud = where.guild.add_person("Ana"), where.guild.add_person("Loud")
        async with bot_at(where, tmp_path, engine_url):
            await enter(host, where)
            await host.command(
                "translate start",
                {"to": "English", "channel": where.lounge, "voice": True},
                channel=where.captions,
            )
            notice = await notice_of(where)
            for person in (ana, loud):
                await enter(person, where)
                await person.press(notice, "Join in")
            speaker = Loudspeaker(loud, where.account.id, Way(delay_s=0.2, db=-12))
            returning = asyncio.create_task(speaker.run())  # noqa: TID251 - of the test
            try:
                for count, name in enumerate(_SAID, 1):
                    await ana.speak(clip(name)[0])
                    await where.captioned(*["Ana"] * count)
                await asyncio.sleep(6.0)  # as long as an echo would take to be translated
                assert speaker.returned_s > 6.0, "the voice was played, and came back"
                assert [said.message.author_name for said in where.said()] == ["Ana"] * len(_SAID)
                own = recorded(_OWN)
                speaker.say(own * (4000 / level(own)))
                await where.captioned(*["Ana"] * len(_SAID), "Loud")
                await asyncio.sleep(8.0)
            finally:
                returning.cancel()
            names = [said.message.author_name for said in where.said()]
            assert names == ["Ana"] * len(_SAID) + ["Loud"]
            (own_words,) = (s.words for s in where.said() if s.message.author_name == "Loud")
            assert word_error_rate(clip(_OWN)[1], own_words.source) < 0.4
            told = [m.content for m in where.captions.messages if "Echo Cancellation" in m.content]
            assert len(told) == 1
            assert told[0].startswith("Loud, your microphone")
            await stop(host, where)
        assert where.discord.complaints == []
