"""Plays the script: people enter the channel, join in, speak; then the captions are waited for."""

import asyncio
from collections.abc import Callable

from bot.demo.script import RATE, Script
from bot.demo.timeline import Participant, Said, Timeline
from bot.errors import LoopbackError
from bot.loopback import Bot, Channel, Guild, Person
from bot.tasks import TaskOwner

LISTENER = "Listener"

_CAPTIONS_WITHIN_S = 30.0  # after the last word; then what is missing is said to be missing
_VOICE_WITHIN_S = 60.0
_QUIET_S = 1.5  # without a sound from the bot: the voice has ended
_POLL_S = 0.05


class Call:
    """One call on the loopback Discord.

    Args:
        guild: Where it takes place.
        lounge: The voice channel.
        captions: The text channel.
        bot: The interpreter.
        timeline: Records it.
        given_up: Whether the bot's conversations have ended for good, so that nothing more comes.
    """

    def __init__(
        self,
        guild: Guild,
        lounge: Channel,
        captions: Channel,
        bot: Bot,
        timeline: Timeline,
        *,
        given_up: Callable[[], bool],
    ) -> None:
        self._guild = guild
        self._lounge = lounge
        self._captions = captions
        self._bot = bot
        self._timeline = timeline
        self._given_up = given_up
        self.listener = guild.add_person(LISTENER, admin=True)
        self._people: dict[str, Person] = {}

    async def play(self, script: Script) -> None:
        """From the first `/translate start` until the last caption and the last sound."""
        await self._gather(script)
        self._timeline.begin()
        tasks = TaskOwner("demo")
        try:
            speaking = [
                tasks.start(self._say(line.name, line.file.name, line.pcm, line.at_s), line.name)
                for line in script.lines
            ]
            await asyncio.gather(*speaking)
        finally:
            await tasks.close()
        await self._timeline.until(
            lambda: self._given_up() or not self._missing(script), _CAPTIONS_WITHIN_S
        )
        if script.spoken is not None:
            await self._voice_has_ended()

    async def _gather(self, script: Script) -> None:
        await self._enter(self.listener)
        self._timeline.people[self.listener.id].heard = True  # who starts is in by that
        answer = await self.listener.command(
            "translate start",
            {
                "to": ",".join(script.targets),
                "channel": self._lounge,
                "voice": script.spoken is not None,
            },
            channel=self._captions,
        )
        notice = next((m for m in self._captions.messages if m.components), None)
        if notice is None:
            raise LoopbackError(f"The room did not start: {answer.content}")
        for name in script.people:
            person = self._people[name] = self._guild.add_person(name)
            await self._enter(person)
            await person.press(notice, "Join in")
            self._timeline.people[person.id].heard = True

    async def _enter(self, person: Person) -> None:
        self._timeline.people[person.id] = Participant(person.name)
        await person.join(self._lounge)

    async def _say(self, name: str, file: str, pcm: bytes, at_s: float) -> None:
        await asyncio.sleep(self._timeline.started_at + at_s - self._timeline.now())
        started = self._timeline.started_at
        said = Said(name, file, at_s, at_s + len(pcm) / (2 * RATE))
        self._timeline.said.append(said)
        spoken = await self._people[name].speak(pcm)
        said.began_s = spoken.began_at - started
        said.ended_s = spoken.ended_at - started

    def _missing(self, script: Script) -> int:
        """How many lines have no final caption yet, over all languages."""
        wanted = len(script.lines) * len(script.targets)
        final = {
            (shown.speaker, self._line_of(shown.speaker, shown.first_s), words.language)
            for shown in self._timeline.captions()
            for words in shown.read()
            if words.final
        }
        open_ones = sum(not shown.final for shown in self._timeline.captions())
        return max(0, wanted - len(final)) + open_ones

    def _line_of(self, speaker: str, at_s: float) -> int:
        return sum(s.name == speaker and s.began_s <= at_s for s in self._timeline.said)

    async def _voice_has_ended(self) -> None:
        deadline = self._timeline.now() + _VOICE_WITHIN_S
        heard, since = -1, self._timeline.now()
        while self._timeline.now() < deadline and self._timeline.now() - since < _QUIET_S:
            frames = self.listener.ear.frames(self._bot.id)
            if frames != heard:
                heard, since = frames, self._timeline.now()
            await asyncio.sleep(_POLL_S)

    async def end(self) -> None:
        """Stop the room and let everybody go."""
        await self.listener.command("translate stop", {}, channel=self._captions)
        for person in (*self._people.values(), self.listener):
            await person.leave()
