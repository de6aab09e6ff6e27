"""Apertium, rule-based translation, as a process: GPL, and never inside the bot."""

import shutil
import subprocess

from bot.errors import EngineError

_TIMEOUT_S = 10
_MAX_CHARACTERS = 10_000

# Apertium's packages name languages by three letters, the older ones by two.
_CODES = {
    "eng": "en", "spa": "es", "fra": "fr", "cat": "ca", "por": "pt", "ita": "it", "glg": "gl",
    "deu": "de", "nld": "nl", "ron": "ro", "rus": "ru", "ukr": "uk", "bel": "be", "pol": "pl",
    "ces": "cs", "slk": "sk", "slv": "sl", "hbs": "hr", "mkd": "mk", "bul": "bg", "dan": "da",
    "swe": "sv", "nob": "nb", "isl": "is", "afr": "af", "urd": "ur", "hin": "hi", "ind": "id",
    "zlm": "ms", "ara": "ar", "kaz": "kk", "tat": "tt", "tur": "tr", "oci": "oc", "ast": "ast",
}  # fmt: skip


class ApertiumTranslator:
    """The pairs of the installed Apertium.

    Raises:
        EngineError: It is not installed, or does not tell its pairs.
    """

    def __init__(self) -> None:
        program = shutil.which("apertium")
        if program is None:
            raise EngineError("Apertium is not installed.")
        self._program = program
        self._modes = {
            pair: mode
            for mode in self._run(["-l"], "").split()
            if (pair := _pair(mode)) is not None
        }

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs of languages that are installed."""
        return frozenset(self._modes)

    def translate(self, text: str, source: str, target: str) -> str:
        """Return the translation; takes about 0.2 s.

        Raises:
            EngineError: The pair is not installed, the text too long, or the program failed.
        """
        mode = self._modes.get((source, target))
        if mode is None:
            raise EngineError(f"Apertium has no pair {source} to {target}.")
        if len(text) > _MAX_CHARACTERS:
            raise EngineError("The text is too long for Apertium.")
        # -u leaves out the asterisk before a word that it does not know.
        return self._run(["-u", mode], text).strip()

    def _run(self, arguments: list[str], text: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - a program found on PATH, no shell, fixed options
                [self._program, *arguments],
                input=text,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=_TIMEOUT_S,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"Apertium took longer than {_TIMEOUT_S} s.") from error
        except (subprocess.CalledProcessError, OSError, UnicodeDecodeError) as error:
            raise EngineError(f"Apertium failed: {type(error).__name__}.") from error
        return done.stdout


def _pair(mode: str) -> tuple[str, str] | None:
    """Return the languages of a mode such as "spa-eng"; None for variants and taggers."""
    codes = [_CODES.get(part, part if len(part) == 2 else "") for part in mode.split("-")]
    return (codes[0], codes[1]) if len(codes) == 2 and all(codes) else None
