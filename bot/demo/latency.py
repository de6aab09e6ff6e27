"""How long things took, and how much of that was the bot's own doing.

The engine's trace tells when each chunk of sound reached it and when each event left it; the
timeline tells when each packet was spoken into the channel and when each caption stood there. What
lies between the two on the way in and on the way out is the bot's own share: jitter buffer,
decoding, chunks of 100 ms, the SDK, the room, the scheduler, the webhook.

On Linux, macOS and Windows `time.monotonic` is one clock for all processes, so both are comparable.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bot.demo.outputs import CaptionRow
from bot.demo.timeline import Said

_PAUSE_S = 0.3  # chunks without sound for so long end a stretch of speech
_FAR_S = 2.0  # a stretch that ends further from a line's end is not that line
_INTERIM = ("response.text.text", "response.text.delta")
_INTERIM_SPOKEN = ("response.audio_transcript.text", "response.audio_transcript.delta")
_DONE = (
    "response.text.done",
    "response.audio_transcript.done",
    "conversation.item.input_audio_transcription.completed",
)


@dataclass(slots=True)
class MeasuredSession:
    """One conversation as the engine saw it; seconds of the timeline."""

    chunks: list[tuple[float, bool]] = field(default_factory=list)  # arrived, held sound
    interims: list[float] = field(default_factory=list)
    dones: list[float] = field(default_factory=list)

    def speech_ends(self) -> list[float]:
        """Return when the last chunk of each stretch of speech arrived."""
        ends: list[float] = []
        for at, sound in self.chunks:
            if not sound:
                continue
            if ends and at - ends[-1] < _PAUSE_S:
                ends[-1] = at
            else:
                ends.append(at)
        return ends


def read_trace(path: Path, started_at: float) -> list[MeasuredSession]:
    """Return the sessions in an engine's trace, on the timeline begun at `started_at`."""
    sessions: dict[str, MeasuredSession] = {}
    for row in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(row)
        session = sessions.setdefault(entry["session"], MeasuredSession())
        at = entry["at"] - started_at
        if entry["kind"] == "audio":
            session.chunks.append((at, entry["sound"]))
        elif entry["kind"] == "event" and entry["type"] in _INTERIM + _INTERIM_SPOKEN:
            session.interims.append(at)
        elif entry["kind"] == "event" and entry["type"] in _DONE:
            session.dones.append(at)
    return list(sessions.values())


@dataclass(frozen=True, slots=True)
class LatencyShare:
    """The bot's own share for one line, in seconds; None where the trace does not tell."""

    audio_in_s: float | None
    first_out_s: float | None
    final_out_s: float | None


def shares(
    sessions: Sequence[MeasuredSession], said: Sequence[Said], rows: Sequence[CaptionRow]
) -> list[LatencyShare]:
    """Return the bot's share of each line's delay, speakers matched to sessions by their times."""
    result = []
    for name in dict.fromkeys(line.name for line in said):
        lines = sorted((line for line in said if line.name == name), key=lambda s: s.began_s)
        session = min(sessions, key=lambda s: _misfit(s, lines), default=None)
        if session is None:
            continue
        ends = session.speech_ends()
        for line, following in zip(lines, [*lines[1:], None], strict=True):
            until = following.began_s if following is not None else float("inf")
            mine = [r for r in rows if r.speaker == name and r.spoke_at_s == round(line.began_s, 3)]
            end = min(ends, key=lambda e: abs(e - line.ended_s), default=None)
            result.append(
                LatencyShare(
                    audio_in_s=None if end is None else end - line.ended_s,
                    first_out_s=_since(
                        min((r.first_caption_s for r in mine), default=None),
                        [at for at in session.interims + session.dones if at > line.began_s][:1],
                    ),
                    final_out_s=_since(
                        max((r.final_caption_s for r in mine), default=None),
                        [at for at in session.dones if line.began_s < at < until],
                    ),
                )
            )
    return result


def _misfit(session: MeasuredSession, lines: Sequence[Said]) -> float:
    ends = session.speech_ends()
    return sum(min([_FAR_S, *(abs(end - line.ended_s) for end in ends)]) for line in lines)


def _since(shown_s: float | None, events: Sequence[float]) -> float | None:
    before = [at for at in events if shown_s is not None and at <= shown_s]
    return None if shown_s is None or not before else shown_s - max(before)


def middle_ms(values: Sequence[float | None]) -> float | None:
    """Return the median, in milliseconds, of the values that are known."""
    known = [value for value in values if value is not None]
    return round(1000 * median(known), 1) if known else None
