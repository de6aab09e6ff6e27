"""Servers in which people come, go, talk, move and read along, whatever breaks meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
from aiohttp import CookieJar, WSMsgType

from bot.errors import LoopbackError
from bot.loopback import Bot, Channel, Guild, LoopbackDiscord, Person
from bot.loopback.state.refusal import Refusal
from tests.soak.sentences import Sentences, tagged
from tests.soak.watching import now

BROKEN = (LoopbackError, Refusal, TimeoutError, aiohttp.ClientError, ConnectionError, OSError)
_START_EACH_S = 6.0


@dataclass(eq=False)
class SoakServer:
    """One server with a room that is wanted all the time.

    Attributes:
        text: Where captions go; another one after it was deleted.
        lounge: What is translated; likewise.
        second: Where people go for a while.
        agreed: User ids of those who pressed "Join in".
        stopping: Nothing is started any more.
    """

    discord: LoopbackDiscord
    account: Bot
    guild: Guild
    languages: str
    sentences: Sentences
    chance: random.Random
    log: Callable[[str], None]
    text: Channel = field(init=False)
    lounge: Channel = field(init=False)
    second: Channel = field(init=False)
    people: list[Person] = field(init=False)
    agreed: set[int] = field(default_factory=set)
    stopping: bool = False
    listened: int = 0
    _tried_at: float = 0.0

    def furnish(self, people: int) -> None:
        """Add its channels and people."""
        self.text = self.guild.add_text_channel("captions")
        self.lounge = self.guild.add_voice_channel("Lounge")
        self.second = self.guild.add_voice_channel("Second")
        self.guild.invite(self.account)
        self.people = [
            self.guild.add_person(f"{self.guild.name}-{number}", admin=number == 0)
            for number in range(people)
        ]

    # What is seen from outside

    @property
    def bot_in(self) -> Channel | None:
        """The voice channel in which people see the bot."""
        state = self.guild.state.voice_states.get(self.account.id)
        if state is None or state.channel_id is None:
            return None
        return self.guild.state.channels.get(state.channel_id)

    def hears(self, person: Person) -> bool:
        """Return whether a room promises to translate this person now."""
        channel = self.bot_in
        if channel is None or person.id not in self.agreed or person.channel is not channel:
            return False
        return any(
            session.user_id == self.account.id
            and session.call.channel_id == channel.id
            and session.described
            and session.call.seated(session)
            for session in self.discord.voice._sessions.all()
        )

    # The room

    async def keep(self) -> None:
        """Start the room whenever it is not there."""
        while not self.stopping:
            with suppress(*BROKEN):
                await self.start()
            await asyncio.sleep(self.chance.uniform(1.0, 3.0))

    async def start(self) -> None:
        """Start a room if none is seen, and have all agree."""
        host = self.people[0]
        if self.bot_in is None and now() - self._tried_at > _START_EACH_S:
            self._tried_at = now()
            if host.channel is None:
                await host.join(self.lounge)
            begin = {"to": self.languages, "channel": host.channel or self.lounge}
            answer = await host.command("translate start", begin, channel=self.text)
            self.log(f"{self.guild.name} start: {answer.content[:60]}")
            if "Translating" in answer.content:
                self.agreed.add(host.id)
        if self.bot_in is None:
            return
        for person in self.people[1:]:
            if person.id not in self.agreed:
                notices = [m for m in self.text.messages if m.components and not m.deleted]
                if notices:
                    answer = await person.press(notices[-1], "Join in")
                    if "joined in" in answer.content:
                        self.agreed.add(person.id)

    async def stop(self) -> None:
        """Stop the room, and let everybody leave."""
        self.stopping = True
        for _ in range(20):
            with suppress(*BROKEN):
                answer = await self.people[0].command("translate stop", {}, channel=self.text)
                if "Nothing is being translated" in answer.content:
                    break
                if answer.components:
                    await self.people[0].press(answer, "Stop for everyone")
            await asyncio.sleep(1.0)
        else:
            self.log(f"{self.guild.name}: its room could not be stopped")
        for person in self.people:
            await person.leave()

    # What people do

    async def live(self, person: Person) -> None:
        """Do what one does, until all stops."""
        acts = (self.speak, self.come_and_go, self.move, self.listen, self.decide)
        while not self.stopping:
            (act,) = self.chance.choices(acts, weights=(80, 5, 4, 6, 2))
            with suppress(*BROKEN):
                async with asyncio.timeout(60.0):
                    await act(person)
            await asyncio.sleep(self.chance.uniform(0.5, 5.0))

    async def speak(self, person: Person) -> None:
        """Say one sentence."""
        if person.channel is None:
            await person.join(self.lounge)
        number = len(self.sentences.said)
        pcm = tagged(number, self.chance)
        sentence = self.sentences.new(self.guild.id, person.name, len(pcm) // 3_200)
        sentence.began_at = now()
        heard_before = self.hears(person)
        try:
            spoken = await person.speak(pcm)
            sentence.began_at, sentence.ended_at = spoken.began_at, spoken.ended_at
        finally:
            sentence.ended_at = sentence.ended_at or now()
        heard_after = self.hears(person)
        sentence.owed = heard_before and heard_after
        if sentence.ended_at - sentence.began_at < 0.6:
            sentence.excused.append("it was hardly begun")

    async def come_and_go(self, person: Person) -> None:
        """Leave the channel, and come back."""
        await person.leave()
        await asyncio.sleep(self.chance.uniform(0.2, 8.0))
        await person.join(self.lounge)

    async def move(self, person: Person) -> None:
        """Go to the other channel for a while; another one moves the bot there."""
        await person.join(self.second)
        await asyncio.sleep(self.chance.uniform(0.5, 4.0))
        await person.join(self.lounge)

    async def listen(self, person: Person) -> None:
        """Open the page and read for a while."""
        answer = await person.command("translate listen", {}, channel=self.text)
        links = [part.get("url") for row in answer.components for part in row["components"]]
        if not links or links[0] is None:
            return
        async with _page(str(links[0])) as live:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.chance.uniform(2.0, 15.0)):
                    async for message in live:
                        self.listened += message.type is WSMsgType.TEXT

    async def decide(self, person: Person) -> None:
        """Stay out, and join in again."""
        notices = [m for m in self.text.messages if m.components and not m.deleted]
        if notices and person is not self.people[0]:
            self.agreed.discard(person.id)
            await person.press(notices[-1], "Stay out")
            await asyncio.sleep(self.chance.uniform(0.5, 3.0))


@asynccontextmanager
async def _page(link: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url, _, token = link.partition("#")
    origin = {"Origin": url.rstrip("/")}
    async with aiohttp.ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.post(f"{url}session", data=token, headers=origin) as answer:
            if answer.status != 204:
                raise LoopbackError(f"The page answered {answer.status}.")
        async with session.ws_connect(f"{url}live", headers=origin) as live:
            asked = {"language": None, "voice": None, "epoch": "", "after": 0, "number": 0}
            await live.send_json(asked)
            yield live
