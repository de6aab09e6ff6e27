"""How long an Opus packet is, from its first bytes (RFC 6716, section 3.1)."""

from bot.errors import PacketError

FRAME_SAMPLES = 960  # of 20 ms at 48 kHz, the clock of RTP timestamps

_SILK = (480, 960, 1920, 2880)
_HYBRID = (480, 960)
_CELT = (120, 240, 480, 960)
SHORTEST = 120  # samples, 2.5 ms
LONGEST = 5760  # 120 ms


def _frame_samples(config: int) -> int:
    if config < 12:
        return _SILK[config & 3]
    if config < 16:
        return _HYBRID[config & 1]
    return _CELT[config & 3]


_SAMPLES = tuple(_frame_samples(config) for config in range(32))


def samples(packet: bytes) -> int:
    """Return how many samples at 48 kHz a packet decodes to.

    Raises:
        PacketError: It is empty, or longer than 120 ms.
    """
    if not packet:
        raise PacketError("An Opus packet is empty.")
    code = packet[0] & 3
    if code == 0:
        return _SAMPLES[packet[0] >> 3]
    count = 2
    if code == 3:
        if len(packet) < 2:
            raise PacketError("An Opus packet ends within its header.")
        count = packet[1] & 0x3F
    total = _SAMPLES[packet[0] >> 3] * count
    if not 0 < total <= LONGEST:
        raise PacketError("An Opus packet has no length that Opus allows.")
    return total
