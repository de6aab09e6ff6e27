"""What a voice link counts."""

from collections import Counter
from dataclasses import dataclass, field, fields

from bot.domain.events import SPEECH_RATE


@dataclass(slots=True)
class Figures:
    """Counters since the link began. Each is written by one thread and read by any.

    The player's thread writes `sent` and `unsent`, the event loop those below them, the worker all
    others.
    """

    packets: int = 0  # datagrams that came in
    socket_errors: int = 0  # readings of the socket that failed
    malformed: int = 0  # RTP that does not add up
    foreign: int = 0  # no audio: video, RTCP, answers to keepalives and IP discovery
    unconsented: int = 0  # of a member who did not agree; not even the transport key was used
    transport_failures: int = 0  # did not open with the transport key
    dave_failures: int = 0  # could not be opened within five seconds
    plain_refused: int = 0  # unencrypted in an encrypted call
    held: int = 0  # kept until their sender, their key or a packet before them was there
    unknown_expired: int = 0  # of a stream whose sender was not known within five seconds
    proven: int = 0  # senders found by whose key opens their frames
    late: int = 0  # twice, or after their place was filled
    lost: int = 0  # never came
    recovered: int = 0  # lost, and restored from the packet behind
    concealed: int = 0  # lost, and continued from what was before
    skipped: int = 0  # lost, and filled with silence
    undecodable: int = 0  # not Opus
    restarts: int = 0  # streams that began anew
    excess: int = 0  # 20 ms not handed on, as they came faster than time
    samples: int = 0  # of speech handed on, at 16 kHz
    internal_errors: int = 0  # a fault of ours, caught at the edge of the worker
    kernel_dropped: int = 0  # datagrams that the kernel had no room for
    undelivered: int = 0  # batches dropped because the event loop stood still

    sent: int = 0  # frames of voice played
    unsent: int = 0  # 20 ms in which voice waited for the call's key

    gateway_malformed: int = 0  # messages of the voice gateway that made no sense
    keepalives: int = 0
    reconnects: int = 0  # by discord.py, as after a move
    rejoins: int = 0  # by the link
    rejoins_by: Counter[str] = field(default_factory=Counter)  # likewise, by the reason
    dropped_voice_s: float = 0.0  # of an utterance's voice, what came while a minute was queued
    underruns: int = 0  # times an utterance had to wait for the service in its middle

    def as_mapping(self) -> dict[str, float]:
        """Return every counter by its name, and `heard_s`, the seconds of speech handed on."""
        figures: dict[str, float] = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name != "rejoins_by"
        }
        figures["heard_s"] = self.samples / SPEECH_RATE
        return figures
