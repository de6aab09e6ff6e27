"""The engine's parts by name, and any other by "package.module:factory".

A factory takes the `EngineConfig` and returns what the port (`bot.engine.ports`) asks for.
"""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.engine.config import EngineConfig
from bot.engine.models import weights
from bot.engine.models.apertium import ApertiumTranslator
from bot.engine.models.argos import ArgosTranslator
from bot.engine.models.espeak import EspeakSynthesiser
from bot.engine.models.silero import StreamingSileroDetector
from bot.engine.models.whisper import WhisperRecogniser
from bot.engine.ports import Recogniser, SpeechDetector, Synthesiser, Translator
from bot.errors import EngineError
from bot.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an engine is made of."""

    detector: SpeechDetector
    recogniser: Recogniser
    translators: tuple[Translator, ...]
    synthesiser: Synthesiser | None


def _whisper(config: EngineConfig) -> WhisperRecogniser:
    folder = weights.find(config.model, config.cache, download=config.download)
    return WhisperRecogniser(folder, config.workers)


_FACTORIES: dict[str, Callable[[EngineConfig], Any]] = {
    "silero": lambda _config: StreamingSileroDetector(),
    "whisper": _whisper,
    "apertium": lambda _config: ApertiumTranslator(),
    "argos": lambda _config: ArgosTranslator(),
    "espeak": lambda _config: EspeakSynthesiser(),
}


def build(config: EngineConfig) -> Parts:
    """Make the parts that the settings name. Takes seconds; not for the event loop.

    Raises:
        EngineError: A name is unknown, or a part can't be had. A built-in translator that is
            not installed is left out instead.
    """
    # onnxruntime reads it when it is loaded; without it, it reports to its maker. Who chooses an
    # engine of their own wants nothing sent to others.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # noqa: TID251 - set for a library, not read
    translators: list[Translator] = []
    for name in config.translators:
        try:
            translators.append(_make(name, config))
        except EngineError as error:
            if name not in _FACTORIES:
                raise
            log.info("without a translator", translator=name, reason=error)
    return Parts(
        detector=_make(config.detector, config),
        recogniser=_make(config.recogniser, config),
        translators=tuple(translators),
        synthesiser=None if config.synthesiser is None else _make(config.synthesiser, config),
    )


def _make(name: str, config: EngineConfig) -> Any:
    factory = _FACTORIES.get(name)
    if factory is None:
        module, _, attribute = name.partition(":")
        try:
            factory = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            known = ", ".join(sorted(_FACTORIES))
            raise EngineError(
                f"There is no engine part {name!r}. Known are {known}, or package.module:factory."
            ) from error
    return factory(config)
