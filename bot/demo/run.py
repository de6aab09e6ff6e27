"""`parley demo`: plays the call, shows it, and leaves its results."""

import asyncio
import sys
import tempfile
import webbrowser
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bot import __version__, logs
from bot.audio import files
from bot.demo import latency, outputs, view
from bot.demo.call import DemoCall
from bot.demo.options import LOG, Options
from bot.demo.script import Script
from bot.demo.stage import Stage, set_up
from bot.demo.timeline import Timeline
from bot.domain.events import ConversationState
from bot.errors import ParleyError
from bot.process import interrupt, signals
from bot.translation.protocol.languages import name as language_name
from bot.translation.protocol.models import model_named

_EAR_RATE = 48_000
_INTERRUPTED = 130
_OPENS_WITHIN_S = 5.0  # a browser


async def run(options: Options, script: Script) -> int:
    """Play the call; the exit status: 0 when every line was captioned.

    An interrupt ends it in order, whatever it is doing, and so does a request to end.

    Raises:
        ParleyError: A part did not start, or the results can't be written.
    """
    task = asyncio.current_task()
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        if not stopped and task is not None:
            stopped = True
            task.cancel()

    forget = signals.on_end(stop)
    try:
        return await _logged(script, options)
    except (asyncio.CancelledError, ParleyError, OSError):
        if not stopped:
            raise
        return _INTERRUPTED  # what else failed did so because it was ended
    finally:
        forget()
        interrupt.ignore()  # all that is left is to exit
        if stopped:
            print(interrupt.STOPPED, file=sys.stderr)  # noqa: T201 - the answer to the interrupt


async def _logged(script: Script, options: Options) -> int:
    try:
        with (options.out / LOG).open("w", encoding="utf-8") as file:
            logs.configure("info", "text", stream=file)
            try:
                return await _played(script, options, options.out)
            finally:
                logs.configure("warning", "text")
    except OSError as error:
        out = files.shown(options.out)
        raise ParleyError(f"The results can't be written to {out}: {error.strerror}.") from error


async def _played(script: Script, options: Options, out: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:
        return await _played_with(script, options, out, Path(folder) / "trace.jsonl")


async def _played_with(script: Script, options: Options, out: Path, trace: Path) -> int:
    loop = asyncio.get_running_loop()
    for remark in script.remarks:
        _say(remark)
    _say("Starting a Discord and a translation engine on this machine …")
    async with set_up(
        model=options.model, live=options.live, trace=trace, page=options.page
    ) as stage:
        tell = _tell if options.plain else _mute
        channels = {channel.id: channel.name for channel in (stage.lounge, stage.captions)}
        only = script.targets[0] if len(script.targets) == 1 else ""
        assumed = model_named(stage.config.translation.model).assumed_source or ""
        timeline = Timeline(stage.captions.id, loop.time, tell, channels, only, assumed)
        timeline.begin()
        stage.discord.subscribe(timeline.observe)
        call = DemoCall(
            stage.guild,
            stage.lounge,
            stage.captions,
            stage.account,
            timeline,
            given_up=lambda: _given_up(stage),
        )
        if options.page:
            await _show_page(await call.open_page(script), plain=options.plain)
        title = f"into {', '.join(language_name(code) for code in script.targets)}"

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
    return _verdict(script, timeline, rows, report, out)


async def _show_page(link: str, *, plain: bool) -> None:
    """Say where the page is, and open it where somebody looks; the call waits for the browser."""
    _say(f"The page, for one browser: {link}")
    if not plain:
        await asyncio.to_thread(webbrowser.open, link)
    _say(f"The call begins in {_OPENS_WITHIN_S:.0f} s.")
    await asyncio.sleep(_OPENS_WITHIN_S)


def _given_up(stage: Stage) -> bool:
    speakers = stage.app.rooms.status(stage.guild.id).speakers
    states = [state for speaker in speakers for state in speaker.conversations.values()]
    return bool(states) and all(state is ConversationState.CLOSED for state in states)


def _figures(stage: Stage, timeline: Timeline) -> str:
    captions = timeline.captions()
    links = stage.app.links.links
    link = links[-1].figures() if links else {}
    return (
        f"{timeline.seconds():5.1f} s  captions: {len(captions)}, edits: {timeline.edits}  "
        f"packets: {link.get('packets', 0):.0f}, lost: {link.get('lost', 0):.0f}  "
        f"{stage.works}"
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
        "engine": stage.works,
        "protocol": stage.config.translation.model,
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
    script: Script,
    timeline: Timeline,
    rows: list[outputs.CaptionRow],
    report: dict[str, Any],
    out: Path,
) -> int:
    for row in rows:
        _say(f"  {row.speaker}: {row.text or row.source_text or '(no translation)'}")
        margin = " " * len(row.speaker)
        if row.text and row.source_text:
            _say(f"  {margin}  {row.source_language}: {row.source_text}")
        elif row.text and len(script.targets) == 1 and report["service"] == "local engine":
            # Which tells every original. Of several languages nobody sees which one was spoken.
            _say(f"  {margin}  said in {language_name(row.language)}: not translated")
    if rows:
        _say(
            f"First caption {report['first_caption_after_speech_began_ms']:.0f} ms after speech "
            f"begins, final caption {report['final_caption_after_speech_ended_ms']:.0f} ms after "
            "it ends (medians)."
        )
    voice = "" if script.spoken is None else "voice.wav, "
    _say(f"In {files.shown(out)}/: captions.json, transcript.vtt, {voice}report.json, screen.svg")
    missing = timeline.missing(script)
    for line, target in missing:
        print(  # noqa: T201
            f"parley: no translation came for {line.name}: {line.file_name} into {target}",
            file=sys.stderr,
        )
    return 1 if missing else 0


def _tell(at_s: float, text: str) -> None:
    _say(f"{at_s:6.2f}  {text}")


def _mute(_at_s: float, _text: str) -> None:
    """Print nothing, as the live picture shows it."""


def _say(text: str) -> None:
    if sys.stdout.isatty():
        Console(highlight=False).print(Text(text))  # broken between words
    else:
        print(text, flush=True)  # noqa: T201 - the demo talks to the person who runs it
