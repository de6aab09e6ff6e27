"""A text channel's captions: takes what the room shows, and has it stand in the channel soon."""

import asyncio
import logging
import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.chat.budget import Budget
from bot.chat.entry import Change, Delete, Edit, Post
from bot.chat.limits import Answer, listening
from bot.chat.schedule import Schedule
from bot.chat.transport import CaptionTransport, MessageRef
from bot.clock import Clock
from bot.errors import ChatError, MessageGoneError
from bot.room.events import Caption
from bot.room.ports import Look
from bot.tasks import TaskOwner
from bot.words import t

log = logging.getLogger(__name__)

CLOSE_S = 10.0
_PLAIN = Look()
_REQUEST_S = 60.0  # discord.py tries a request for up to half a minute when Discord fails


class ChannelBoard:
    """Implements CaptionBoard: one worker brings the channel to the schedule's state.

    Must be made on the running event loop.

    Args:
        transport: The channel.
        clock: Of the captions' `began_at` too.
        refused: Called once, with the reason, when the channel does not take a message for good
            (it is gone, or the bot may not write there).
        budget: Of the channel; several boards of one channel in a row may share it.
    """

    def __init__(
        self,
        transport: CaptionTransport,
        clock: Clock,
        look: Look = _PLAIN,
        *,
        refused: Callable[[ChatError], None] | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._look = look
        self._refused = refused
        self._schedule = Schedule(budget)
        self._changed = asyncio.Event()
        self._closing = False
        self._tasks = TaskOwner("captions")
        self._worker = self._tasks.start(self._work(), "worker")

    def show(self, caption: Caption) -> None:
        """Show a caption or its newer state, soon; interim states may be skipped, finals never."""
        if self._closing:
            log.debug("caption after close, ignored")
            return
        self._schedule.show(caption, self._clock.now())
        self._changed.set()

    def say(self, text: str) -> None:
        """A notice of the room to its people, in order with the captions. Plain text."""
        if self._closing:
            log.debug("notice after close, ignored")
            return
        self._schedule.say(text, self._clock.now())
        self._changed.set()

    def languages_changed(self, languages: Sequence[str]) -> None:
        """These are the room's languages from now on, in the order shown."""
        self._look = replace(self._look, languages=tuple(languages))

    def figures(self) -> Mapping[str, float]:
        """Counters and gauges by name (captions, requests, rate_limited, dropped, ...)."""
        return self._schedule.figures()

    async def close(self) -> None:
        """Deliver what is final within ten seconds, then end. Idempotent.

        What stands unfinished becomes final as it is.
        """
        if not self._closing:
            self._closing = True
            self._schedule.settle()
            self._changed.set()
        deadline = self._clock.call_at(self._clock.now() + CLOSE_S, self._give_up)
        try:
            await asyncio.wait({self._worker})
        finally:
            deadline.cancel()
            await self._tasks.close()

    def _give_up(self) -> None:
        log.warning("captions undelivered at close: %d", self._schedule.figures()["open"])
        self._worker.cancel()

    async def _work(self) -> None:
        with listening(self._heard):
            while not self._closing or self._schedule.owes():
                self._changed.clear()
                step = self._schedule.next(self._clock.now())
                if isinstance(step, float):
                    await self._wait(step)
                else:
                    await self._make(step)

    async def _wait(self, at: float) -> None:
        timer = None if math.isinf(at) else self._clock.call_at(at, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _heard(self, answer: Answer) -> None:
        self._schedule.heard(answer, self._clock.now())

    async def _make(self, change: Change) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                ref = await self._request(change)
        except TimeoutError:
            self._failed(change, ChatError(t("Discord did not answer."), retryable=True))
        except ChatError as error:
            self._failed(change, error)
        except Exception as error:  # noqa: BLE001 - one caption's fault must not silence the channel
            # The message of an error unknown may quote what was said; where it arose may not.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("caption request broke: %s\n%s", type(error).__name__, where)  # noqa: TRY400
            self._failed(change, ChatError(t("The request could not be made.")))
        else:
            self._schedule.succeeded(change, ref, self._clock.now())

    async def _request(self, change: Change) -> MessageRef | None:
        match change:
            case Post():
                posted = await self._transport.post(change.speaker, change.content)
                if posted.notice is not None:
                    self._schedule.say(posted.notice, self._clock.now())
                return posted.ref
            case Edit():
                await self._transport.edit(change.ref, change.speaker, change.content)
            case Delete():
                await self._transport.delete(change.ref)
        return None

    def _failed(self, change: Change, error: ChatError) -> None:
        self._schedule.failed(change, error, self._clock.now())
        if isinstance(error, MessageGoneError):
            return
        log.warning("caption request failed: %s, retryable %s", error.code, error.retryable)
        if not error.retryable and self._refused is not None:
            tell, self._refused = self._refused, None
            tell(error)
