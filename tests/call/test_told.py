"""Every second that is heard is later than a message that its speaker can read."""

import asyncio
from pathlib import Path

import pytest

from bot.consent import newcomers
from bot.domain.stored import ConsentMode, GuildSettings
from bot.loopback import Message, Permissions, Person
from bot.tasks import TaskOwner
from bot.ui.text_channels import TextChannelWatch
from tests.call.test_room_commands import kept
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, ask, bot_at, enter, notice_of, place
from tests.support.clips import clip
from tests.support.heard import speech_s

SPEECH = clip("es_conf-invalid")[0]  # 3 s
VIEW = Permissions.VIEW_CHANNEL


async def joined_in_before(where: Place, person: Person) -> None:
    assert "joined in" in (await ask(person, where, "privacy join")).content


def texts(messages: list[Message]) -> list[str]:
    return [message.content for message in messages if not message.deleted]


@pytest.mark.parametrize("mode", ConsentMode)
async def test_who_cannot_view_the_text_channel_is_not_heard_until_they_can(
    tmp_path: Path, mode: ConsentMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SAY_NO_S", "_GATHER_S", "_APART_S"):
        monkeypatch.setattr(newcomers, name, 0.5)

    async def told(person: Person) -> None:
        """Wait until they were, and had their time to say no."""
        if mode is ConsentMode.ANNOUNCED:
            named = f"<@{person.id}>"
            await where.until(
                lambda: any(named in text for text in texts(hidden.messages)), 20, "their name"
            )
            await asyncio.sleep(1.0)
        else:
            await asyncio.sleep(0.2)

    async with place() as where, Service(translate) as service:
        await kept(where, tmp_path, GuildSettings(consent=mode))
        hidden = where.guild.add_text_channel("hidden")
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana = await enter(where.guild.add_person("Ana"), where)
        async with bot_at(where, tmp_path, service.url):
            if mode is ConsentMode.OPT_IN:
                await joined_in_before(where, ana)
            where.guild.deny(hidden, where.guild.everyone, VIEW)
            where.guild.allow(hidden, where.account, VIEW | Permissions.SEND_MESSAGES)
            await ask(host, where, "translate start", to="en", text=hidden)
            await told(host)
            await ana.speak(SPEECH)
            assert speech_s(service) == 0
            assert not any(f"<@{ana.id}>" in text for text in texts(hidden.messages))
            status = (await ask(host, where, "translate status")).content
            assert "- Ana: not heard" in status
            where.guild.allow(hidden, ana, VIEW)
            await told(ana)
            await ana.speak(SPEECH)
            assert speech_s(service) > 1.5
            where.guild.deny(hidden, ana, VIEW)
            await asyncio.sleep(0.2)
            before = speech_s(service)
            await ana.speak(SPEECH)
            assert speech_s(service) == before
        assert where.discord.complaints == []


async def test_nobody_without_a_role_starts_a_room_from_outside(tmp_path: Path) -> None:
    async with place() as where, Service(translate) as service:
        stranger = where.guild.add_person("Stranger")
        ana = await enter(where.guild.add_person("Ana"), where)
        async with bot_at(where, tmp_path, service.url):
            await joined_in_before(where, ana)
            options = {"to": "en", "channel": where.lounge}
            refused = (await ask(stranger, where, "translate start", **options)).content
            assert refused.startswith(f"Join <#{where.lounge.id}> first")
            await ana.speak(SPEECH)
            assert speech_s(service) == 0


async def test_a_room_whose_text_channel_is_deleted_ends_and_says_so_where_people_are(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        doomed = where.guild.add_text_channel("doomed")
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_at(where, tmp_path, service.url):
            await ask(host, where, "translate start", to="en", text=doomed)
            await where.until(lambda: len(texts(doomed.messages)) == 2, 10, "notice and panel")
            where.guild.delete_channel(doomed)
            await where.until(lambda: bool(texts(where.lounge.messages)), 5, "the reason")
            before = speech_s(service)
            await host.speak(SPEECH)
            assert speech_s(service) == before
            (said,) = texts(where.lounge.messages)
            assert said.splitlines() == [
                "The text channel for the captions was deleted.",
                f"<#{where.lounge.id}> is no longer being translated.",
            ]
            answer = (await ask(host, where, "translate status")).content
            assert answer.startswith("Nothing is being translated here")
        assert where.discord.complaints == []


async def test_a_room_that_may_no_longer_write_anything_ends_and_says_so(tmp_path: Path) -> None:
    async with place() as where, Service(translate) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_at(where, tmp_path, service.url):
            await ask(host, where, "translate start", to="en")
            where.guild.deny(where.captions, where.account, VIEW)
            await where.until(lambda: bool(texts(where.lounge.messages)), 5, "the reason")
            (said,) = texts(where.lounge.messages)
            assert said.startswith(f"I can no longer see <#{where.captions.id}>")
            await host.speak(SPEECH)
            assert speech_s(service) == 0


async def test_nobody_is_heard_before_the_notice_is_posted(tmp_path: Path) -> None:
    tasks = TaskOwner("test")
    async with place() as where, Service(translate) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana = await enter(where.guild.add_person("Ana"), where)
        async with bot_at(where, tmp_path, service.url):
            await joined_in_before(where, ana)
            where.discord.fail_next("POST", r"/channels/\d+/messages", 500, times=3)
            starting = tasks.start(ask_patiently(host, where), "start")
            participants = where.discord.voice.participants
            while where.account.id not in participants(where.lounge.id):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.05)
            await ana.speak(SPEECH)  # Discord answers again after some 9 s
            assert texts([m for m in where.captions.messages if m.private_to is None]) == []
            assert speech_s(service) == 0
            assert "Translating" in await starting
            await notice_of(where)
            await ana.speak(SPEECH)
            assert speech_s(service) > 1.5
        await tasks.close()


async def ask_patiently(host: Person, where: Place) -> str:
    answer = await host.command("translate start", {"to": "en"}, channel=where.captions)
    return answer.content


async def test_who_chose_to_stay_out_is_asked_and_not_overruled_by_starting(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        await kept(where, tmp_path, GuildSettings(consent=ConsentMode.ANNOUNCED))
        host = await enter(where.guild.add_person("Host"), where)
        async with bot_at(where, tmp_path, service.url):
            await ask(host, where, "privacy leave")
            started = await ask(host, where, "translate start", to="en")
            assert "You chose to stay out, so you are not heard." in started.content
            await host.speak(SPEECH)
            assert speech_s(service) == 0
            joined = await host.press(started, "Join in")
            assert "joined in" in joined.content
            await host.speak(SPEECH)
            assert speech_s(service) > 1.5
        assert where.discord.complaints == []


async def test_who_is_in_a_private_voice_channel_is_nobody_elses_business(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, "ws://127.0.0.1:9/x"):
        host = await enter(where.guild.add_person("Host", admin=True), where)
        outsider = where.guild.add_person("Outsider")
        await ask(host, where, "translate start", to="en")
        where.guild.deny(where.lounge, outsider, VIEW)
        await asyncio.sleep(0.2)
        answer = (await ask(outsider, where, "translate status")).content
        assert answer.startswith("Nothing is being translated here")
        assert "Host" in (await ask(host, where, "translate status")).content

        def panel() -> str:
            stop = "parley:panel:stop"
            found = [m for m in where.captions.messages if stop in str(m.components)]
            return found[-1].content if found else ""

        await where.until(lambda: "Heard: 1 of 1." in panel(), 15, "a panel that names nobody")
        assert "Host" not in panel()
        where.guild.deny(where.captions, outsider, VIEW)  # whoever reads it sees both
        where.guild.allow(where.lounge, outsider, VIEW)
        await where.until(lambda: "- Host: heard" in panel(), 15, "a panel with names")


async def test_the_answer_to_joining_in_names_the_server_and_where_captions_go(
    tmp_path: Path,
) -> None:
    async with place() as where, bot_at(where, tmp_path, "ws://127.0.0.1:9/x"):
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana = await enter(where.guild.add_person("Ana"), where)
        await ask(host, where, "translate start", to="en")
        notice = await notice_of(where)
        assert "Joining in applies to every translated voice channel in Parley" in notice.content
        assert "Captions appear here." in notice.content
        joined = (await ana.press(notice, "Join in")).content
        assert "in **Parley**" in joined
        assert f"<#{where.captions.id}>" in joined
        where.guild.deny(where.captions, ana, VIEW)
        await asyncio.sleep(0.2)
        lounge = where.lounge  # its chat is what they still see
        again = await ana.command("privacy join", {}, channel=lounge)
        assert "you can't see the channel" in again.content


async def test_who_loses_the_role_that_shows_the_text_channel_is_no_longer_heard(
    tmp_path: Path,
) -> None:
    """Discord tells no bot of it that lacks the privileged intent for members."""
    async with place() as where, Service(translate) as service:
        role = where.guild.add_role("Readers")
        hidden = where.guild.add_text_channel("hidden")
        where.guild.deny(hidden, where.guild.everyone, VIEW)
        where.guild.allow(hidden, where.account, VIEW | Permissions.SEND_MESSAGES)
        where.guild.allow(hidden, role, VIEW)
        ana = where.guild.add_person("Ana")
        where.guild.give(ana, role)
        host = await enter(where.guild.add_person("Host", admin=True), where)
        await enter(ana, where)
        async with bot_at(where, tmp_path, service.url) as app:
            await joined_in_before(where, ana)
            await ask(host, where, "translate start", to="en", text=hidden)
            await ana.speak(SPEECH)
            before = speech_s(service)
            assert before > 1.5
            where.guild.state.members[ana.id].role_ids.discard(role.id)
            watch = app.bot.get_cog("TextChannelWatch")
            assert isinstance(watch, TextChannelWatch)
            watch._ask_again.restart()  # a minute later
            await asyncio.sleep(1.0)
            await ana.speak(SPEECH)
            assert speech_s(service) == before
        assert where.discord.complaints == []


async def test_who_joins_in_as_they_enter_reads_what_is_true_at_that_moment(
    tmp_path: Path, service_url: str
) -> None:
    async with place() as where, bot_at(where, tmp_path, service_url):
        host = await enter(where.guild.add_person("Host"), where)
        await ask(host, where, "translate start", to="en")
        notice = await notice_of(where)
        ana, ben = (where.guild.add_person(name) for name in ("Ana", "Ben"))
        for person in (ana, ben):
            if person is ben:
                await ask(host, where, "translate pause")
            await enter(person, where)
            joined = (await person.press(notice, "Join in")).content  # before the word to newcomers

            def word(person: Person = person) -> list[str]:
                begin = f"<@{person.id}>: this voice channel"
                return [said for said in texts(where.captions.messages) if said.startswith(begin)]

            await where.until(lambda: bool(word()), 20, "the word to newcomers")
            (said,) = word()
            assert "joined in before" not in said
            if person is ana:
                assert "is heard from now on" in joined
                assert "and you are heard because you joined in." in said
            else:
                assert "Nobody is being heard in this call right now" in joined
                assert "when it resumes, you'll be heard because you joined in." in said
        outside = where.guild.add_person("Cara")
        answer = (await outside.press(notice, "Join in")).content
        assert "heard from now on" not in answer  # they are in no voice channel
        assert (await outside.press(notice, "Join in")).content == "You've already joined in."
