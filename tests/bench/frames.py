"""What becomes of speech: 100 ms each in a websocket frame, as the SDK writes it, and dropped."""

import base64

import websocket

from bot.translation import limits
from bot.translation.backlog import Backlog
from bot.translation.faults import Fault
from bot.translation.sdk import Connection


class _Nobody:
    """Takes what a connection reports; there is none."""

    def opened(self) -> None: ...

    def received(self, message: object) -> None: ...

    def unreadable(self) -> None: ...

    def failed(self, fault: Fault) -> None: ...


class _Socket:
    """Makes the masked frame that would be sent."""

    connected = True

    def __init__(self) -> None:
        self.sock = self
        self.written = 0

    def send(self, text: str) -> None:
        frame = websocket.ABNF.create_frame(text, websocket.ABNF.OPCODE_TEXT)
        self.written += len(frame.format())


class Frames:
    """The way of one member's speech to the wire, without the wire."""

    def __init__(self) -> None:
        self._backlog = Backlog(limits.UNSENT_S, limits.KEPT_S)
        self._connection = Connection(
            url="ws://127.0.0.1", api_key="none", model="none", workspace="", receiver=_Nobody()
        )
        self._connection.ws = _Socket()  # type: ignore[assignment]  # the SDK declares it as None

    def feed(self, pcm: bytes) -> None:
        """Take speech, PCM16 at 16 kHz mono."""
        backlog = self._backlog
        backlog.add(pcm)
        while (chunk := backlog.chunk()) is not None:
            self._connection.append_audio(base64.b64encode(chunk).decode("ascii"))
        backlog.forget(backlog.position)
