"""What `parley demo` was asked for, and whether it can be: looked at before anything else is.

Everything that can be wrong with it is found here, in a moment: without the bot, whose parts take
seconds to load, and before a call that takes longer.
"""

from dataclasses import dataclass
from pathlib import Path

from bot import settings, speech
from bot.audio import files
from bot.demo.script import RATE, Script, SpokenLine, parse_lines, parse_targets, untangled
from bot.engine import catalogue
from bot.errors import UsageError
from bot.settings import Settings
from bot.translation.protocol import models
from bot.translation.protocol.languages import NAMES, name
from bot.translation.protocol.models import Model

LOG = "demo.log"
_LEFT_BEHIND = ("captions.json", "transcript.vtt", "voice.wav", "report.json", "screen.svg")
_NO_VOICE = ("off", "none", "no")
_ENGINE = "ws://127.0.0.1:8765/api-ws/v1/realtime"  # until it has an address

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
    page: bool = False


def script_of(options: Options) -> Script:
    """Return the call that was asked for. The folder for its results is there, without older ones.

    Raises:
        UsageError: An option asks for what can't be.
        SettingsError: A setting is missing or malformed.
        AudioError: A file can't be read.
    """
    targets = parse_targets(options.to, NAMES, "--to")
    config = _settings(options)
    model = _model(options, config)
    if len(targets) > config.translation.max_languages:
        raise UsageError(
            f"--to: {len(targets)} languages are more than the {config.translation.max_languages} "
            "a room takes; MAX_LANGUAGES sets it."
        )
    for code in targets:
        if code not in model.targets:
            raise UsageError(
                f"--to: {model.name} does not translate into {name(code)}{_better(code, model)}."
            )
    spoken = _spoken(options.voice, targets, model)
    lines = parse_lines(options.speak) if options.speak else _default_lines()
    _empty(options.out)
    return Script(lines, targets, spoken)


def _settings(options: Options) -> Settings:
    given = {"DISCORD_TOKEN": "unused"}
    if options.model is not None:
        given["LIVETRANSLATE_MODEL"] = options.model
    if not options.live:
        given["DASHSCOPE_URL"] = _ENGINE
    config = settings.load(given=given)
    if options.live and settings.is_local(config.translation.url):
        raise UsageError("--live needs DASHSCOPE_URL to be the real service, not this machine.")
    return config


def _model(options: Options, config: Settings) -> Model:
    model = config.translation.model
    if not options.live and catalogue.model_named(model) is None:
        known = ", ".join(known.name for known in models.MODELS)
        option = "LIVETRANSLATE_MODEL" if options.model is None else "--model"
        raise UsageError(
            f"{option}: the engine on this machine does not know it; it knows {known}."
        )
    return models.model_named(model)


def _spoken(voice: str | None, targets: tuple[str, ...], model: Model) -> str | None:
    if voice is None:
        return next((code for code in targets if code in model.spoken), None)
    if voice.strip().lower() in _NO_VOICE:
        return None
    (spoken, *more) = parse_targets(voice, NAMES, "--voice")
    if more or spoken not in targets:
        raise UsageError(f"--voice: {voice} is not one of the languages of --to.")
    if spoken not in model.spoken:
        raise UsageError(f"--voice: {model.name} can write {name(spoken)}, but not speak it.")
    return spoken


def _better(code: str, model: Model) -> str:
    """Say which model does; "" where none does."""
    others = (other for other in models.MODELS if other != model and code in other.targets)
    other = next(others, None)
    return "" if other is None else f"; --model {other.name} does"


def _default_lines() -> tuple[SpokenLine, ...]:
    paths = {clip.path.name: clip.path for clip in speech.clips()}
    return untangled(
        [
            SpokenLine(who, paths[file], files.read(paths[file], RATE), at_s)
            for who, file, at_s in _CAST
        ]
    )


def _empty(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for old in _LEFT_BEHIND:
            (out / old).unlink(missing_ok=True)
        with (out / LOG).open("w", encoding="utf-8"):
            pass
    except OSError as error:
        raise UsageError(
            f"--out: {files.shown(out)} can't be written: {error.strerror}."
        ) from error
