"""A person in a loopback call whose microphone returns what their loudspeaker plays."""

import asyncio

import numpy as np

from bot.audio.opus import Decoder, Encoder
from bot.loopback import Person
from bot.loopback.voice import rtp
from tests.support.echoes import RATE, Sound, Way, noise, pcm16

_FRAME = RATE // 50
_LONGEST = 600 * RATE


class Loudspeaker:
    """Sends, without a pause, the room of a person as their microphone picks it up.

    Args:
        person: Whose; in a voice channel.
        voice_of: The user whose voice is played.
        way: From the voice to the microphone.
    """

    def __init__(self, person: Person, voice_of: int, way: Way) -> None:
        self._member = person._stay()
        self._voice_of = voice_of
        self._way = way
        self._decoder, self._encoder = Decoder(RATE), Encoder(RATE)
        self._sound = noise(_LONGEST // 10, 25.0)  # what is to be sent, and a room's noise
        self._sound = np.concatenate([self._sound] * 2)
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._ends = 0  # sample behind the last that was played
        self._hear = self._member.hear
        self._room = way.room() * 10 ** (way.db / 20)
        self.returned_s = 0.0

    async def run(self) -> None:
        """Until it is cancelled."""
        await self._member.ready()
        setattr(self._member, "hear", self._play)  # noqa: B010 - it listens in
        self._began_at = self._loop.time()
        self._member._say_that(on=True)
        number = 0
        try:
            while True:
                number += 1
                wait = self._began_at + number / 50 - self._loop.time()
                await asyncio.sleep(max(0.0, wait))
                piece = self._sound[(number - 1) * _FRAME : number * _FRAME]
                self._member._send_frame(self._encoder.encode(pcm16(piece)))
        finally:
            self._member._say_that(on=False)

    def say(self, sound: Sound) -> None:
        """Their own words, from now on."""
        self._mix(sound, round((self._loop.time() - self._began_at) * RATE) + _FRAME)

    def _play(self, sender: int, packet: rtp.Packet) -> None:
        self._hear(sender, packet)
        if sender != self._voice_of:
            return
        frame = self._member.ear._voices[sender].packets[-1].frame
        played = np.frombuffer(self._decoder.decode(frame), "<i2").astype(float)
        now = round((self._loop.time() - self._began_at) * RATE)
        # Its jitter buffer plays what comes in a row without a gap.
        begins = self._ends if abs(now - self._ends) < RATE // 5 else now
        self._ends = begins + len(played)
        self._mix(np.convolve(played, self._room), begins + round(self._way.delay_s * RATE))
        self.returned_s += len(played) / RATE

    def _mix(self, sound: Sound, begins: int) -> None:
        self._sound[begins : begins + len(sound)] += sound
