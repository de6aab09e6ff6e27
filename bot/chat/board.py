"""A text channel's captions: takes what the room shows, and has it stand in the channel soon."""

import asyncio
import math
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bot.chat.budget import Budget
from bot.chat.faults import ChannelGoneError, UnwritableError
from bot.chat.http.limits import HttpAnswer, listening
from bot.chat.janitor import Janitor
from bot.chat.message import Change, Delete, Edit, Offer, Post
from bot.chat.rendering.render import Style
from bot.chat.schedule import Delivered, Schedule
from bot.chat.transport import CaptionTransport, MessageRef
from bot.clock import Clock
from bot.domain.events import TYPED, Caption
from bot.domain.meters import Meters, Unmetered
from bot.domain.ports import Look
from bot.errors import ChatError, MessageGoneError, RateLimitError
from bot.logs import fields, get_logger
from bot.tasks import TaskOwner
from bot.words import render, t

log = get_logger(__name__)

CLOSE_S = 10.0
_PLAIN = Look()
_UNMETERED = Unmetered()
_REQUEST_S = 60.0  # discord.py tries a request for up to half a minute when Discord fails


class _Lane:
    """A place where captions stand, with a schedule of its own.

    Attributes:
        busy: A request of it is under way.
    """

    def __init__(self, transport: CaptionTransport, schedule: Schedule) -> None:
        self.transport = transport
        self.schedule = schedule
        self.busy = False


class ChannelBoard:
    """Implements CaptionBoard: one worker brings the channel to the schedules' state.

    Each place has one request under way at most, and so has each budget: threads that write as the
    bot itself wait neither for each other nor for the webhook. Must be made on the running event
    loop.

    Args:
        transport: The channel.
        clock: The clock that the captions' `began_at` is by.
        look: How the captions stand.
        refused: Called once, with the reason, when nothing can be written in the channel any more
            (it is gone, or the bot may not write there).
        budget: Budget of the channel's webhook; successive boards of one channel may share it.
        threads: Makes the place for a language's captions, or None where there can be none for now;
            without, all stand in the channel.
        janitor: Removes captions when their time is over, this board closed or not.
        meters: Told how late captions are, and what failed.

    Attributes:
        when_closed: Called once it has ended.
    """

    def __init__(
        self,
        transport: CaptionTransport,
        clock: Clock,
        look: Look = _PLAIN,
        *,
        refused: Callable[[str], None] | None = None,
        budget: Budget | None = None,
        threads: Callable[[str], CaptionTransport | None] | None = None,
        janitor: Janitor | None = None,
        meters: Meters = _UNMETERED,
    ) -> None:
        self._clock = clock
        self._look = look
        self._refused = refused
        self._budget = budget or Budget()
        self._budget.sharers = 1
        self._threads = threads
        self._janitor = janitor
        self._meters = meters
        self._main = _Lane(transport, Schedule(self._budget, self._style(look.languages)))
        self._lanes: dict[str, _Lane] = {}  # by language, where each has its thread
        self._changed = asyncio.Event()
        self.when_closed: Callable[[], None] | None = None
        self._closing = False
        self._tasks = TaskOwner("captions", **fields())
        self._worker = self._tasks.start(self._work(), "worker")

    def _style(self, languages: Sequence[str]) -> Style:
        return Style(
            tuple(languages), originals=self._look.originals, room=tuple(self._look.languages)
        )

    def show(self, caption: Caption) -> None:
        """Show a caption or its newer state, soon; interim states may be skipped, finals never."""
        if self._closing:
            log.debug("caption after close, ignored")
            return
        self._lane(caption).schedule.show(caption, self._clock.now())
        self._changed.set()

    def _lane(self, caption: Caption) -> _Lane:
        # What began in the channel stays there, also when its language has a thread meanwhile.
        if self._threads is None or self._main.schedule.knows(caption):
            return self._main
        language = caption.language
        lane = self._lanes.get(language)
        if lane is None:
            if (place := self._threads(language)) is None:
                return self._main
            schedule = Schedule(self._budget, self._style([language]))
            lane = self._lanes[language] = _Lane(place, schedule)
            self._budget.sharers = len(self._lanes)
        return lane

    def say(self, text: str) -> None:
        """Post a notice of the room to its people, in order with the captions. Plain text."""
        if self._closing:
            log.debug("notice after close, ignored")
            return
        self._say(text)

    def _say(self, text: str) -> None:
        self._main.schedule.say(render(text, self._look.locale), self._clock.now())
        self._changed.set()

    def languages_changed(self, languages: Sequence[str]) -> None:
        """Show these languages from now on, in this order."""
        self._look = replace(self._look, languages=tuple(languages))
        self._main.schedule.style = self._style(languages)
        for language, lane in self._lanes.items():
            lane.schedule.style = self._style([language])

    def figures(self) -> Mapping[str, float]:
        """Return counters and gauges by name (captions, requests, rate_limited, step, ...).

        `step` is that of the place which shows least, `own` how many places go without webhook.
        """
        known = [lane.schedule.figures() for lane in self._all()]
        total = {name: sum(figures[name] for figures in known) for name in known[0]}
        return total | {"step": max(figures["step"] for figures in known)}

    def counters(self) -> Mapping[str, float]:
        """Return counters alone, as they never fall."""
        counters = dict(self.figures())
        for gauge in ("open", "step", "own"):
            del counters[gauge]
        return counters

    @property
    def waiting(self) -> int:
        """Captions and notices that are not as they should be."""
        return 0 if self.closed else int(self.figures()["open"])

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._worker.done()

    def _all(self) -> list[_Lane]:
        return [self._main, *self._lanes.values()]

    async def close(self) -> None:
        """Deliver what is final within ten seconds, then end. Idempotent.

        What stands unfinished becomes final as it is.
        """
        if not self._closing:
            self._closing = True
            for lane in self._all():
                lane.schedule.settle()
            self._changed.set()
        deadline = self._clock.call_at(self._clock.now() + CLOSE_S, self._give_up)
        try:
            await asyncio.wait({self._worker})
        except asyncio.CancelledError:
            self._give_up()
            raise
        finally:
            deadline.cancel()
            await self._tasks.close()
            if self.when_closed is not None:
                self.when_closed()

    def _give_up(self) -> None:
        log.warning("captions and notices undelivered at close", count=self.figures()["open"])
        self._worker.cancel()

    # The worker

    async def _work(self) -> None:
        while not self._closing or any(lane.busy or lane.schedule.owes() for lane in self._all()):
            self._changed.clear()
            now = self._clock.now()
            chosen = self._next(now)
            if isinstance(chosen, float):
                await self._wait(chosen)
            else:
                offer, lane = chosen
                change = lane.schedule.start(offer, now)
                lane.busy = True
                self._tasks.start(self._make(lane, change), "request")

    def _next(self, now: float) -> tuple[Offer, _Lane] | float:
        """Return the most urgent of all places' offers, else the second to ask again."""
        at = math.inf
        best: tuple[Offer, _Lane] | None = None
        for lane in self._all():
            if lane.busy:
                continue
            lane.schedule.allow_own(lane.transport.own_budget())
            offer = lane.schedule.offer(now)
            if isinstance(offer, float):
                at = min(at, offer)
            elif best is None or offer.rank < best[0].rank:
                best = (offer, lane)
        return at if best is None else best

    async def _wait(self, at: float) -> None:
        timer = None if math.isinf(at) else self._clock.call_at(at, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()

    @contextmanager
    def _heard(self, lane: _Lane) -> Iterator[None]:
        def heard(answer: HttpAnswer) -> None:
            lane.schedule.heard(answer, self._clock.now())
            self._changed.set()

        with listening(heard):
            yield

    async def _make(self, lane: _Lane, change: Change) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                ref = await self._request(lane, change)
        except asyncio.CancelledError:
            lane.schedule.broken_off(self._clock.now())  # the budget outlives this board
            raise
        except TimeoutError:
            self._failed(lane, change, ChatError(t("Discord didn't answer."), retryable=True))
        except ChatError as error:
            self._failed(lane, change, error)
        except Exception as error:  # noqa: BLE001 - one caption's fault must not silence the channel
            # The message of an error unknown may quote what was said; where it arose may not.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error(  # noqa: TRY400
                "caption request failed unexpectedly", error=type(error).__name__, exception=where
            )
            self._failed(lane, change, ChatError(t("The request couldn't be made.")))
        else:
            self._measure(lane.schedule.succeeded(change, ref, self._clock.now()))
            self._plan_removal(lane, change, ref)
        finally:
            lane.busy = False
            self._changed.set()

    def _measure(self, delivered: Delivered) -> None:
        now = self._clock.now()
        if (caption := delivered.begun) is not None and _is_speech(caption):
            self._meters.first_caption(now - caption.began_at)
        for caption in delivered.whole:
            if caption.ended_at is not None and _is_speech(caption):
                self._meters.final_caption(now - caption.ended_at)

    def _plan_removal(self, lane: _Lane, change: Change, ref: MessageRef | None) -> None:
        if self._janitor is None or not self._look.caption_minutes:
            return
        stands = ref if isinstance(change, Post) else change.ref
        if not isinstance(change, Delete) and change.speaker is not None and stands is not None:
            self._janitor.remove_later(lane.transport, stands, self._look.caption_minutes)

    async def _request(self, lane: _Lane, change: Change) -> MessageRef | None:
        match change:
            case Post():
                if change.doubtful:
                    # An earlier try was not answered: what it posted is not posted again.
                    found = await lane.transport.find(change.speaker, change.content)
                    if found is not None:
                        return found
                with self._heard(lane):
                    posted = await lane.transport.post(
                        change.speaker, change.content, own=change.own
                    )
                if posted.notice is not None:
                    self._say(posted.notice)
                return posted.ref
            case Edit():
                with self._heard(lane):
                    await lane.transport.edit(change.ref, change.speaker, change.content)
            case Delete():
                with self._heard(lane):
                    await lane.transport.delete(change.ref)
        return None

    def _failed(self, lane: _Lane, change: Change, error: ChatError) -> None:
        lane.schedule.failed(change, error, self._clock.now())
        if isinstance(error, MessageGoneError | RateLimitError):
            return
        self._meters.failed(error.code)
        log.warning("caption request failed", code=error.code, retryable=error.retryable)
        # A notice may be refused where captions still come by the webhook.
        caption = isinstance(change, Post) and change.speaker is not None
        gone = isinstance(error, ChannelGoneError)
        lasting = gone or (caption and isinstance(error, UnwritableError))
        if lasting and self._refused is not None:
            tell, self._refused = self._refused, None
            tell(error.message)


def _is_speech(caption: Caption) -> bool:
    return caption.origin is None or caption.origin.language != TYPED
