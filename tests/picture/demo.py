"""The demo's call, as a member who reads the text channel sees it: real speech, real models."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.demo import view
from bot.demo.call import DemoCall
from bot.demo.options import Options, script_of
from bot.demo.run import _figures
from bot.demo.stage import Stage, set_up
from bot.demo.timeline import Timeline
from bot.loopback import Observation
from tests.picture.scene import Member, Scene, scene

_BEFORE_S = 0.8  # the first caption, while its words are being said
_LINES = 3  # one person, then two at once; the rest goes on in the same way
_COLUMNS = {"wide": view.COLUMNS, "phone": 46}  # of the terminal
_APART_S = 0.1  # a moment that was shorter is left out


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen from `at_s` on; the first is at 0."""

    at_s: float
    scene: Scene


@dataclass(frozen=True, slots=True)
class Seen:
    """A call that was played.

    Attributes:
        moments: In order, from just before the first caption until the last is translated that the
            moving picture shows.
        terminals: The last picture of the terminal as SVGs, by the size of the window.
    """

    moments: tuple[Moment, ...]
    terminals: Mapping[str, str]


async def played() -> Seen:
    """Play the call of `make demo`."""
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:
        out = Path(folder)
        options = Options(
            speak=(), to="en", voice=None, model=None, live=False, out=out, plain=False
        )
        script = script_of(options)
        async with set_up(model=None, live=False, trace=out / "trace.jsonl") as stage:
            seen = _Recorder(stage, script.targets[0])
            await seen.call.play(script)
            whole = _figures(stage, seen.timeline)
            terminals = {}
            for size, columns in _COLUMNS.items():
                file = out / f"{size}.svg"
                figures = whole if len(whole) <= columns else _short(whole)
                view.save_picture(seen.timeline, "into English", figures, file, columns=columns)
                terminals[size] = file.read_text(encoding="utf-8")
            await seen.call.end()
        return Seen(seen.moments(), terminals)


def _short(figures: str) -> str:
    """Figures without those of packets, for which a narrow terminal has no room."""
    return "  ".join(part for part in figures.split("  ") if "packets" not in part)


class _Recorder:
    """Keeps each moment of a call at which something that a member sees has changed."""

    def __init__(self, stage: Stage, target: str) -> None:
        self._stage = stage
        channels = {channel.id: channel.name for channel in (stage.lounge, stage.captions)}
        clock = asyncio.get_running_loop().time
        self.timeline = Timeline(
            stage.captions.id, clock, lambda _at_s, _text: None, channels, target
        )
        self.timeline.begin()
        self.call = DemoCall(
            stage.guild,
            stage.lounge,
            stage.captions,
            stage.account,
            self.timeline,
            given_up=lambda: False,
        )
        self._clock = clock
        self._seen: list[tuple[float, Scene]] = []  # by the clock
        self._ended_at: float | None = None
        stage.discord.subscribe(self._observe)

    def _observe(self, observation: Observation) -> None:
        self.timeline.observe(observation)
        now = self._scene()
        if self._ended_at is None and now.posts and (not self._seen or self._seen[-1][1] != now):
            self._seen.append((self._clock(), now))
            if self._is_shown():
                self._ended_at = self._clock()

    def _is_shown(self) -> bool:
        captions = self.timeline.captions()[:_LINES]
        return len(captions) == _LINES and all(shown.final for shown in captions)

    def moments(self) -> tuple[Moment, ...]:
        """What was seen, without what nobody could read for its shortness."""
        first = self.timeline.captions()[0]
        began_at = self.timeline.started_at + first.first_s - _BEFORE_S
        moments: list[Moment] = []
        for at, what in self._seen:
            moment = Moment(max(0.0, at - began_at), what)
            if moments and moment.at_s - moments[-1].at_s < _APART_S:
                moment = Moment(moments.pop().at_s, what)
            moments.append(moment)
        return tuple(moments)

    def _scene(self) -> Scene:
        people = self.timeline.people
        return scene(
            self._stage.captions,
            self._stage.lounge,
            [Member(p.name, p.speaking, p.bot) for p in people.values() if p.present],
            {id_: person.name for id_, person in people.items()},
        )
