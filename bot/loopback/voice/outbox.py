"""The numbered messages of one voice session, kept until the client has seen them."""

import json
import struct
from collections import deque
from typing import TypeAlias

from bot.loopback.voice.opcodes import Body, Op

Frame: TypeAlias = str | bytes
"""A websocket message, text or binary."""

_KEPT = 512
_MODULUS = 1 << 16  # as wide as the number in a binary message
_UNNUMBERED = frozenset({Op.HELLO, Op.HEARTBEAT_ACK, Op.RESUMED})


def text(op: Op, body: Body, seq: int | None = None) -> str:
    """Return a text message."""
    message: dict[str, object] = {"op": int(op), "d": body}
    if seq is not None:
        message["seq"] = seq
    return json.dumps(message)


class Outbox:
    """Numbers messages and keeps the last 512 that were not acknowledged, for a resume."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, Frame]] = deque(maxlen=_KEPT)
        self._seq = 0

    def put(self, op: Op, body: Body) -> Frame:
        """Return the websocket message, numbered and kept when it is one that a resume repeats."""
        if op in _UNNUMBERED:
            return text(op, body)
        self._seq = (self._seq + 1) % _MODULUS
        frame: Frame
        if isinstance(body, bytes):
            frame = struct.pack(">HB", self._seq, op) + body
        else:
            frame = text(op, body, self._seq)
        self._kept.append((self._seq, frame))
        return frame

    def seen(self, seq: int) -> None:
        """Forget what a client has acknowledged by the number of the last that it saw."""
        while self._kept and (self._kept[0][0] - seq - 1) % _MODULUS >= _MODULUS // 2:
            self._kept.popleft()

    def after(self, seq: int) -> list[Frame] | None:
        """Return what followed `seq` (-1: everything); None when some of it is no longer kept."""
        missed = (self._seq - max(seq, 0)) % _MODULUS
        if missed > len(self._kept):
            return None
        return [frame for _, frame in list(self._kept)[len(self._kept) - missed :]]
