"""The real models on recorded speech."""

import asyncio
import base64
import json
import re
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jiwer
import pytest

from bot.audio import files
from bot.audio.opus import Decoder, Encoder
from bot.engine.config import EngineConfig
from bot.engine.models import weights
from bot.engine.models.resample import resample
from bot.engine.models.whisper import WhisperRecogniser
from bot.engine.ports import SPEECH_RATE, VOICE_RATE, HeardSpeech
from bot.engine.server import EngineServer
from bot.speech import Clip, clips
from tests.integration.engine.engine_client import THREE_EIGHT, THREE_FIVE, settings

pytestmark = pytest.mark.engine

CACHE = Path("data/models")
# Its script is misspelt ("atravez", which is two words) and its first half slurred.
HARD = "es_vm-newuser"


def plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.lower())
    bare = "".join(each for each in letters if unicodedata.category(each) != "Mn")
    return re.sub(r"[^\w]+", " ", bare).strip()


def error_rate(clip: Clip, text: str) -> float:
    return float(jiwer.wer(plain(clip.text), plain(text)))


def through_opus(pcm: bytes) -> bytes:
    """As Discord carries it: 64 kbit/s in frames of 20 ms."""
    sound = resample(pcm, SPEECH_RATE, 48_000)
    encoder, decoder = Encoder(48_000), Decoder(SPEECH_RATE)
    size = encoder.frame_bytes
    sound += bytes(-len(sound) % size)
    frames = (sound[start : start + size] for start in range(0, len(sound), size))
    return b"".join(decoder.decode(encoder.encode(frame)) for frame in frames)


@pytest.fixture
async def engine() -> AsyncIterator[EngineServer]:
    async with EngineServer(EngineConfig(cache=CACHE, download=False)) as server:
        yield server


async def interpret(engine: EngineServer, model: str, clip: Clip, *, audio: bool) -> dict[str, Any]:
    """What a session makes of a clip, sent as fast as it is taken."""
    sound = bytes(16_000) + through_opus(files.read(clip.path, SPEECH_RATE)) + bytes(64_000)
    found: dict[str, Any] = {"voice": b"", "source": "", "text": ""}
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{engine.url}?model={model}", headers={"Authorization": "Bearer x"}) as ws,
    ):
        session = settings(model, audio=audio, target="en", silence=800)
        await ws.send_json({"type": "session.update", "session": session})
        for start in range(0, len(sound), 3200):
            chunk = base64.b64encode(sound[start : start + 3200]).decode()
            await ws.send_json({"type": "input_audio_buffer.append", "audio": chunk})
        await ws.send_json({"type": "session.finish"})
        async for message in ws:
            event = json.loads(message.data)
            match event["type"]:
                case "session.finished":
                    break
                case "response.audio.delta":
                    found["voice"] += base64.b64decode(event["delta"])
                case "conversation.item.input_audio_transcription.completed":
                    found["source"] += event["transcript"] + " "
                    found["language"] = event["language"]
                case "response.text.done" | "response.audio_transcript.done":
                    found["text"] += event.get("text", event.get("transcript"))
    return found


async def test_every_clip_is_recognised_after_opus_in_its_own_language(
    engine: EngineServer,
) -> None:
    for model in (THREE_FIVE, THREE_EIGHT):
        wanted = [clip for clip in clips() if clip.reference]
        half = wanted[::2] if model == THREE_FIVE else wanted[1::2]
        for clip in half:
            found = await interpret(engine, model, clip, audio=False)
            assert found["language"] == clip.language, clip.name
            limit = 0.5 if clip.name == HARD else 0.25
            assert error_rate(clip, found["source"]) < limit, (clip.name, found["source"])
            if clip.language == "en":
                assert found["text"].strip() == found["source"].strip()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("es_followme_sorry", {"find", "person", "for"}),  # its "sorry" depends on the processor
        ("fr_followme_sorry", {"sorry", "locate", "person", "want"}),
        ("it_vm-nonumber", {"sorry", "know", "who", "sent", "message"}),
    ],
)
async def test_speakers_who_overlap_get_their_own_translation_written_and_spoken(
    engine: EngineServer, name: str, words: set[str]
) -> None:
    by_name = {clip.name: clip for clip in clips()}
    other = by_name["fr_followme_status"]
    found, beside = await asyncio.gather(
        interpret(engine, THREE_FIVE, by_name[name], audio=True),
        interpret(engine, THREE_FIVE, other, audio=False),
    )
    assert words <= set(plain(found["text"]).split())
    assert "office" in beside["text"]
    folder = weights.find(None, CACHE, download=False)
    recogniser = await asyncio.to_thread(WhisperRecogniser, folder, 1)
    spoken = resample(found["voice"], VOICE_RATE, SPEECH_RATE)
    again = recogniser.recognise(HeardSpeech(spoken, "en", None, "en", thorough=True))
    assert jiwer.wer(plain(found["text"]), plain(again.text)) < 0.4


@pytest.fixture(scope="module")
def recogniser() -> WhisperRecogniser:
    return WhisperRecogniser(weights.find(None, CACHE, download=False), 1)


def piece(name: str, begin_s: float, end_s: float) -> bytes:
    """Words of a clip, with as much around them as the engine's ears leave."""
    (clip,) = (clip for clip in clips() if clip.name == name)
    pcm = files.read(clip.path, SPEECH_RATE)
    words = pcm[2 * round(begin_s * SPEECH_RATE) : 2 * round(end_s * SPEECH_RATE)]
    return bytes(2 * 4800) + words + bytes(2 * 3200)


WORDS = [
    ("es_vm-newuser", 4.34, 4.92, "proceso"),
    ("es_vm-newuser", 0.88, 1.46, "correo"),
    ("es_conf-invalid", 0.0, 0.74, "numero de"),
    ("ru_vm-invalidpassword", 0.22, 0.78, "неверныи"),
    ("ru_vm-invalidpassword", 1.34, 1.76, "пожалуиста"),
    ("ru_vm-invalidpassword", 0.0, 1.18, "это неверныи пароль"),
    ("en_librivox_0870", 6.14, 6.6, "do for"),
    ("en_librivox_0870", 5.72, 6.32, "power to do"),
    ("fr_pls-hold-while-try", 1.68, 2.5, "on achemine votre"),
    ("es_vm-newuser", 0.0, 1.46, "bienvenido al correo"),
]


@pytest.mark.parametrize("thorough", [False, True])
def test_a_word_or_two_are_said_once_and_not_left_out(
    recogniser: WhisperRecogniser, *, thorough: bool
) -> None:
    heard, missed = [], []
    for name, begin_s, end_s, words in WORDS:
        hearing = HeardSpeech(piece(name, begin_s, end_s), None, name[:2], "en", thorough=thorough)
        found = recogniser.recognise(hearing)
        heard.append(plain(found.text))
        missed += [words] * (not found.text)
        assert found.language in (name[:2], None)
        assert len(heard[-1].split()) <= len(words.split()) + 1, (words, found.text)
    # All of them right on one machine; another's arithmetic hears a word differently, or misses one
    # in an interim, which the final text puts right.
    assert len(missed) <= (0 if thorough else 1), missed
    assert jiwer.wer([words for *_, words in WORDS], heard) < 0.25, heard


def test_silence_and_noise_are_not_made_into_words(recogniser: WhisperRecogniser) -> None:
    import numpy as np  # noqa: PLC0415 - only here

    random = np.random.default_rng(1)
    for seconds, thorough in ((0.7, True), (2.0, False), (4.0, True)):
        count = int(seconds * SPEECH_RATE)
        at = np.arange(count) / SPEECH_RATE
        keys = random.normal(0, 6000, count) * np.exp(-(at % 0.26) * 400)
        hum = 2000 * np.sin(2 * np.pi * 50 * at)
        for sound in (np.zeros(count), random.normal(0, 600, count), hum, keys):
            pcm = sound.astype("<i2").tobytes()
            found = recogniser.recognise(HeardSpeech(pcm, None, "en", "en", thorough=thorough))
            assert found.text == ""
