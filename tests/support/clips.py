"""Recorded speech, and how far what was understood is from what was said."""

import re
import unicodedata

import jiwer

from bot import speech
from bot.audio import files


def clip(name: str) -> tuple[bytes, str]:
    """A recording (PCM16, 16 kHz) and what is said in it."""
    (found,) = (c for c in speech.clips() if c.name == name)
    return files.read(found.path, 16_000), found.text


def plain(text: str) -> str:
    """Lower case, without accents and punctuation, as word errors are counted."""
    letters = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(c for c in letters if unicodedata.category(c) != "Mn")
    return " ".join(re.sub(r"[^\w]+", " ", bare).split())


def word_error_rate(said: str, understood: str) -> float:
    """Share of the words said that were missed, changed or added."""
    return float(jiwer.wer(plain(said), plain(understood)))
