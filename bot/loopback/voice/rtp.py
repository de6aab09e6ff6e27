"""RTP (RFC 3550) as Discord's voice uses it: one stream of Opus per participant.

With the modes "rtpsize" a datagram is the plain header, which ends with the four bytes that open a
header extension (RFC 8285) where there is one, then the encrypted part: the extension's words, the
frame, the padding. So a header tells what the decrypted part holds.
"""

import struct
from dataclasses import dataclass

from bot.errors import MalformedError

OPUS = 120  # the payload type
TICKS = 960  # of the 48 kHz clock in a frame of 20 ms

_FIXED = 12
_VERSION = 2
_PADDING, _EXTENSION = 0x20, 0x10
_ONE_BYTE_PROFILE = b"\xbe\xde"
# Two words as Discord's clients send them: an audio level (id 1) and a speaker's flags (id 9).
_EXTENSION_WORDS = b"\x10\xff\x90\x00\x00\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame of a participant's stream.

    Attributes:
        sequence: The 16-bit sequence number.
        timestamp: 32 bits of a 48 kHz clock.
        ssrc: Identifies the stream.
        frame: Opus, under DAVE or plain.
    """

    sequence: int
    timestamp: int
    ssrc: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class LoopbackRtpHeader:
    """The plain part of a datagram.

    Attributes:
        size: Bytes that it takes, and that the transport authenticates.
        extension_words: Four-byte words at the front of the decrypted part.
    """

    size: int
    padded: bool
    extension_words: int
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int


def parse_header(datagram: bytes) -> LoopbackRtpHeader:
    """Return the header of a datagram.

    Raises:
        MalformedError: It is not RTP version 2, or ends early.
    """
    if len(datagram) < _FIXED:
        raise MalformedError(f"RTP: {len(datagram)} bytes are no packet.")
    flags, kind, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", datagram)
    if flags >> 6 != _VERSION:
        raise MalformedError(f"RTP: version {flags >> 6} is not 2.")
    size = _FIXED + 4 * (flags & 0x0F)
    words = 0
    if flags & _EXTENSION:
        if len(datagram) < size + 4:
            raise MalformedError("RTP: the packet ends before its extension.")
        (words,) = struct.unpack_from(">H", datagram, size + 2)
        size += 4
    if len(datagram) < size:
        raise MalformedError("RTP: the packet ends in its header.")
    return LoopbackRtpHeader(
        size, bool(flags & _PADDING), words, kind & 0x7F, sequence, timestamp, ssrc
    )


def packet(header: LoopbackRtpHeader, decrypted: bytes) -> Packet:
    """Return the packet with this header, extension and padding taken off.

    Raises:
        MalformedError: Extension or padding are larger than what is there.
    """
    start, end = 4 * header.extension_words, len(decrypted)
    if header.padded:
        if not decrypted or not decrypted[-1]:
            raise MalformedError("RTP: the padding has no size.")
        end -= decrypted[-1]
    if start > end:
        raise MalformedError("RTP: extension and padding are larger than the packet.")
    return Packet(header.sequence, header.timestamp, header.ssrc, decrypted[start:end])


def write(packet: Packet, *, extension: bool = False, padding: int = 0) -> tuple[bytes, bytes]:
    """Return a packet's plain header and the part to encrypt.

    Args:
        packet: What to send.
        extension: Put a header extension in, as Discord's clients do.
        padding: Bytes of padding, 0 to 255.
    """
    flags = _VERSION << 6 | (_EXTENSION if extension else 0) | (_PADDING if padding else 0)
    head = struct.pack(">BBHII", flags, OPUS, packet.sequence, packet.timestamp, packet.ssrc)
    body = packet.frame
    if padding:
        body += bytes(padding - 1) + bytes([padding])
    if extension:
        head += _ONE_BYTE_PROFILE + struct.pack(">H", len(_EXTENSION_WORDS) // 4)
        body = _EXTENSION_WORDS + body
    return head, body


def is_dave_frame(frame: bytes) -> bool:
    """Return whether a frame has DAVE's form: a tag, a nonce, a size, and at its end FAFA.

    Source: the DAVE whitepaper, "Payload Format".
    """
    if len(frame) < 12 or frame[-2:] != b"\xfa\xfa":  # tag, nonce, size, marker
        return False
    return 12 <= frame[-3] <= len(frame)
