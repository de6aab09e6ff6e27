"""A translation service that hears by three bytes whether somebody speaks, and answers by template.

Each process of it listens on the same port, and the kernel spreads the conversations over them. It
neither parses nor makes JSON, and reads no audio but a few letters of its base64: silence is all A.
"""

import asyncio
import base64
import hashlib
import itertools
import socket
import struct
import time
from multiprocessing.connection import Connection
from typing import Final

from bot.tasks import TaskOwner

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_AUDIO: Final = 2_000  # bytes: longer messages are audio
_PLACES: Final = (900, 1_700, 2_500, 3_300)  # of the letters that are looked at
_SILENT_CHUNKS: Final = 8  # end an utterance
_FIRST_INTERIM: Final = 10  # chunks of speech; then one every
_INTERIM_EACH: Final = 5
_LAG_S: Final = 0.3  # a translation is final after the silence that ended it
_SOURCE_LAG_S: Final = 0.05
_WORDS: Final = " and some more words of a sentence that goes on"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


def port() -> tuple[int, socket.socket]:
    """Return a port for several processes, and a socket that keeps it."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    kept.bind(("127.0.0.1", 0))
    return kept.getsockname()[1], kept


def serve(number: int, at: int, pipe: Connection) -> None:
    """Serve until the pipe says "end".

    To "said" it answers with the seconds at which each word was final, since it was asked last.

    Args:
        number: Of this process; begins each of its words.
        at: The port.
        pipe: To who asks.
    """
    asyncio.run(_serve(number, at, pipe))


async def _serve(number: int, at: int, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    said: dict[str, float] = {}
    numbers = itertools.count()
    server = await loop.create_server(
        lambda: _Conversation(f"p{number}c{next(numbers)}", said),
        "127.0.0.1",
        at,
        reuse_port=True,
        backlog=512,
    )
    over = asyncio.Event()

    def asked() -> None:
        if pipe.recv() == "end":
            over.set()
            return
        pipe.send(dict(said))
        said.clear()

    loop.add_reader(pipe.fileno(), asked)
    pipe.send("ready")
    await over.wait()
    server.close()
    await TaskOwner("service").close()


class _Conversation(asyncio.Protocol):
    """One websocket.

    Args:
        name: Begins its words.
        said: Where it writes when a word was final.
    """

    def __init__(self, name: str, said: dict[str, float]) -> None:
        self._name = name
        self._said = said
        self._buffer = bytearray()
        self._open = False
        self._chunks = 0
        self._spoken = 0  # chunks of the utterance
        self._quiet = 0
        self._utterances = 0
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._shake(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        self._read()

    def _shake(self, head: bytes) -> None:
        rows = (row.partition(b":") for row in head.split(b"\r\n"))
        (key,) = (value.strip() for name, _, value in rows if name.lower() == b"sec-websocket-key")
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - the protocol's
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._open = True
        self._say('{"type":"session.created","session":{"id":"sess_1"}}')

    def _read(self) -> None:
        buffer = self._buffer
        at = 0
        while len(buffer) - at >= 6:
            size, head = buffer[at + 1] & 0x7F, 6
            if size == 126:
                (size,) = struct.unpack_from(">H", buffer, at + 2)
                head = 8
            elif size == 127:
                (size,) = struct.unpack_from(">Q", buffer, at + 2)
                head = 14
            begin = at + head
            if len(buffer) < begin + size:
                break
            if size > _AUDIO:
                self._hear(begin)
            else:
                self._take(buffer[at] & 0x0F, begin, size)
            at = begin + size
        del buffer[:at]

    def _take(self, opcode: int, begin: int, size: int) -> None:
        mask = self._buffer[begin - 4 : begin]
        body = bytes(
            byte ^ mask[n & 3] for n, byte in enumerate(self._buffer[begin : begin + size])
        )
        if opcode == _PING:
            self._write(_PONG, body)
        elif opcode == _CLOSE:
            self._write(_CLOSE, body[:2])
            self._transport.close()
        elif b'"session.update"' in body:
            self._say('{"type":"session.updated"}')
        elif b'"session.finish"' in body:
            self._say('{"type":"session.finished"}')

    def _hear(self, begin: int) -> None:
        buffer = self._buffer
        self._chunks += 1
        for place in _PLACES:
            if buffer[begin + place] ^ buffer[begin - 4 + (place & 3)] != 0x41:
                break
        else:
            if self._spoken:
                self._quiet += 1
                if self._quiet == _SILENT_CHUNKS:
                    self._end()
            return
        self._quiet = 0
        if not self._spoken:
            self._begin()
        self._spoken += 1
        if self._spoken >= _FIRST_INTERIM and self._spoken % _INTERIM_EACH == 0:
            self._interim()

    def _ids(self) -> str:
        number = f"{self._name}n{self._utterances}"
        return (
            f'"response_id":"resp_{number}","item_id":"item_{number}","output_index":0,'
            '"content_index":0'
        )

    def _begin(self) -> None:
        self._utterances += 1
        number = f"{self._name}n{self._utterances}"
        self._say(
            '{"event_id":"event_1","type":"input_audio_buffer.speech_started","audio_start_ms":'
            f"{self._chunks * 100}}}"
        )
        self._say(
            '{"event_id":"event_1","type":"response.created","response":{"id":"resp_'
            + number
            + '"}}'
        )

    def _text(self) -> str:
        return f"{self._name}n{self._utterances}{_WORDS[: 2 + self._spoken // 2]}"

    def _interim(self) -> None:
        self._say(
            '{"event_id":"event_1","type":"response.text.text","text":"'
            f'{self._text()}","stash":" more",{self._ids()}}}'
        )

    def _end(self) -> None:
        word, text, ids = f"{self._name}n{self._utterances}", f"{self._text()}.", self._ids()
        ended = self._chunks * 100
        self._spoken = self._quiet = 0
        source = '"type":"conversation.item.input_audio_transcription.completed"'

        def final() -> None:
            self._said[word] = time.monotonic()
            self._say(f'{{"event_id":"event_1","type":"response.text.done","text":"{text}",{ids}}}')
            self._say(
                '{"event_id":"event_1","type":"input_audio_buffer.speech_stopped",'
                f'"audio_end_ms":{ended}}}'
            )

        def original() -> None:
            self._say(
                f'{{"event_id":"event_1",{source},"item_id":"item_asr_{word}","content_index":0,'
                f'"transcript":"Words that were said.","language":"fr"}}'
            )
            self._say(
                '{"event_id":"event_1","type":"response.done","response":{"id":"resp_'
                f'{word}","status":"completed","usage":{{"input_tokens":50,"output_tokens":20}}}}}}'
            )

        self._loop.call_later(_LAG_S, final)
        self._loop.call_later(_LAG_S + _SOURCE_LAG_S, original)

    def _say(self, message: str) -> None:
        self._write(_TEXT, message.encode())

    def _write(self, opcode: int, body: bytes) -> None:
        if self._transport.is_closing():
            return
        if len(body) < 126:
            head = bytes((0x80 | opcode, len(body)))
        else:
            head = struct.pack(">BBH", 0x80 | opcode, 126, len(body))
        self._transport.write(head + body)
