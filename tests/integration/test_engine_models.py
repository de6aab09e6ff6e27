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
from bot.engine import weights
from bot.engine.config import EngineConfig
from bot.engine.ports import SPEECH_RATE, VOICE_RATE, Hearing
from bot.engine.resample import resample
from bot.engine.server import EngineServer
from bot.engine.whisper import WhisperRecogniser
from bot.speech import Clip, clips
from tests.integration.engine_client import THREE_EIGHT, THREE_FIVE, settings

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
        ("es_followme_sorry", {"sorry", "find", "person", "looking"}),
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
    again = recogniser.recognise(Hearing(spoken, "en", None, "en", thorough=True))
    assert jiwer.wer(plain(found["text"]), plain(again.text)) < 0.4


def test_silence_and_noise_are_not_made_into_words() -> None:
    import numpy as np  # noqa: PLC0415 - only here

    recogniser = WhisperRecogniser(weights.find(None, CACHE, download=False), 1)
    noise = np.random.default_rng(1).normal(0, 600, SPEECH_RATE * 2).astype("<i2").tobytes()
    for sound in (bytes(SPEECH_RATE * 4), noise):
        for thorough in (False, True):
            found = recogniser.recognise(Hearing(sound, None, None, "en", thorough=thorough))
            assert found.text == ""
