"""A trace for measurements: one JSON object in each line of a file.

`at` is `time.monotonic()` in seconds, on Linux the same clock in every process; `session` is the
identifier from session.created. The lines, by "kind":

- {"kind": "audio", "session", "samples", "sound", "at"}: a chunk arrived; `samples` counts all so
  far, at 16 kHz, its own included; `sound` is false when it was nothing but zeros.
- {"kind": "started" | "stopped", "session", "audio_ms", "at"}: a boundary of speech was decided at
  `at` to lie at `audio_ms` of the session's sound.
- {"kind": "event", "session", "type", "response_id", "item_id", "at"}: an event was handed to the
  socket; the identifiers are null where the event has none.

No speech and no text is in it.
"""

import json
import time
from pathlib import Path
from typing import IO, Any

from bot.errors import EngineError


class Trace:
    """Appends to the file; does nothing without one.

    Raises:
        EngineError: The file can't be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise EngineError(f"The trace {path} can't be written: {error.strerror}.") from error

    def audio(self, session: str, pcm: bytes, before: int) -> None:
        """Record that a chunk of PCM16 arrived, after so many samples before it."""
        samples = before + len(pcm) // 2
        self._write(kind="audio", session=session, samples=samples, sound=any(pcm))

    def boundary(self, kind: str, session: str, audio_ms: int) -> None:
        """Record that speech was found to have started or stopped."""
        self._write(kind=kind, session=session, audio_ms=audio_ms)

    def event(self, session: str, event: dict[str, Any]) -> None:
        """Record that an event goes out."""
        response = event.get("response_id") or event.get("response", {}).get("id")
        self._write(
            kind="event",
            session=session,
            type=event["type"],
            response_id=response,
            item_id=event.get("item_id"),
        )

    def _write(self, **values: Any) -> None:
        if self._file is not None:
            values["at"] = round(time.monotonic(), 6)
            self._file.write(json.dumps(values) + "\n")

    def close(self) -> None:
        """Close the file. Idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None
