"""How discord.py's voice connection is moved: in order, and without leaving on the way.

Belongs to `discord_internals`, and uses private names as that does. A moderator who moves the bot
again before it has arrived meets these faults of discord.py's:

- It handles a voice state and the voice server that belongs to it at the same time.
- In the middle of a move it forgets where the next one leads, asks to be where the first one led,
  and so undoes the next.
- A task that it dismisses goes on for a moment: it takes the closed connection for a lost one, and
  leaves the channel; or it sets back the state that its successor waits for.
- Who waits for a connection that is begun anew is cancelled.
"""

import asyncio
import weakref
from contextvars import ContextVar
from typing import Any

from discord.voice_state import ConnectionFlowState, VoiceConnectionState

_MOVING = ConnectionFlowState.got_voice_server_update
_SUCCESSION_S = 5.0
_POLL_S = 0.005

# Which connect of which connection a task of discord.py's belongs to. Tasks that it makes inherit
# it, as wait_for does up to Python 3.11.
_CONNECT: ContextVar[tuple["MovingState", object]] = ContextVar("connect")


class MovingState(VoiceConnectionState):
    """A voice connection that may be moved at any time."""

    def __init__(self, voice_client: Any, *, hook: Any = None) -> None:
        self._in_turn = asyncio.Lock()
        self._current = object()
        self._dismissed: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        super().__init__(voice_client, hook=hook)

    @property
    def state(self) -> ConnectionFlowState:  # noqa: D102 - theirs
        return super().state

    @state.setter
    def state(self, state: ConnectionFlowState) -> None:
        if self.is_current():
            VoiceConnectionState.state.fset(self, state)  # type: ignore[attr-defined]

    async def voice_state_update(self, data: Any) -> None:  # noqa: D102 - theirs
        async with self._in_turn:
            if data["channel_id"] is not None and self.state is _MOVING:
                self._update_voice_channel(int(data["channel_id"]))
            await super().voice_state_update(data)

    async def voice_server_update(self, data: Any) -> None:  # noqa: D102 - theirs
        async with self._in_turn:
            await super().voice_server_update(data)

    async def connect(self, *, wait: bool = True, **how: Any) -> None:  # noqa: D102 - theirs
        self._dismiss()
        token = _CONNECT.set((self, self._current))
        try:
            await super().connect(wait=False, **how)
        finally:
            _CONNECT.reset(token)
        if wait:
            await self._until_connected()
        elif self._connector is not None:
            # Nobody awaits it; the supervisor sees whether it succeeded.
            self._connector.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _until_connected(self) -> None:
        """Wait for the connector, and for its successors.

        Raises:
            TimeoutError: It was dismissed, and nobody came in its place.
        """
        connector = self._connector
        while connector is not None:
            try:
                await asyncio.wait({connector})
            except asyncio.CancelledError:
                connector.cancel()
                await asyncio.wait({connector})
                raise
            if connector not in self._dismissed:
                await connector  # raises what went wrong
                return
            async with asyncio.timeout(_SUCCESSION_S):
                while connector is self._connector:  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(_POLL_S)
            connector = self._connector

    async def soft_disconnect(  # noqa: D102 - theirs
        self, *, with_state: ConnectionFlowState = ConnectionFlowState.got_both_voice_updates
    ) -> None:
        self.check_current()
        self._dismiss()
        await super().soft_disconnect(with_state=with_state)

    async def disconnect(  # noqa: D102 - theirs
        self, *, force: bool = True, cleanup: bool = True, wait: bool = False
    ) -> None:
        self.check_current()
        await super().disconnect(force=force, cleanup=cleanup, wait=wait)

    async def _inner_connect(
        self,
        reconnect: bool,  # noqa: FBT001 - theirs
        self_deaf: bool,  # noqa: FBT001
        self_mute: bool,  # noqa: FBT001
        resume: bool,  # noqa: FBT001
    ) -> None:
        await super()._inner_connect(reconnect, self_deaf, self_mute, resume)
        self.check_current()

    async def _voice_connect(self, *, self_deaf: bool = False, self_mute: bool = False) -> None:
        self.check_current()
        if self.state is ConnectionFlowState.disconnected:
            await super()._voice_connect(self_deaf=self_deaf, self_mute=self_mute)
        elif self.state is _MOVING:
            # After a move the bot is in the channel already.
            self.state = ConnectionFlowState.got_both_voice_updates

    def _dismiss(self) -> None:
        self._current = object()
        current = asyncio.current_task()
        for task in (self._runner, self._connector):
            if task is not None and task is not current:
                self._dismissed.add(task)
                task.cancel()

    def is_current(self) -> bool:
        """Return whether no other connect was begun in the place of the one that runs this."""
        connection, connect = _CONNECT.get((self, self._current))
        # Whatever another connection's task does with this one is none of its connects.
        return connection is not self or connect is self._current

    def check_current(self) -> None:
        """Pass, unless this is run by a task in whose place another was begun.

        Raises:
            asyncio.CancelledError: It is; it was cancelled, which wait_for may have lost.
        """
        if not self.is_current():
            raise asyncio.CancelledError
