"""Members who talk without a pause: real speech, as the packets of a Discord client."""

import struct
from dataclasses import dataclass
from functools import cache

import davey
import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot import speech
from bot.audio import files
from bot.audio.opus import Encoder
from bot.voice.receive import crypto
from tests.bench.group import group

FIRST_USER = 1_000
FIRST_SSRC = 5_000
TRANSPORT_KEY = bytes(range(32))
FLOOR_DAVE_KEY = bytes(range(16))
FRAME_S = 0.02

_RATE = 48_000
_EXTENSION = struct.pack(">HH", 0xBEDE, 2)  # two words, as Discord's clients send them
_WORDS = bytes.fromhex("5100000010ff0000")


@cache
def speech_packets(seconds: float) -> tuple[tuple[bytes, ...], ...]:
    """Opus packets of each clip: 64 kbit/s, stereo, 20 ms; long enough by being said again."""
    talks = []
    for clip in speech.clips():
        mono = np.frombuffer(files.read(clip.path, 16_000), "<i2")
        mono = np.resize(mono, round(seconds * 16_000))
        at = np.arange(len(mono) * 3) / 3
        wide = np.interp(at, np.arange(len(mono)), mono).astype("<i2")
        pcm = np.repeat(wide, 2).tobytes()
        encoder = Encoder(_RATE, 2, bitrate=64_000)
        size = encoder.frame_bytes
        starts = range(0, len(pcm) - size + 1, size)
        talks.append(tuple(encoder.encode(pcm[at : at + size]) for at in starts))
    return tuple(talks)


@dataclass(frozen=True, slots=True)
class Scene:
    """A call, sealed for each of those who hear it.

    Attributes:
        users: The user ids; member i has the SSRC FIRST_SSRC + i.
        session: The hearer's DAVE session. Each packet can be opened once: fork before.
        datagrams: AES-GCM and the group's keys, in the order of their arrival.
        peer_datagrams: The same under XChaCha20, for those who know no other mode.
        floor_datagrams: The same with a fixed DAVE key, as C has no MLS.
    """

    users: list[int]
    session: davey.DaveSession
    datagrams: list[bytes]
    peer_datagrams: list[bytes]
    floor_datagrams: list[bytes]


def _floor_frame(key: AESGCM, frame: bytes, nonce: int) -> bytes:
    sealed = key.encrypt(bytes(8) + struct.pack("<I", nonce), frame, None)
    number = bytearray()
    rest = nonce
    while rest > 0x7F:
        number.append(rest & 0x7F | 0x80)
        rest >>= 7
    number.append(rest)
    tail = sealed[len(frame) : len(frame) + 8] + bytes(number)
    return sealed[: len(frame)] + tail + bytes([len(tail) + 3]) + b"\xfa\xfa"


def scene(members: int, seconds: float) -> Scene:
    """So many members talking for so long, all at once."""
    users = [FIRST_USER + index for index in range(members)]
    hearer, sessions = group(users)
    talks = speech_packets(seconds)
    transport = crypto.cipher(crypto.AES_GCM, TRANSPORT_KEY)
    peer = crypto.cipher(crypto.XCHACHA20, TRANSPORT_KEY)
    floor = AESGCM(FLOOR_DAVE_KEY)
    datagrams: list[bytes] = []
    peer_datagrams: list[bytes] = []
    floor_datagrams: list[bytes] = []
    for position in range(round(seconds / FRAME_S)):
        for index, user in enumerate(users):
            frame = talks[index % len(talks)][position]
            fixed = struct.pack(">BBHII", 0x90, 120, position, 960 * position, FIRST_SSRC + index)
            header = fixed + _EXTENSION
            count = len(datagrams) + 1
            sealed = sessions[user].encrypt_opus(frame)
            datagrams.append(transport.seal(header, _WORDS + sealed, count))
            peer_datagrams.append(peer.seal(header, _WORDS + sealed, count))
            bare = _floor_frame(floor, frame, position + 1)
            floor_datagrams.append(transport.seal(header, _WORDS + bare, count))
    return Scene(users, hearer, datagrams, peer_datagrams, floor_datagrams)
