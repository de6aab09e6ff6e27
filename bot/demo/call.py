"""Plays the script: people enter the channel, join in, speak; then the captions are waited for."""

import asyncio
from collections.abc import Callable

from bot.demo.script import Script, SpokenLine
from bot.demo.timeline import Participant, Said, Timeline
from bot.errors import LoopbackError
from bot.loopback import Bot, Channel, Guild, Person
from bot.tasks import TaskOwner

LISTENER = "Listener"

_SMALL = "-# "  # small print: the number under which the log has more
_CAPTIONS_WITHIN_S = 30.0  # after the last word; then what is missing is said to be missing
_STOPS_WITHIN_S = 30.0
_VOICE_WITHIN_S = 60.0
_QUIET_S = 1.5  # without a sound from the bot: the voice has ended
_POLL_S = 0.05


class DemoCall:
    """One call on the loopback Discord.

    Args:
        guild: Where it takes place.
        lounge: The voice channel.
        captions: The text channel.
        bot: The interpreter.
        timeline: Records what happens and when.
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
        """Play the call from the first `/translate start` to the last caption and sound."""
        if not self._people:
            await self._gather(script)
        self._timeline.begin()
        tasks = TaskOwner("demo")
        try:
            speaking = [tasks.start(self._say(line), line.name) for line in script.lines]
            await asyncio.gather(*speaking)
        finally:
            await tasks.close()
        await self._timeline.until(
            lambda: self._given_up() or self._timeline.complete(script), _CAPTIONS_WITHIN_S
        )
        if script.spoken is not None:
            await self._voice_has_ended()

    async def open_page(self, script: Script) -> str:
        """Have everybody come, and return a link on which the listener reads and hears the call."""
        await self._gather(script)
        answer = await self.listener.command("translate listen", {}, channel=self._captions)
        return str(answer.components[0]["components"][0]["url"])

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
            said = [row for row in answer.shown.splitlines() if not row.startswith(_SMALL)]
            raise LoopbackError(f"The room did not start: {' '.join(said)}")
        for name in script.people:
            person = self._people[name] = self._guild.add_person(name)
            await self._enter(person)
            await person.press(notice, "Join in")
            self._timeline.people[person.id].heard = True

    async def _enter(self, person: Person) -> None:
        self._timeline.people[person.id] = Participant(person.name)
        await person.join(self._lounge)

    async def _say(self, line: SpokenLine) -> None:
        await asyncio.sleep(self._timeline.started_at + line.at_s - self._timeline.now())
        started = self._timeline.started_at
        said = Said(line.name, line.file_name, line.at_s, line.at_s + line.seconds)
        self._timeline.said.append(said)
        spoken = await self._people[line.name].speak(line.pcm)
        said.began_s = spoken.began_at - started
        said.ended_s = spoken.ended_at - started

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
        asked = await self.listener.command("translate stop", {}, channel=self._captions)
        if asked.components:  # others are heard
            pressed = await self.listener.press(asked, "Stop for everyone")
            await pressed.until(lambda now: "stopped" in now.content, _STOPS_WITHIN_S)
        for person in (*self._people.values(), self.listener):
            await person.leave()
