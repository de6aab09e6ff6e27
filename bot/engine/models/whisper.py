"""Whisper through CTranslate2: text in the language spoken, and into English, from one encoding.

What is done differently from an ordinary transcription, and why, measured on two cores:

- The encoder sees the speech and some silence instead of 30 s: 2 s of it behind a sentence, an
  eighth of the time for 1 to 4 % more words wrong. The shorter the speech, the more silence is
  needed: a word or two with 2 s behind them are said again and again, or not at all. With 10 s they
  come as with 30 s, in a quarter of the time.
- The sound is encoded once. Both tasks then run as one batch through the decoder, which is hardly
  slower than one alone.
- Each job has one thread, and two run side by side. Two threads on one job were three to four
  times slower than one: the matrices of so short a context are too small to share.
- Silence and noise make Whisper invent words. Most have an average log-probability below -1.0,
  that of real speech lies above; and Whisper says how likely it is that nobody speaks, at most 0.5
  for nearly all speech and above 0.6 for nearly all noise. What is unlikely is dropped, and what is
  not quite certain where probably nobody speaks.
"""

import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.engine.ports import SPEECH_RATE, HeardSpeech, Recognition
from bot.errors import ModelError

_PADDING_S = 2.0
_SHORT: tuple[tuple[float, float], ...] = ((2.5, 10.0), (3.5, 4.0))  # below this: so much padding
_MARGINS_S = 0.5  # of sound that comes with the speech, before and behind it
_MAX_S = 28.0  # of speech in one go; with the padding, the 30 s that Whisper was made for
_HOP = 160  # samples in a frame of its spectrogram
_GATE = -1.0  # average log-probability of the text below which nothing was said
_SILENT = 0.6  # probability that nobody speaks from which a text has to be more certain
_SILENT_GATE = -0.4
_TRANSLATION_GATE = -1.5  # a translation is less certain by nature
_BEAM = 5
_LOOP = 2.4  # compression ratio from which a text repeats itself; Whisper's own figure
_SURE_S = 1.25  # of sound from which the language can be heard; of less, a third was mistaken
_EXPECTED = 4.0  # how much likelier the session's last language is than another one
_TOKENS_A_SECOND = 14  # more than the fastest speaker's; bounds a decoder that runs away

# Whisper's codes where the service's differ.
_CODES = {"fil": "tl", "nb": "no", "jv": "jw"}
_NAMES = {code: name for name, code in _CODES.items()}

_REPEATED_WORDS = 4
_BRIEF_S = 1.0  # of speech, in which nobody says a thing twice
_SIGNS = re.compile(r"[\W_]")
_STUCK = re.compile(r"(.{1,24}?)\1{7}")


class WhisperRecogniser:
    """Recognises 99 languages and translates each of them into English.

    Detects the language wherever a session names none, also for qwen3, whose default at the
    service is English.

    Args:
        folder: A model in CTranslate2's form.
        workers: How many jobs run at once.

    Raises:
        ModelError: faster-whisper is missing, or the model can't be loaded.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        try:
            import ctranslate2  # noqa: PLC0415 - an extra, and slow to import
            from faster_whisper import WhisperModel  # noqa: PLC0415
            from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415
        except ImportError as error:
            raise ModelError("The local engine needs the extra 'local'.") from error
        try:
            loaded = WhisperModel(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=1,
                num_workers=workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"The model in {folder} can't be loaded: {error}.") from error
        self._storage = ctranslate2.StorageView
        self._model = loaded.model
        self._features = loaded.feature_extractor
        self._tokens = loaded.hf_tokenizer
        self._tokenizer = Tokenizer
        self._languages = frozenset(_NAMES.get(code, code) for code in loaded.supported_languages)

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it understands."""
        return self._languages

    @property
    def targets(self) -> frozenset[str]:
        """English, the one language that Whisper was trained to translate into."""
        return frozenset({"en"})

    def recognise(self, hearing: HeardSpeech) -> Recognition:
        """Return the text of a piece of speech; what is longer than 28 s is done in pieces."""
        samples = np.frombuffer(hearing.pcm, "<i2").astype(np.float32) / np.float32(32768)
        longest = int(_MAX_S * SPEECH_RATE)
        pieces = [
            self._recognise(samples[start : start + longest], hearing)
            for start in range(0, len(samples), longest)
        ]
        spoken = [piece for piece in pieces if piece.text]
        if len(spoken) <= 1:
            return spoken[0] if spoken else Recognition("", None)
        translations = [piece.translation for piece in spoken]
        return Recognition(
            " ".join(piece.text for piece in spoken),
            spoken[-1].language,
            None if None in translations else " ".join(str(each) for each in translations),
        )

    def _recognise(self, samples: npt.NDArray[np.float32], hearing: HeardSpeech) -> Recognition:
        encoded = self._encode(samples)
        code = hearing.language or self._detect(encoded, len(samples), hearing.expected)
        tasks = ["transcribe"]
        if hearing.target in self.targets and code != hearing.target:
            tasks.append("translate")
        texts = self._decode(encoded, tasks, _CODES.get(code, code), samples, hearing)
        if not texts[0]:
            return Recognition("", None)
        return Recognition(texts[0], code, texts[1] or None if len(texts) > 1 else None)

    def _encode(self, samples: npt.NDArray[np.float32]) -> Any:
        seconds = len(samples) / SPEECH_RATE
        padding = next((more for below, more in _SHORT if seconds < below), _PADDING_S)
        frames = int((seconds + padding) * SPEECH_RATE / _HOP)
        frames += frames % 2  # the encoder halves them
        padded = np.pad(samples, (0, frames * _HOP - len(samples)))
        features = self._features(padded)[None, :, :frames]
        return self._model.encode(
            self._storage.from_array(np.ascontiguousarray(features, np.float32))
        )

    def _detect(self, encoded: Any, samples: int, expected: str | None) -> str:
        """Return the language heard, leaning towards the expected one.

        Raises nothing for sound too short to tell: then it is the expected one, where there is.
        """
        if expected is not None and samples < _SURE_S * SPEECH_RATE:
            return expected
        best, best_weight = expected or "en", 0.0
        for token, probability in self._model.detect_language(encoded)[0]:
            code = token.strip("<|>")
            name = _NAMES.get(code, code)
            weight = probability * (_EXPECTED if name == expected else 1.0)
            if weight > best_weight:
                best, best_weight = name, weight
        return best

    def _decode(
        self,
        encoded: Any,
        tasks: list[str],
        code: str,
        samples: npt.NDArray[np.float32],
        hearing: HeardSpeech,
    ) -> list[str]:
        tokenizers = [
            self._tokenizer(self._tokens, multilingual=True, task=task, language=code)
            for task in tasks
        ]
        one = np.asarray(encoded)
        batch = encoded if len(tasks) == 1 else self._storage.from_array(np.repeat(one, 2, axis=0))
        results = self._model.generate(
            batch,
            [[*each.sot_sequence, each.no_timestamps] for each in tokenizers],
            beam_size=_BEAM if hearing.thorough else 1,
            length_penalty=1,
            return_scores=True,
            return_no_speech_prob=True,
            max_length=min(448, 24 + int(len(samples) / SPEECH_RATE * _TOKENS_A_SECOND)),
        )
        gates = (_gate(results[0].no_speech_prob), _TRANSLATION_GATE)
        speech_s = len(samples) / SPEECH_RATE - _MARGINS_S
        texts = []
        for tokenizer, result, gate in zip(tokenizers, results, gates, strict=False):
            text = once(tokenizer.decode(result.sequences_ids[0]).strip(), speech_s)
            empty = _average(result) < gate or loops(text) or not _SIGNS.sub("", text)
            texts.append("" if empty else text)
        return texts


def _gate(no_speech: float) -> float:
    return _SILENT_GATE if no_speech > _SILENT else _GATE


def _average(result: Any) -> float:
    """Return the average log-probability of a text's tokens, its end included, as OpenAI does."""
    count = len(result.sequences_ids[0])
    return float(result.scores[0]) * count / (count + 1)


def once(text: str, speech_s: float = math.inf) -> str:
    """Return a text without what its end says again, word for word, and again.

    A short context at times makes Whisper begin anew after the last word, until it is cut off in
    the middle of one. Four words or more that come twice in a row are taken for that, and in less
    than a second of speech any number of words.
    """
    words = text.split()
    plain = [_SIGNS.sub("", word).lower() for word in words]
    for period in range(1, len(words) // 2 + 1):
        again = _repeated(plain, period)
        whole = speech_s < _BRIEF_S and again == len(words) - period
        if again >= period and (period >= _REPEATED_WORDS or whole):
            return " ".join(words[: len(words) - again]).rstrip(",")
    return text


def _repeated(words: list[str], period: int) -> int:
    """Return how many words at the end are those that came `period` words before."""
    last = len(words) - 1
    count = 0
    while last - count - period >= 0:
        word, before = words[last - count], words[last - count - period]
        if word != before and not (count == 0 and before.startswith(word)):
            break
        count += 1
    return count


def loops(text: str) -> bool:
    """Return whether a text repeats itself, as Whisper does after losing its context."""
    raw = text.encode()
    if _STUCK.search(text) is not None:
        return True
    return len(raw) > 40 and len(raw) / len(zlib.compress(raw)) > _LOOP
