"""The real discord.py and the real SDK through a whole call, on loopback."""

import asyncio
from pathlib import Path

from bot.loopback import Message, Person
from tests.support.call import Place, bot_at, enter, notice_of, open_now, place, stop
from tests.support.clips import clip, word_error_rate

NAMES = {"Ana": "es_conf-invalid", "Ben": "fr_followme_status", "Cara": "it_vm-nonumber"}


async def test_three_people_are_interpreted_while_others_come_and_go(
    tmp_path: Path, engine_url: str
) -> None:
    before = open_now()
    async with place() as where:
        host = where.guild.add_person("Host", admin=True)
        people = {name: where.guild.add_person(name) for name in NAMES}
        quiet = where.guild.add_person("Quiet")
        async with bot_at(where, tmp_path, engine_url):
            await enter(host, where)
            answer = await host.command(
                "translate start",
                {"to": "English", "channel": where.lounge, "voice": True},
                channel=where.captions,
            )
            assert answer.ephemeral
            assert "Translating" in answer.content
            notice = await notice_of(where)
            await enter(people["Ana"], where)
            pressed = await people["Ana"].press(notice, "Join in")
            assert pressed.ephemeral
            await _talk_while_people_come_and_go(where, people, quiet, notice)
            await where.captioned(*NAMES)
            await _voice_ends(where, host)
            stopped = await stop(host, where)
            assert "stopped" in stopped.content
            assert where.account.id not in where.discord.voice.participants(where.lounge.id)
        _captions_are_right(where)
        _voice_was_heard(where, host)
        assert where.discord.complaints == []
        for person in (host, quiet, people["Ana"]):
            await person.leave()
    after = open_now()
    assert after.threads <= before.threads
    assert after.sockets <= before.sockets
    assert after.tasks <= before.tasks


async def _talk_while_people_come_and_go(
    where: Place, people: dict[str, Person], quiet: Person, notice: Message
) -> None:
    ana, ben, cara = (people[name] for name in NAMES)

    async def say(person: Person, name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await person.speak(clip(NAMES[name])[0])

    async def come_and_go() -> None:
        await asyncio.sleep(0.8)
        for person in (ben, cara, quiet):  # each arrival re-keys the group while Ana speaks
            await person.join(where.lounge)
            await asyncio.sleep(0.4)
        for person in (ben, cara):
            await person.press(notice, "Join in")

    await asyncio.gather(say(ana, "Ana", 0), come_and_go())
    never_joined_in = clip("en_librivox_0880")[0]
    await asyncio.gather(
        say(ben, "Ben", 0),
        say(cara, "Cara", 1.5),
        quiet.speak(never_joined_in),
    )
    await cara.leave()
    await ben.leave()


async def _voice_ends(where: Place, host: Person) -> None:
    heard = -1
    while heard != (heard := host.ear.frames(where.account.id)):  # noqa: ASYNC110 - an ear has no event
        await asyncio.sleep(1.0)


def _captions_are_right(where: Place) -> None:
    said = {s.message.author_name: s for s in where.said()}
    assert set(said) == set(NAMES)
    for name, file in NAMES.items():
        caption = said[name]
        assert word_error_rate(clip(file)[1], caption.words.source) < 0.3
        assert caption.words.language == "", "a single language needs no label"
        assert caption.words.text
    edited = [caption for caption in said.values() if caption.message.edits]
    assert edited, "interim text was edited until it was final"
    assert "person" in said["Ben"].words.text.lower()
    assert "message" in said["Cara"].words.text.lower()


def _voice_was_heard(where: Place, host: Person) -> None:
    ear = host.ear
    seconds = ear.frames(where.account.id) * 0.02
    assert seconds > 4, "three sentences take longer"
    assert (ear.failures, ear.unencrypted) == (0, 0)
