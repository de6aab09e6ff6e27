"""A whole call that is read aloud in each of the ways there are, as a silent member hears it.

The service answers the first words of an utterance with a tone, in the pitch of the voice that it
was asked for: what is heard says whose translation it is.
"""

import asyncio
import base64
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.loopback import Person
from bot.translation.protocol.livetranslate_voices import NEWER
from tests.integration.translation.translation_service import Service, Session
from tests.integration.voice.voice_lounge import within
from tests.support.call import ask, bot_at, enter, notice_of, place, stop
from tests.support.clips import clip

MODEL = {"LIVETRANSLATE_MODEL": "qwen3.8-livetranslate-flash-realtime"}
HERTZ: Final = {voice.name: 500 + 100 * place for place, voice in enumerate(NEWER.known)}
RATE, VOICE_RATE = 16_000, 24_000
PIECE = RATE // 20  # 50 ms, in which tones 100 Hz apart don't disturb each other
AUDIBLE = 0.01  # amplitude
TONE_S = 0.8
LOUD = 300
WORDS = 4  # chunks of 100 ms, by when the bot knows that a person speaks
SPEECH = clip("es_conf-invalid")[0][: 3 * RATE // 2]  # 750 ms


async def sing(session: Session) -> None:
    """Answer each utterance after some words; it is over with half a second of silence."""
    await session.begin()
    at = np.arange(int(TONE_S * VOICE_RATE)) / VOICE_RATE
    tone = (6000 * np.sin(2 * np.pi * HERTZ[session.settings["voice"]] * at)).astype("<i2")
    loud, quiet, turn, open_turn = 0, 0, 0, False
    async for chunk in session.chunks():
        words = np.abs(np.frombuffer(chunk, "<i2").astype(int)).mean() > LOUD
        loud, quiet = loud + int(words), 0 if words else quiet + 1
        ids = {"response_id": f"resp_{turn}", "item_id": f"item_{turn}"}
        if loud == WORDS and not open_turn:
            turn, open_turn = turn + 1, True
            ids = {"response_id": f"resp_{turn}", "item_id": f"item_{turn}"}
            await session.say("input_audio_buffer.speech_started", audio_start_ms=0)
            await session.say("response.created", response={"id": ids["response_id"]})
            voice = base64.b64encode(tone.tobytes()).decode()
            await session.say("response.audio.delta", delta=voice, **ids)
            await session.say("response.audio.done", **ids)
            await session.say("response.audio_transcript.done", transcript="La.", **ids)
        elif open_turn and quiet == 5:
            loud, open_turn = 0, False
            await session.say("input_audio_buffer.speech_stopped", audio_end_ms=0)
            done = {"id": ids["response_id"], "status": "completed"}
            await session.say("response.done", response=done)
    if session.finished:
        await session.say("session.finished")


class Recording:
    """What a member hears of the bot from now on."""

    def __init__(self, listener: Person, bot_id: int) -> None:
        self._listener = listener
        self._bot_id = bot_id
        self._frames = listener.ear.frames(bot_id)
        self._began_at = asyncio.get_running_loop().time()

    def loudness(self, voice: str) -> npt.NDArray[np.float64]:
        """How loud a voice was in each 50 ms since the recording began."""
        ear = self._listener.ear
        first = ear.began_at(self._bot_id)
        if first is None:
            return np.zeros(0)
        sound = np.frombuffer(ear.pcm(self._bot_id, RATE), "<i2") / 32_768
        start = round((self._began_at - first) * RATE)
        sound = np.concatenate((np.zeros(max(0, -start)), sound[max(0, start) :]))
        pieces = sound[: len(sound) // PIECE * PIECE].reshape(-1, PIECE)
        wave = np.exp(-2j * np.pi * HERTZ[voice] / RATE * np.arange(PIECE))
        loudness: npt.NDArray[np.float64] = np.abs(pieces @ wave) * 2 / PIECE
        return loudness

    def heard(self, voice: str) -> npt.NDArray[np.float64]:
        """How loud a voice was in each 50 ms in which it was heard."""
        loudness = self.loudness(voice)
        return loudness[loudness > AUDIBLE]

    async def until(self, seconds: float) -> None:
        """Wait until so much was heard of the bot, and nothing more comes."""
        frames = self._frames + int((seconds - 0.1) * 50)
        await within(15, lambda: self._listener.ear.frames(self._bot_id) >= frames)
        await asyncio.sleep(0.3)


async def test_each_mode_reads_aloud_as_it_says(tmp_path: Path) -> None:
    async with place() as where, Service(sing) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana, ben = where.guild.add_person("Ana"), where.guild.add_person("Ben")

        async def mode(name: str) -> Recording:
            await ask(host, where, "translate voice mode", mode=name)
            return Recording(host, where.account.id)

        async with bot_at(where, tmp_path, service.url, **MODEL):
            await host.command(
                "translate start", {"to": "en", "voice": True}, channel=where.captions
            )
            for person, voice in ((ana, "Ryan"), (ben, "Tina")):
                await enter(person, where)
                await person.press(await notice_of(where), "Join in")
                await ask(person, where, "translate my-voice", voice=voice)

            one_by_one = await mode("consecutive")
            await asyncio.gather(*(person.speak(SPEECH) for person in (ana, ben)))
            await one_by_one.until(2 * TONE_S)
            both = np.minimum(one_by_one.loudness("Ryan"), one_by_one.loudness("Tina"))
            assert (both > AUDIBLE).sum() == 0

            at_once = await mode("simultaneous")
            await asyncio.gather(*(person.speak(SPEECH) for person in (ana, ben)))
            await at_once.until(TONE_S)
            both = np.minimum(at_once.loudness("Ryan"), at_once.loudness("Tina"))
            assert (both > AUDIBLE).sum() > 0.3 / 0.05, "they are heard side by side"

            polite = await mode("polite")
            await ana.speak(SPEECH)
            assert len(polite.heard("Ryan")) == 0, "it waits for her pause"
            await polite.until(TONE_S)

            over = await mode("over")
            await ana.speak(SPEECH * 4)  # until the end of the tone, however late it is
            assert len(over.heard("Ryan")) > 0, "it does not wait for her"
            await over.until(TONE_S)
            softer = np.median(over.heard("Ryan")) / np.median(polite.heard("Ryan"))
            assert 0.3 < softer < 0.75
            await stop(host, where)
        assert where.discord.complaints == []
