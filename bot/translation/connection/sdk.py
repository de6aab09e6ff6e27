"""The official SDK's OmniRealtimeConversation as it is, on the event loop.

`SdkConversation` adds one method, `converse`, in the place of `connect`, which keeps a thread for
each connection, polls every 0.1 s, gives up after 5 s without the reason and can't be hung up. All
that is said and heard goes through the SDK: `append_audio`, `update_session`, `end_session_async`,
`send_raw` and `close` out, `on_open`, `on_event` and `on_close` in.
"""

from functools import partial

from dashscope.audio.qwen_omni import OmniRealtimeConversation

from bot.logs import get_logger
from bot.translation.connection.outlet import Outlet
from bot.translation.ports import Watch
from bot.translation.sockets import Sockets

log = get_logger(__name__)


class SdkConversation(OmniRealtimeConversation):
    """The SDK's conversation with a websocket of aiohttp's. Belongs to the event loop."""

    async def converse(self, sockets: Sockets, watch: Watch) -> None:
        """Connect, and tell the callback what comes until the connection has ended.

        Args:
            sockets: Opens the websocket.
            watch: Told what the callback is not.

        Raises:
            NotConnectedError: No connection was made.
        """
        ws = await sockets.connect(self.url, self._get_websocket_header())  # type: ignore[no-untyped-call]
        self.ws = outlet = Outlet(ws, watch)  # type: ignore[assignment]  # the SDK declares it as None
        try:
            self.callback.on_open()
            code, reason = await outlet.read(partial(_digested, self, outlet))
            await outlet.say_goodbye()
        finally:
            outlet.release()
        self._on_close(outlet, code, reason)  # type: ignore[no-untyped-call]


def _digested(conversation: SdkConversation, outlet: Outlet, text: bytes) -> bool:
    """Return whether the SDK passed a message on: it raises for no JSON or no UTF-8.

    After it passed one on, it also raises for fields that it misses for its own records.
    """
    conversation.last_message = None
    try:
        conversation._on_message(outlet, text.decode())  # type: ignore[no-untyped-call] # noqa: SLF001 - as its own thread does
    except Exception as error:  # noqa: BLE001 - it raises bare exceptions
        log.debug("the SDK could not read a message", error=type(error).__name__)
        return conversation.get_last_message() is not None
    return True
