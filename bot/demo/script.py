"""Who says what, when, and into which languages it goes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.audio import files
from bot.chat.rendering.names import username
from bot.errors import UsageError
from bot.words.clean import clean
from bot.words.languages import find

RATE = 16_000  # hertz of the clips as they are spoken
MOST_S = 4 * 3600.0  # of a recording, which is held in memory
_LONG_S = 60.0  # of a call, from which it is said how long it will be
_GAP_S = 1.5  # between lines that name no time: a breath after the one before has ended
_MAX_NAME = 32  # characters, as Discord limits a nickname
_MAX_LINES = 200


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One thing said by one person.

    Attributes:
        name: Who says it.
        file: Where the sound came from.
        pcm: PCM16, 16 kHz, mono.
        at_s: Seconds after the call began.
        damaged: Packets of the file that are left out.
    """

    name: str
    file: Path
    pcm: bytes
    at_s: float
    damaged: int = 0

    @property
    def file_name(self) -> str:
        """The file's name, as text that can be shown and written."""
        return files.shown(Path(self.file.name))

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / (2 * RATE)


@dataclass(frozen=True, slots=True)
class Script:
    """A call to be played.

    Attributes:
        lines: The lines, in the order of their beginning.
        targets: Codes of the languages to translate into.
        spoken: The one of them that is spoken back, or None.
    """

    lines: tuple[SpokenLine, ...]
    targets: tuple[str, ...]
    spoken: str | None

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who speaks, in the order they begin."""
        return tuple(dict.fromkeys(line.name for line in self.lines))

    @property
    def seconds(self) -> float:
        """When the last line ends."""
        return max(line.at_s + line.seconds for line in self.lines)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to know before it is played."""
        said = [
            f"{line.file_name} is damaged: {line.damaged} of its packets are left out."
            for line in self.lines
            if line.damaged
        ]
        if self.seconds >= _LONG_S:
            said.append(f"The call lasts {_duration(self.seconds)}.")
        return tuple(dict.fromkeys(said))


def _duration(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours} h {minute} min" if hours else f"{minute} min {second} s"


def parse_lines(spoken: Iterable[str]) -> tuple[SpokenLine, ...]:
    """Parse words like "Ana=hello.wav@2.5"; one without a time follows the one before.

    Raises:
        UsageError: A word is malformed, or asks for what can't be.
        AudioError: A file is missing or no sound.
    """
    parsed = [_parse_word(word) for word in spoken]
    if len(parsed) > _MAX_LINES:
        raise UsageError(
            f"--speak: {len(parsed)} lines are more than the {_MAX_LINES} a call takes."
        )
    lines: list[SpokenLine] = []
    for name, file, at_s in parsed:
        recording = files.load(file, RATE, most_s=MOST_S)
        after = lines[-1].at_s + lines[-1].seconds + _GAP_S if lines else 0.0
        begins = after if at_s is None else at_s
        lines.append(SpokenLine(name, file, recording.pcm, begins, recording.damaged))
    return untangled(lines)


def _parse_word(word: str) -> tuple[str, Path, float | None]:
    given, equals, rest = word.partition("=")
    # As Discord shows it: captions are told apart by it.
    name = username(files.shown(Path(given))) if clean(given) else ""
    if not equals or not name or not rest:
        raise UsageError(f"--speak: {word!r} should be NAME=FILE or NAME=FILE@SECONDS.")
    if len(name) > _MAX_NAME:
        raise UsageError(f"--speak: the name {name!r} is longer than {_MAX_NAME} characters.")
    file, at, seconds = rest.rpartition("@")
    if not at:
        return name, Path(rest), None
    try:
        at_s = float(seconds)
    except ValueError:
        return name, Path(rest), None  # the @ belongs to the file's name
    if not 0 <= at_s < 24 * 3600:
        raise UsageError(f"--speak: {word!r} begins at {seconds} s; 0 or later, within a day.")
    return name, Path(file), at_s


def untangled(lines: Sequence[SpokenLine]) -> tuple[SpokenLine, ...]:
    """Return the lines in order, for people who each say one thing at a time.

    Raises:
        UsageError: Someone would have to say two things at once.
    """
    ordered = sorted(lines, key=lambda line: line.at_s)
    busy: dict[str, SpokenLine] = {}
    for line in ordered:
        before = busy.get(line.name)
        if before is not None and line.at_s < before.at_s + before.seconds:
            raise UsageError(
                f"--speak: {line.name} would say {line.file_name} at {line.at_s:.1f} s while still "
                f"saying {before.file_name} (until {before.at_s + before.seconds:.1f} s)."
            )
        busy[line.name] = line
    return tuple(ordered)


def parse_targets(text: str, names: Mapping[str, str], option: str) -> tuple[str, ...]:
    """Parse a list like "en,pt-BR,alemán" of codes, or names in any language we speak.

    Raises:
        UsageError: A language is unknown.
    """
    codes: dict[str, None] = {}
    for word in text.split(","):
        if not (written := word.strip()):
            continue
        if (code := find(written, names)) is None:
            raise UsageError(
                f"{option}: there is no language {written!r}; for example en, es or ja."
            )
        codes[code] = None
    if not codes:
        raise UsageError(f"{option} names no language.")
    return tuple(codes)
