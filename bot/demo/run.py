"""`parley demo`: checks what was asked, plays the call, shows it, and leaves its results."""

import asyncio
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import __version__, logs, speech
from bot.audio import files
from bot.demo import latency, outputs, view
from bot.demo.call import Call
from bot.demo.script import RATE, Line, Script, parse_lines, parse_targets, untangled
from bot.demo.stage import Stage, set_up
from bot.demo.timeline import Timeline
from bot.errors import UsageError
from bot.room.events import ConversationState
from bot.translation.languages import NAMES

_EAR_RATE = 48_000

# Three people; twice one begins before the other has ended.
_CAST = (
    ("Lucía", "es_followme_sorry.wav", 0.5),
    ("Camille", "fr_followme_status.wav", 6.5),
    ("Marco", "it_vm-nonumber.wav", 9.0),
    ("Camille", "fr_followme_sorry.wav", 14.5),
    ("Marco", "it_followme_status.wav", 17.0),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What `parley demo` was asked for, as typed."""

    speak: tuple[str, ...]
    to: str
    voice: str | None
    model: str | None
    live: bool
    out: Path
    plain: bool


async def run(options: Options) -> int:
    """Play the call; the exit status: 0 when every line was captioned.

    Raises:
        UsageError: An option asks for what can't be.
        AudioError: A file can't be read.
        ParleyError: A part did not start.
    """
    script = _script(options)
    out = _folder(options.out)
    with (out / "demo.log").open("w", encoding="utf-8") as file:
        logs.configure("info", "text", stream=file)
        try:
            return await _played(script, options, out)
        finally:
            logs.configure("warning", "text")


def _script(options: Options) -> Script:
    targets = parse_targets(options.to, NAMES, "--to")
    if options.voice is None:
        spoken: str | None = targets[0]
    elif options.voice.lower() in ("off", "none", "no"):
        spoken = None
    else:
        (spoken, *more) = parse_targets(options.voice, NAMES, "--voice")
        if more or spoken not in targets:
            raise UsageError(f"--voice: {options.voice} is not one of the languages of --to.")
    lines = parse_lines(options.speak) if options.speak else _default_lines()
    return Script(lines, targets, spoken)


def _default_lines() -> tuple[Line, ...]:
    paths = {clip.path.name: clip.path for clip in speech.clips()}
    return untangled(
        [Line(name, paths[file], files.read(paths[file], RATE), at_s) for name, file, at_s in _CAST]
    )


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for old in ("captions.json", "transcript.vtt", "voice.wav", "report.json", "screen.svg"):
            (out / old).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"--out: {out} can't be written: {error.strerror}.") from error
    return out


async def _played(script: Script, options: Options, out: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:
        return await _played_with(script, options, out, Path(folder) / "trace.jsonl")


async def _played_with(script: Script, options: Options, out: Path, trace: Path) -> int:
    loop = asyncio.get_running_loop()
    _say("Starting a Discord and a translation engine on this machine …")
    async with set_up(model=options.model, live=options.live, trace=trace) as stage:
        tell = _tell if options.plain else _mute
        channels = {channel.id: channel.name for channel in (stage.lounge, stage.captions)}
        only = script.targets[0] if len(script.targets) == 1 else ""
        timeline = Timeline(stage.captions.id, loop.time, tell, channels, only)
        timeline.begin()
        stage.discord.subscribe(timeline.observe)
        call = Call(
            stage.guild,
            stage.lounge,
            stage.captions,
            stage.account,
            timeline,
            given_up=lambda: _given_up(stage),
        )
        title = f"into {', '.join(NAMES[code] for code in script.targets)}"

        def figures() -> str:
            return _figures(stage, timeline)

        shown: AbstractContextManager[Any] = (
            nullcontext() if options.plain else view.LiveView(timeline, title, figures)
        )
        with shown:
            await call.play(script)
            view.save_picture(timeline, title, figures(), out / "screen.svg")
            await call.end()
        ear = call.listener.ear
        voice = ear.pcm(stage.account.id)
        rows = outputs.caption_rows(timeline)
        outputs.write_captions(out / "captions.json", rows)
        outputs.write_transcript(out / "transcript.vtt", rows)
        if script.spoken is not None:
            files.write_wav(out / "voice.wav", voice, _EAR_RATE)
        report = _report(script, stage, timeline, rows, trace if not options.live else None)
        report["voice"] = {
            "seconds": round(len(voice) / (2 * _EAR_RATE), 2),
            "undecryptable_frames": ear.failures,
            "unencrypted_frames": ear.unencrypted,
        }
        outputs.write_json(out / "report.json", report)
    return _verdict(script, rows, report, out)


def _given_up(stage: Stage) -> bool:
    speakers = stage.app.rooms.status(stage.guild.id).speakers
    states = [state for speaker in speakers for state in speaker.conversations.values()]
    return bool(states) and all(state is ConversationState.CLOSED for state in states)


def _figures(stage: Stage, timeline: Timeline) -> str:
    captions = timeline.captions()
    link = stage.app.doors.links[-1].figures() if stage.app.doors.links else {}
    return (
        f"{timeline.seconds():5.1f} s   {len(captions)} captions, {timeline.edits} edits   "
        f"{link.get('packets', 0):.0f} packets heard, {link.get('lost', 0):.0f} lost   "
        f"{stage.config.translation.model}   E2EE"
    )


def _report(
    script: Script,
    stage: Stage,
    timeline: Timeline,
    rows: list[outputs.CaptionRow],
    trace: Path | None,
) -> dict[str, Any]:
    first: dict[tuple[str, float, str], outputs.CaptionRow] = {}
    last: dict[tuple[str, float, str], outputs.CaptionRow] = {}
    for row in rows:
        key = (row.speaker, row.spoke_at_s, row.language)
        first.setdefault(key, row)
        last[key] = row
    report: dict[str, Any] = {
        "parley": __version__,
        "python": sys.version.split()[0],
        "model": stage.config.translation.model,
        "service": "live" if trace is None else "local engine",
        "targets": script.targets,
        "spoken": script.spoken,
        "lines": len(script.lines),
        "captions": len(rows),
        "edits": timeline.edits,
        "first_caption_after_speech_began_ms": latency.middle_ms(
            [row.first_caption_s - row.spoke_at_s for row in first.values()]
        ),
        "final_caption_after_speech_ended_ms": latency.middle_ms(
            [row.final_caption_s - row.spoke_until_s for row in last.values()]
        ),
        "rate_limited": len(stage.discord.rate_limited),
        "refused_by_discord": [str(complaint) for complaint in stage.discord.complaints],
    }
    if trace is not None and trace.exists():
        own = latency.shares(latency.read_trace(trace, timeline.started_at), timeline.said, rows)
        sums = [
            None if s.audio_in_s is None or s.final_out_s is None else s.audio_in_s + s.final_out_s
            for s in own
        ]
        report["own_share_ms"] = {
            "speech_to_service": latency.middle_ms([s.audio_in_s for s in own]),
            "first_event_to_caption": latency.middle_ms([s.first_out_s for s in own]),
            "last_event_to_caption": latency.middle_ms([s.final_out_s for s in own]),
            "in_and_out": latency.middle_ms(sums),
        }
    return report


def _verdict(
    script: Script, rows: list[outputs.CaptionRow], report: dict[str, Any], out: Path
) -> int:
    captioned = {(row.speaker, row.file, row.language) for row in rows if row.text}
    missing = [
        f"{line.name}: {line.file.name} into {target}"
        for line in script.lines
        for target in script.targets
        if (line.name, line.file.name, target) not in captioned
    ]
    for row in rows:
        _say(f"  {row.speaker}: {row.text or '(no translation)'}")
        _say(f"  {' ' * len(row.speaker)}  {row.source_language}: {row.source_text}")
    if rows:
        _say(
            f"First caption {report['first_caption_after_speech_began_ms']} ms after speech "
            f"begins, final caption {report['final_caption_after_speech_ended_ms']} ms after it "
            "ends (medians)."
        )
    voice = "" if script.spoken is None else "voice.wav, "
    _say(f"In {out}/: captions.json, transcript.vtt, {voice}report.json, screen.svg")
    for line in missing:
        print(f"parley: no translation came for {line}", file=sys.stderr)  # noqa: T201
    return 1 if missing else 0


def _tell(at_s: float, text: str) -> None:
    _say(f"{at_s:6.2f}  {text}")


def _mute(_at_s: float, _text: str) -> None:
    """The live picture shows it."""


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the demo talks to the person who runs it
