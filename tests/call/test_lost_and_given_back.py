"""Moderators take webhooks, threads and permissions away in the middle of a call, and give them
back: what people read, through the whole bot.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.app import App
from bot.loopback import Channel, Message, Permissions, Person
from bot.tasks import TaskOwner
from tests.integration.translation.translation_service import Service
from tests.support.call import Place, bot_at, enter, notice_of, place, stop
from tests.support.listening_service import ListeningService, hum

NAMES = ("Ana", "Ben")
WITHIN_S = 15.0


@dataclass
class Call:
    """A running room in which two people speak in turn."""

    where: Place
    app: App
    service: ListeningService
    people: list[Person]
    tasks: TaskOwner
    spoken: list[str] = field(default_factory=list)  # the finals' words, in order
    gone: set[str] = field(default_factory=set)  # of these, what was deleted with its thread

    def standing(self) -> list[Message]:
        """All that can be read, in the order in which it was posted."""
        places = [self.where.captions, *self.where.guild.state.threads.values()]
        found = [m for at in places for m in at.messages if not m.deleted and m.private_to is None]
        return sorted(found, key=lambda message: message.id)

    def final(self, word: str) -> Message | None:
        """The message with this final; each stands once."""
        said = self.service.finals.get(word)
        if said is None:
            return None
        found = [m for m in self.standing() if said.text in m.content]
        assert len(found) <= 1, f"{word} stands {len(found)} times"
        return found[0] if found else None

    def count(self, text: str) -> int:
        return sum(text in message.content for message in self.standing())

    async def read(self, text: str) -> None:
        await self.where.until(lambda: self.count(text) > 0, WITHIN_S, text)

    async def says(self, speaker: int, during: Callable[[], None] = lambda: None) -> Message:
        """Somebody says a sentence; `during` happens once a part of it stands. Its final."""
        number = sum(word.startswith(f"en{speaker}n") for word in self.spoken)
        word = f"en{speaker}n{number}"
        self.spoken.append(word)
        speaking = self.tasks.start(self.people[speaker].speak(hum(speaker, 2.5)), word)
        await self.read(word)
        during()
        await speaking
        await self.where.until(lambda: self.final(word) is not None, WITHIN_S, word)
        message = self.final(word)
        assert message is not None
        return message

    def thread(self) -> Channel:
        return list(self.where.guild.state.threads.values())[-1]

    async def settle(self) -> None:
        """Let the bot hear of what was done to it."""
        await asyncio.sleep(0.3)

    def check(self) -> None:
        """Each final stands once, and in the order of speech."""
        words = [word for word in self.spoken if word not in self.gone]
        ids = [message.id for word in words if (message := self.final(word)) is not None]
        assert len(ids) == len(words)
        assert ids == sorted(ids)


@asynccontextmanager
async def call(
    folder: Path, *, threads: bool = False, before: Callable[[Place], None] = lambda _: None
) -> AsyncIterator[Call]:
    service = ListeningService(len(NAMES), random.Random(1))
    async with place() as where, Service(service.converse) as cloud:
        before(where)
        people = [where.guild.add_person(name, admin=name == NAMES[0]) for name in NAMES]
        settings = {"LIVETRANSLATE_SILENCE_MS": "300"}
        async with bot_at(where, folder, cloud.url, **settings) as app:
            for person in people:
                await enter(person, where)
            if threads:
                layout = {"layout": "a thread for each language"}
                await people[0].command("settings captions", layout, channel=where.captions)
            begin = {"to": "en", "channel": where.lounge}
            started = await people[0].command("translate start", begin, channel=where.captions)
            assert "Translating" in started.content
            notice = await notice_of(where)
            for person in people:
                assert (await person.press(notice, "Join in")).ephemeral
            tasks = TaskOwner("speaking")
            here = Call(where, app, service, people, tasks)
            try:
                yield here
                assert len(app.rooms) == 1, "the room goes on"
            finally:
                await tasks.close()
            await stop(people[0], where)
            here.check()
        for person in people:
            await person.leave()
        assert where.discord.rate_limited == []


@pytest.fixture(autouse=True)
def _short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least rests are held by unit tests."""
    monkeypatch.setattr("bot.chat.refused.LEAST_REST_S", 0.5)
    monkeypatch.setattr("bot.chat.webhooks.LOOK_AGAIN_S", 0.0)


def fill(where: Place) -> None:
    other = where.discord.add_bot("Feeds")
    for number in range(15):
        where.guild.add_webhook(where.captions, other, f"Feed {number}")


async def test_a_webhook_is_deleted_as_asked_and_speakers_have_their_names(tmp_path: Path) -> None:
    async with call(tmp_path, before=fill) as here:
        assert (await here.says(0)).author_name == "Parley"
        await here.read("as many webhooks as Discord allows")
        here.where.guild.delete_webhook(here.where.captions.webhooks[3])
        await here.settle()
        assert (await here.says(1)).author_name == "Ben"
        assert (await here.says(0)).author_name == "Ana"
        assert here.count("as many webhooks as Discord allows") == 1
        assert [c.code for c in here.where.discord.complaints] == [30007]


async def test_our_webhook_is_deleted_in_mid_sentence(tmp_path: Path) -> None:
    async with call(tmp_path) as here:
        await here.says(0)
        guild, captions = here.where.guild, here.where.captions
        said = await here.says(1, lambda: guild.delete_webhook(captions.webhooks[0]))
        assert said.author_name == "Ben"
        assert (await here.says(0)).author_name == "Ana"
        assert len(captions.webhooks) == 1
        assert len(here.where.discord.complaints) <= 1


async def test_manage_webhooks_is_taken_with_the_webhook_and_given_back(tmp_path: Path) -> None:
    async with call(tmp_path) as here:
        guild, captions, bot = here.where.guild, here.where.captions, here.where.account

        def take() -> None:
            guild.deny(captions, bot, Permissions.MANAGE_WEBHOOKS)
            guild.delete_webhook(captions.webhooks[0])

        await here.says(0)
        assert (await here.says(1, take)).author_name == "Parley"
        await here.read("Manage Webhooks")
        assert (await here.says(0)).author_name == "Parley"
        guild.allow(captions, bot, Permissions.MANAGE_WEBHOOKS)
        await here.settle()
        assert (await here.says(1)).author_name == "Ben"
        assert here.count("I don't have the Manage Webhooks permission") == 1
        assert len(here.where.discord.complaints) <= 1


@pytest.mark.parametrize("how", ["deleted", "locked", "archived", "locked and archived"])
async def test_a_thread_is_lost_in_mid_sentence(tmp_path: Path, how: str) -> None:
    async with call(tmp_path, threads=True) as here:
        guild = here.where.guild
        await here.says(0)
        first = here.thread()

        def lose() -> None:
            if how == "deleted":
                here.gone.add("en0n0")
                guild.delete_channel(first)
            else:
                guild.change_thread(first, archived="archived" in how, locked="locked" in how)

        said = await here.says(1, lose)
        assert said.channel.name.startswith("EN")
        last = await here.says(0)
        assert last.channel.name.startswith("EN")
        assert (last.channel is first) is (how == "archived")
        assert not last.channel.archived
        assert here.count("all languages appear together here") == 0


async def test_permissions_for_threads_are_taken_and_given_back(tmp_path: Path) -> None:
    needed = Permissions.CREATE_PUBLIC_THREADS | Permissions.SEND_MESSAGES_IN_THREADS

    def refuse(where: Place) -> None:
        where.guild.deny(where.captions, where.account, needed)

    async with call(tmp_path, threads=True, before=refuse) as here:
        guild, captions, bot = here.where.guild, here.where.captions, here.where.account
        assert (await here.says(0)).channel is captions
        guild.allow(captions, bot, needed)
        await here.settle()
        assert (await here.says(1)).channel.name.startswith("EN")
        guild.deny(captions, bot, needed | Permissions.MANAGE_WEBHOOKS)
        guild.delete_webhook(captions.webhooks[0])
        await here.settle()
        above = await here.says(0)
        assert (above.channel, above.author_name) == (captions, "Parley")
        guild.allow(captions, bot, needed | Permissions.MANAGE_WEBHOOKS)
        await here.settle()
        back = await here.says(1)
        assert back.channel.name.startswith("EN")
        assert back.author_name == "Ben"
        assert here.count("to give each language its own thread") == 2, "each time it was taken"


async def test_send_messages_is_taken_and_given_back(tmp_path: Path) -> None:
    async with call(tmp_path) as here:
        guild, captions, bot = here.where.guild, here.where.captions, here.where.account
        await here.says(0)
        guild.deny(captions, bot, Permissions.SEND_MESSAGES)
        await here.settle()
        assert (await here.says(1)).author_name == "Ben"
        guild.allow(captions, bot, Permissions.SEND_MESSAGES)
        await here.settle()
        assert (await here.says(0)).author_name == "Ana"
