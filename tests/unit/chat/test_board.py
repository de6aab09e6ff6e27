import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.chat.board import CLOSE_S, ChannelBoard
from bot.chat.budget import Budget, own_budget
from bot.chat.faults import UnwritableError
from bot.chat.transport import MessageRef, Posted
from bot.clock import Timer
from bot.domain.events import Caption, Member
from bot.domain.ports import CaptionBoard, Look
from bot.errors import ChatError
from tests.support.log_lines import logged

SAID = "the secret sentence"
NAME = "Secretive Person"


class ManualTimer:
    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    def __init__(self) -> None:
        self.time = 0.0
        self.timers: list[ManualTimer] = []

    def now(self) -> float:
        return self.time

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = ManualTimer(when, callback)
        self.timers.append(timer)
        return timer

    async def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer, and everything that follows from each happen."""
        until = self.time + seconds
        await settle()
        while due := [t for t in self.timers if t.when <= until and not t.cancelled]:
            timer = min(due, key=lambda timer: timer.when)
            self.timers.remove(timer)
            self.time = max(self.time, timer.when)
            timer.callback()
            await settle()
        self.time = until


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Channel:
    """A text channel in memory.

    Knobs: `fail` raises once per element, `hold` keeps requests, `own` lets the bot post by itself.
    """

    def __init__(self, own: Budget | None = None) -> None:
        self.own = own
        self.messages: dict[int, tuple[str, str]] = {}
        self.fail: list[Exception] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.notice: str | None = None
        self.requests = 0
        self.bulk = True

    async def _request(self) -> None:
        self.requests += 1
        await self.hold.wait()
        if self.fail:
            raise self.fail.pop(0)

    def own_budget(self) -> Budget | None:
        return self.own

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        await self._request()
        ref = MessageRef(self.requests, None if own or speaker is None else 7)
        name = speaker.name if speaker and not own else "Parley"
        self.messages[ref.id] = (name, content)
        notice, self.notice = self.notice, None
        return Posted(ref, notice)

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        await self._request()
        self.messages[ref.id] = (speaker.name if speaker else "Parley", content)

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        shown = (speaker.name if speaker else "Parley", content)
        return next((MessageRef(key, 7) for key, at in self.messages.items() if at == shown), None)

    async def delete(self, ref: MessageRef) -> None:
        await self._request()
        del self.messages[ref.id]

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        await self._request()
        if self.bulk:
            for ref in refs:
                del self.messages[ref.id]
        return self.bulk

    def texts(self) -> list[str]:
        return [content for _, content in self.messages.values()]


def caption(key: int, text: str, *, final: bool = False) -> Caption:
    return Caption(key, Member(5, NAME), "en", text, "", None, final, 0.0)


@asynccontextmanager
async def board_on(
    channel: Channel, clock: ManualClock, refused: Callable[[str], None] | None = None
) -> AsyncIterator[ChannelBoard]:
    board = ChannelBoard(channel, clock, refused=refused)
    try:
        yield board
    finally:
        channel.hold.set()
        await board.close()


async def test_a_caption_is_posted_edited_and_made_final_under_its_speaker() -> None:
    channel, clock = Channel(), ManualClock()
    async with board_on(channel, clock) as board:
        board.show(caption(1, "Hel"))
        await clock.advance(0)
        assert channel.messages == {1: (NAME, "`EN` Hel …")}
        board.show(caption(1, "Hello"))
        await clock.advance(0.9)
        assert channel.texts() == ["`EN` Hel …"]
        await clock.advance(0.1)
        assert channel.texts() == ["`EN` Hello …"]
        board.show(caption(1, "Hello.", final=True))
        await clock.advance(0)
        assert channel.messages == {1: (NAME, "`EN` Hello.")}


async def test_a_notice_comes_from_the_bot_itself() -> None:
    channel, clock = Channel(), ManualClock()
    async with board_on(channel, clock) as board:
        board.say("I am here.")
        await clock.advance(0)
    assert channel.messages == {1: ("Parley", "I am here.")}


async def test_while_the_channel_is_slow_only_the_newest_state_waits() -> None:
    channel, clock = Channel(), ManualClock()
    channel.hold.clear()
    async with board_on(channel, clock) as board:
        for text in ("a", "a b", "a b c"):
            board.show(caption(1, text))
            await clock.advance(0)
        board.show(caption(1, "a b c.", final=True))
        channel.hold.set()
        await clock.advance(0)
        assert channel.texts() == ["`EN` a b c."]
        assert channel.requests == 2


async def test_what_the_transport_wants_said_is_said_after_the_message() -> None:
    channel, clock = Channel(), ManualClock()
    channel.notice = "No webhooks here."
    async with board_on(channel, clock) as board:
        board.show(caption(1, "Hello", final=True))
        await clock.advance(0)
    assert channel.texts() == ["`EN` Hello", "No webhooks here."]


async def test_a_failing_channel_gets_the_final_once_it_works_again() -> None:
    channel, clock = Channel(), ManualClock()
    channel.fail = [ChatError("down", retryable=True)] * 3
    async with board_on(channel, clock) as board:
        board.show(caption(1, "Hello", final=True))
        await clock.advance(10)
        assert channel.texts() == ["`EN` Hello"]


async def test_a_fault_of_the_code_costs_one_caption_and_not_the_channel() -> None:
    channel, clock = Channel(), ManualClock()
    channel.fail = [ZeroDivisionError(SAID)]
    async with board_on(channel, clock) as board:
        board.show(caption(1, "lost", final=True))
        board.show(caption(2, "kept", final=True))
        await clock.advance(0)
        assert channel.texts() == ["`EN` kept"]


async def test_a_channel_that_refuses_for_good_is_reported_once() -> None:
    channel, clock = Channel(), ManualClock()
    channel.fail = [UnwritableError("locked"), UnwritableError("locked")]
    reports: list[str] = []
    async with board_on(channel, clock, reports.append) as board:
        board.show(caption(1, "a", final=True))
        board.show(caption(2, "b", final=True))
        await clock.advance(0)
    assert reports == ["locked"]


async def test_one_refused_caption_or_notice_is_no_channel_that_refuses_for_good() -> None:
    channel, clock = Channel(), ManualClock()
    channel.fail = [ChatError("too long"), UnwritableError("not as myself")]
    reports: list[str] = []
    async with board_on(channel, clock, reports.append) as board:
        board.show(caption(1, "a", final=True))
        await clock.advance(3)
        board.say("captions still come by the webhook")
        await clock.advance(3)
    assert reports == []


async def test_closing_delivers_finals_ends_interims_and_takes_nothing_more() -> None:
    channel, clock = Channel(), ManualClock()
    async with board_on(channel, clock) as board:
        board.show(caption(1, "live"))
        await clock.advance(0)
        board.show(caption(2, "final", final=True))
        board.show(caption(3, "never seen"))
        await board.close()
        assert channel.texts() == ["`EN` live", "`EN` final"]
        board.show(caption(4, "too late", final=True))
        board.say("too late")
        await board.close()
    assert len(channel.messages) == 2


async def test_closing_gives_up_after_its_bound_when_the_channel_hangs() -> None:
    channel, clock = Channel(), ManualClock()
    channel.hold.clear()
    board = ChannelBoard(channel, clock)
    board.show(caption(1, "stuck", final=True))
    closing = asyncio.gather(board.close(), board.close())
    await clock.advance(CLOSE_S - 0.1)
    assert not closing.done()
    await clock.advance(0.1)
    await asyncio.wait_for(closing, 5)
    assert channel.messages == {}


async def test_nothing_is_left_running_after_close() -> None:
    before = asyncio.all_tasks()
    channel, clock = Channel(), ManualClock()
    async with board_on(channel, clock) as board:
        board.show(caption(1, "a"))
        await clock.advance(0)
    assert asyncio.all_tasks() == before
    assert all(timer.cancelled for timer in clock.timers)


async def test_nothing_that_is_said_and_no_name_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel, clock = Channel(), ManualClock()
    channel.fail = [
        ChatError("down", retryable=True),
        ChatError("refused"),
        ZeroDivisionError(SAID),
    ]
    async with board_on(channel, clock) as board:
        for key in range(3):
            board.show(caption(key, SAID, final=True))
        board.say(NAME)
        await clock.advance(60)
        board.show(caption(9, SAID))
        await board.close()
        board.show(caption(10, SAID))
    assert caplog.records, "the faults were logged"
    kept = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert SAID not in kept
    assert NAME not in kept


async def test_the_board_is_the_one_that_the_room_asks_for() -> None:
    board: CaptionBoard = ChannelBoard(Channel(), ManualClock())
    await board.close()


async def test_threads_that_write_as_the_bot_wait_for_nobody() -> None:
    clock, webhook = ManualClock(), Budget()
    while webhook.level(0.0) >= 1:
        webhook.spent(0.0)
    places = {language: Channel(own_budget()) for language in ("en", "es", "de")}
    main = Channel()
    board = ChannelBoard(
        main, clock, Look(tuple(places)), budget=webhook, threads=lambda code: places[code]
    )
    for channel in (main, *places.values()):
        channel.hold.clear()
    try:
        board.say("The webhook's limit is nothing to a notice.")
        for key, language in enumerate(places):
            said = replace(caption(key, "Hello.", final=True), language=language)
            board.show(said)
        await clock.advance(1.0)
        assert [channel.requests for channel in (main, *places.values())] == [1] * 4
    finally:
        for channel in (main, *places.values()):
            channel.hold.set()
        await board.close()
    assert [channel.texts() for channel in places.values()] == [["Hello."]] * 3
    assert {name for channel in places.values() for name, _ in channel.messages.values()} == {
        "Parley"
    }
    assert board.figures()["own"] == 3


async def test_places_that_share_the_webhook_have_one_request_under_way() -> None:
    clock = ManualClock()
    places = {language: Channel() for language in ("en", "es")}
    board = ChannelBoard(Channel(), clock, Look(tuple(places)), threads=lambda code: places[code])
    for channel in places.values():
        channel.hold.clear()
    for key, language in enumerate(places):
        board.show(replace(caption(key, "Hello.", final=True), language=language))
    await clock.advance(1.0)
    assert sum(channel.requests for channel in places.values()) == 1
    for channel in places.values():
        channel.hold.set()
    await board.close()
    assert [channel.texts() for channel in places.values()] == [["Hello."]] * 2


async def test_a_board_that_gives_up_leaves_its_budgets_to_the_next_one() -> None:
    channel, clock, budget = Channel(), ManualClock(), Budget()
    channel.hold.clear()
    board = ChannelBoard(channel, clock, budget=budget)
    board.show(caption(1, "stuck", final=True))
    closing = asyncio.gather(board.close())
    later = ChannelBoard(channel, clock, budget=budget)
    later.show(caption(2, "waits", final=True))
    await clock.advance(CLOSE_S - 1)
    assert channel.requests == 1, "one at a time"
    await clock.advance(2)
    await closing
    channel.hold.set()
    await clock.advance(1)
    assert channel.texts() == ["`EN` waits"]
    await later.close()


async def test_a_close_that_is_cut_short_says_how_much_was_not_delivered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = asyncio.all_tasks()
    channel, clock = Channel(), ManualClock()
    channel.hold.clear()
    board = ChannelBoard(channel, clock)
    board.show(caption(1, "stuck", final=True))
    board.say("stuck too")
    closing = asyncio.gather(board.close())
    await settle()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert logged(caplog.records) == ["captions and notices undelivered at close count=2"]
    assert asyncio.all_tasks() == before
