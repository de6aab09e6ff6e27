"""eSpeak NG through ctypes, from the wheel espeakng-loader; robotic, quick, and in 100 languages.

It is under the GPL: it is loaded only in the process of the engine's server, and only when a
voice is first wanted. Reference: speak_lib.h of eSpeak NG.
"""

import ctypes
import threading
from typing import Any

import numpy as np

from bot.engine.models.resample import resample
from bot.engine.ports import VOICE_RATE
from bot.errors import EngineError, ModelError

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: the sound comes to the callback before Synth returns
_UTF8 = 1  # espeakCHARS_UTF8
_CHARACTERS = 1  # POS_CHARACTER
_RATE_PARAMETER = 1  # espeakRATE
_WORDS_A_MINUTE = 165
_FLOOR = 160  # of 32768: what is fainter at either end is silence
_KEPT_S = 0.02  # of it

# The service's codes where eSpeak's differ, or where one of several accents must be chosen.
_VOICES = {"en": "en-us", "zh": "cmn", "fr": "fr-fr", "pt": "pt-br"}

_FEMALE = ("Cherry", "Jada", "Sunny", "Kiki", "Tina", "Cindy", "Serena", "Jennifer", "Sohee")
_MALE = ("Nofish", "Dylan", "Peter", "Eric", "Ethan", "Ryan", "Aiden", "Emilien", "Lenn")
_VARIANTS = (
    {name: f"f{number % 4 + 1}" for number, name in enumerate(_FEMALE)}
    | {"Ono Anna": "f5", "Katerina": "f5"}
    | {name: f"m{number % 7 + 1}" for number, name in enumerate(_MALE)}
)

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    """The head of espeak_VOICE."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),  # a byte of priority, then the code
        ("identifier", ctypes.c_char_p),
    )


class EspeakSynthesiser:
    """Speaks whatever eSpeak NG has a voice for. One sentence at a time: it has global state.

    Raises:
        ModelError: espeakng-loader is missing or its library can't be used.
    """

    def __init__(self) -> None:
        try:
            import espeakng_loader  # noqa: PLC0415 - GPL: loaded only where it is wanted
        except ImportError as error:
            raise ModelError("The local voice needs the extra 'local'.") from error
        try:
            self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
            data = espeakng_loader.get_data_path()
        except (OSError, RuntimeError) as error:
            raise ModelError(f"eSpeak NG can't be loaded: {error}.") from error
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), 0)
        if self._rate <= 0:
            raise ModelError("eSpeak NG found no data.")
        self._lock = threading.Lock()
        self._parts: list[bytes] = []
        self._callback = _Callback(self._take)  # held here: C keeps the bare pointer
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetParameter(_RATE_PARAMETER, _WORDS_A_MINUTE, 0)
        codes = self._codes()
        wanted = {code: code for code in codes if "-" not in code} | _VOICES
        self._voices = {code: voice for code, voice in wanted.items() if voice in codes}

    def _codes(self) -> frozenset[str]:
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        listed = self._library.espeak_ListVoices(None)
        codes = set()
        for number in range(10_000):
            if not listed[number]:
                break
            codes.add(listed[number].contents.languages[1:].decode())
        return frozenset(codes)

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it speaks."""
        return frozenset(self._voices)

    def speak(self, text: str, language: str, voice: str) -> bytes:
        """Return PCM16, 24 kHz, mono, without silence at either end.

        Raises:
            EngineError: No such language, or eSpeak refused.
        """
        if language not in self._voices:
            raise EngineError(f"eSpeak NG does not speak '{language}'.")
        name = self._voices[language]
        if (variant := _VARIANTS.get(voice)) is not None:
            name += f"+{variant}"
        raw = text.replace("\0", " ").encode()
        with self._lock:
            self._parts = []
            if self._library.espeak_SetVoiceByName(name.encode()) != 0:
                raise EngineError(f"eSpeak NG has no voice {name}.")
            size = ctypes.c_size_t(len(raw) + 1)
            flags = ctypes.c_uint(_UTF8)
            if self._library.espeak_Synth(raw, size, 0, _CHARACTERS, 0, flags, None, None) != 0:
                raise EngineError("eSpeak NG could not speak the text.")
            sound = b"".join(self._parts)
        return resample(_trimmed(sound, self._rate), self._rate, VOICE_RATE)

    def _take(self, samples: Any, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._parts.append(ctypes.string_at(samples, count * 2))
        return 0


def _trimmed(sound: bytes, rate: int) -> bytes:
    samples = np.frombuffer(sound, np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _FLOOR)
    if not len(loud):
        return b""
    kept = int(_KEPT_S * rate)
    return samples[max(0, loud[0] - kept) : loud[-1] + kept].tobytes()
