"""What the engine can be told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The engine's settings.

    Attributes:
        host: Address to listen on.
        port: 0 takes any free one.
        model: A folder with a Whisper model in CTranslate2's form; None takes the base model from
            the data wheels, else from the hub.
        cache: Where a joined or downloaded model is kept.
        download: Whether the hub may be asked for the model.
        detector: Name in `bot.engine.parts`, or "package.module:factory"; so are the next three.
        recogniser: Speech to text.
        translators: Text to text, asked in this order; those that aren't installed are left out.
        synthesiser: Text to voice; None for text alone.
        pivot: Whether a text may be translated by way of English where no pair fits.
        workers: Jobs that run side by side; one thread each.
        max_sessions: Conversations at once; more are refused as the service refuses them.
        idle_s: Seconds without speech after which a session ends, as the service's do.
        trace: File that gets one JSON line for each event of note (`bot.engine.trace`).
    """

    host: str = "127.0.0.1"
    port: int = 0
    model: Path | None = None
    cache: Path = Path("data/models")
    download: bool = True
    detector: str = "silero"
    recogniser: str = "whisper"
    translators: tuple[str, ...] = ("apertium", "argos")
    synthesiser: str | None = "espeak"
    pivot: bool = False
    workers: int = 2
    max_sessions: int = 100
    idle_s: float = 300.0
    trace: Path | None = None
