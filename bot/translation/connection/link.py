"""One connection to the service as a conversation sees it: a bounded queue, nothing left behind.

Audio that the server does not take waits here, where it delays no other conversation. The owner is
told nothing after `close`: a link is used once, so a late event can't reach the next one.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import pybase64
from dashscope.audio.qwen_omni import OmniRealtimeCallback

from bot.logs import get_logger, silence_sdk
from bot.tasks import TaskOwner
from bot.translation.connection.sdk import SdkConversation
from bot.translation.ports import Endpoint, OnEvent, OnLost
from bot.translation.protocol import faults, session_body
from bot.translation.protocol.bounds import Exceeded, Excess
from bot.translation.protocol.faults import Fault
from bot.translation.sockets import GOODBYE_S, NotConnectedError, Sockets
from bot.translation.speech.intake import Intake

log = get_logger(__name__)

QUEUE_CHUNKS: Final = 900  # as much audio as is kept for a new link; one so far behind is lost
BURST_CHUNKS: Final = 20  # 3 ms of the event loop, when half a minute waits for a new link
STUCK_S: Final = 7.0  # when nothing sent is taken for this long, the link is lost

_numbers = itertools.count(1)


class Link(OmniRealtimeCallback):
    """A connection from its handshake to its last byte. Made and used on the event loop.

    Args:
        sockets: Opens the websocket.
        endpoint: Where to connect.
        session: The `session` object of the first session.update, sent once connected.
        on_event: Called with each event.
        on_lost: Called once when the connection failed or ended by itself; never after `close`.
        excess: Counts what exceeds a bound.
        guild_id: The guild that it is for, for the log.
    """

    def __init__(  # noqa: PLR0917 - what a link is made of
        self,
        sockets: Sockets,
        endpoint: Endpoint,
        session: Mapping[str, Any],
        on_event: OnEvent,
        on_lost: OnLost,
        excess: Excess,
        *,
        guild_id: int = 0,
    ) -> None:
        silence_sdk()
        self._sockets = sockets
        self._session = session
        self._on_event = on_event
        self._on_lost = on_lost
        self._excess = excess
        self._intake = Intake(excess)
        self._loop = asyncio.get_running_loop()
        self._fenced = False
        self._lost = False
        self._is_open = False
        self._stuck: asyncio.TimerHandle | None = None  # while congested
        self._queue: deque[bytes | str | Mapping[str, Any]] = deque()
        self._burst = 0  # items written since the others of the event loop had their turn
        self._resuming: asyncio.Handle | None = None
        self.dropped = 0  # chunks
        self._conversation = SdkConversation(
            model=endpoint.model,
            callback=self,
            url=endpoint.url,
            api_key=endpoint.api_key,
            workspace=endpoint.workspace or None,
        )
        number = next(_numbers)
        self._tasks = TaskOwner("link", guild=guild_id, conversation=number)
        self._conversing = self._tasks.start(self._converse(), f"conversation {number}")

    def send(self, pcm: bytes) -> int:
        """Send a chunk, now or later; returns how many are dropped, as none was taken for long."""
        self._queue.append(pcm)
        excess = max(0, len(self._queue) - QUEUE_CHUNKS)
        for _ in range(excess):
            oldest = next(n for n, item in enumerate(self._queue) if isinstance(item, bytes))
            del self._queue[oldest]
        self.dropped += excess
        self._pump()
        return excess

    def update(self, session: Mapping[str, Any]) -> None:
        """Change the session's settings, behind the audio queued."""
        self._queue.append(session)
        self._pump()

    def finish(self) -> None:
        """Ask for everything outstanding, behind the audio queued."""
        self._queue.append("session.finish")
        self._pump()

    async def close(self) -> None:
        """End the connection, in whatever phase; bounded, idempotent, tells nothing more."""
        self._fenced = True
        self._queue.clear()
        try:
            if self._is_open:
                self._conversation.close()
                await asyncio.wait({self._conversing}, timeout=GOODBYE_S)
        finally:
            await self._tasks.close()

    async def _converse(self) -> None:
        try:
            await self._conversation.converse(self._sockets, self)
        except NotConnectedError as error:
            self._report_lost(error.fault)
        finally:
            self._over(faults.LOST)  # unless a reason was told before

    # The SDK's callback

    def on_open(self) -> None:
        """Send the settings first, then the audio that waits."""
        self._is_open = True
        session_body.say(self._conversation, self._session)
        self._pump()

    def on_event(self, message: Any) -> None:
        """Handle a message that was decoded from JSON."""
        if self._fenced or self._lost:
            return
        event = self._intake.read(message)
        if event is None:
            self._look_whether_useless()
            return
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001 - one event's trouble must not stop the next ones
            self._loop.call_exception_handler(
                {"message": "an event of the service was not handled", "exception": error}
            )

    def on_close(self, close_status_code: int | None, close_msg: str | None) -> None:
        """Report that an open connection is over; the code and the reason are the server's."""
        if not self._fenced and not self._lost:  # what the vendor's support asks for
            log.info(
                "the session ended",
                session=faults.excerpt(str(self._conversation.get_session_id())),
                last_response=faults.excerpt(str(self._conversation.get_last_response_id())),
            )
        code = close_status_code
        self._over(faults.LOST if code is None else faults.of_close(code, close_msg or ""))

    # Called by the socket

    def admits(self, size: int) -> bool:
        """Return whether a message of so many bytes may be read; end the link if not."""
        if self._intake.admits(size, self._loop.time()):
            return True
        self._give_up()
        return False

    def overran(self) -> None:
        """Report the link as lost: more came at once than makes sense."""
        self._excess.note(Exceeded.FRAMES)
        self._report_lost(faults.NONSENSE)

    def unreadable(self) -> None:
        """Count a message that is no JSON; end the link when nothing else comes."""
        self._intake.unreadable()
        self._look_whether_useless()

    def congested(self) -> None:
        """Give up the link unless the server soon takes what is sent again."""
        self._stuck = self._loop.call_later(STUCK_S, self._give_up, faults.LOST)

    def drained(self) -> None:
        """Send what waits, as far as the server takes it again."""
        self._end_congestion()
        self._pump()

    # The queue

    def _pump(self) -> None:
        while self._queue and self._is_open and self._stuck is None:
            if self._burst == BURST_CHUNKS:
                if self._resuming is None:
                    self._resuming = self._loop.call_soon(self._resume)
                return
            self._burst += 1
            self._write(self._queue.popleft())

    def _resume(self) -> None:
        self._resuming = None
        self._burst = 0
        self._pump()

    def _write(self, item: bytes | str | Mapping[str, Any]) -> None:
        """Send audio, the wish to finish, or settings."""
        try:
            if isinstance(item, bytes):
                self._intake.sent(len(item))
                self._conversation.append_audio(pybase64.b64encode_as_string(item))
            elif isinstance(item, str):
                self._conversation.end_session_async()
            else:
                session_body.say(self._conversation, item)
        except ConnectionError:  # closed by aiohttp; the reading side tells why, right away
            log.debug("nothing is sent any more")

    # The end

    def _look_whether_useless(self) -> None:
        if self._intake.useless:
            self._give_up()

    def _give_up(self, fault: Fault = faults.NONSENSE) -> None:
        self._report_lost(fault)
        outlet: Any = self._conversation.ws  # the SDK declares it as None
        if outlet is not None:
            outlet.hang_up()

    def _end_congestion(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _over(self, fault: Fault) -> None:
        self._is_open = False
        self._queue.clear()
        self._end_congestion()
        self._report_lost(fault)

    def _report_lost(self, fault: Fault) -> None:
        if not self._fenced and not self._lost:
            self._lost = True
            self._on_lost(fault)
