import math
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.chat.budget import Budget, Limit
from bot.chat.http.limits import HttpAnswer
from bot.chat.message import Change, Delete, Edit, Post
from bot.chat.schedule import Schedule
from bot.chat.transport import MessageRef
from bot.domain.events import Caption, Member
from bot.errors import ChatError, MessageGoneError, RateLimitError

WIDE = (Limit(1000, 2.0), Limit(10_000, 60.0))


def caption(key: int, text: str, *, final: bool = False, began_at: float | None = None) -> Caption:
    return Caption(
        key=key,
        speaker=Member(key, f"speaker {key}"),
        language="en",
        text=text,
        source_text="",
        source_language=None,
        final=final,
        began_at=float(key) if began_at is None else began_at,
    )


class Channel:
    """Makes a schedule's changes at once and keeps what stands in the channel."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.schedule = Schedule(budget or Budget(*WIDE))
        self.messages: dict[int, str] = {}
        self.requests: list[tuple[float, Change]] = []

    def start(self, now: float) -> Change:
        change = self.schedule.next(now)
        assert not isinstance(change, float), f"nothing to do before {change}"
        self.requests.append((now, change))
        return change

    def finish(self, change: Change, now: float) -> None:
        ref = MessageRef(len(self.requests), 7)
        match change:
            case Post():
                self.messages[ref.id] = change.content
            case Edit():
                self.messages[change.ref.id] = change.content
            case Delete():
                del self.messages[change.ref.id]
        self.schedule.succeeded(change, ref if isinstance(change, Post) else None, now)

    def run(self, now: float, until: float) -> None:
        """Do everything that may be done up to a time."""
        while now <= until:
            step = self.schedule.next(now)
            if isinstance(step, float):
                now = step
            else:
                self.requests.append((now, step))
                self.finish(step, now)

    def texts(self) -> list[str]:
        return list(self.messages.values())


def test_a_first_interim_is_posted_at_once() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "Hel"), 1.0)
    assert channel.start(1.0) == Post(1, Member(1, "speaker 1"), "`EN` Hel …")


def test_nothing_shown_is_nothing_to_do() -> None:
    assert Schedule().next(0.0) == math.inf


def test_an_interim_edit_comes_a_second_after_the_last_and_shows_the_newest_state() -> None:
    channel = Channel()
    for at, text in ((0.0, "a"), (0.2, "a b"), (0.4, "a b c")):
        channel.schedule.show(caption(1, text, began_at=0.0), at)
        channel.run(at, at)
    assert channel.schedule.next(0.5) == 1.0
    channel.run(0.5, 2.0)
    assert channel.texts() == ["`EN` a b c …"]
    assert [at for at, _ in channel.requests] == [0.0, 1.0]


def test_a_final_waits_for_no_spacing() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "a", began_at=0.0), 0.0)
    channel.run(0.0, 0.0)
    channel.schedule.show(caption(1, "a b.", final=True, began_at=0.0), 0.1)
    channel.run(0.1, 0.1)
    assert channel.texts() == ["`EN` a b."]


def test_a_stale_interim_after_the_final_changes_nothing() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "done", final=True), 1.0)
    channel.schedule.show(caption(1, "do"), 1.0)
    channel.run(1.0, 100.0)
    assert channel.texts() == ["`EN` done"]


def test_source_text_that_comes_after_the_final_is_edited_in() -> None:
    channel = Channel()
    shown = caption(1, "done", final=True)
    channel.schedule.show(shown, 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(replace(shown, source_text="hecho", source_language="es"), 9.0)
    channel.run(9.0, 9.0)
    assert channel.texts() == ["`EN` done\n-# es · hecho"]


def test_waiting_finals_go_in_order_of_speech_and_before_interims() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "interim"), 9.0)
    channel.schedule.show(caption(3, "third", final=True), 9.0)
    channel.schedule.show(caption(2, "second", final=True), 9.0)
    channel.run(9.0, 9.0)
    assert channel.texts() == ["`EN` second", "`EN` third", "`EN` interim …"]


def test_a_notice_stands_after_what_was_said_before_and_before_what_is_said_after() -> None:
    channel = Channel()
    channel.schedule.say("Ana joined.", 5.0)
    channel.schedule.show(caption(4, "before", final=True), 6.0)
    channel.schedule.show(caption(6, "after", final=True), 6.0)
    channel.run(6.0, 6.0)
    assert channel.texts() == ["`EN` before", "Ana joined.", "`EN` after"]


def test_an_empty_final_removes_the_interim() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "uh"), 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(caption(1, " ", final=True), 1.1)
    channel.run(1.1, 1.1)
    assert channel.texts() == []


def test_an_empty_final_that_nobody_saw_is_never_posted() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "", final=True), 1.0)
    channel.run(1.0, 60.0)
    assert channel.requests == []


def test_a_long_final_stays_together_and_shrinks_when_it_does() -> None:
    channel = Channel()
    long = " ".join(["word"] * 900)
    channel.schedule.show(caption(2, long, final=True), 2.0)
    first = channel.start(2.0)
    channel.schedule.show(caption(1, "earlier", final=True), 2.1)
    channel.finish(first, 2.1)
    channel.run(2.1, 2.1)
    assert len(channel.texts()) == 4
    assert channel.texts()[-1] == "`EN` earlier"
    channel.schedule.show(caption(2, "short", final=True), 3.0)
    channel.run(3.0, 3.0)
    assert channel.texts() == ["`EN` short", "`EN` earlier"]


def test_a_state_that_comes_while_an_edit_is_under_way_is_not_lost() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "a"), 1.0)
    change = channel.start(1.0)
    channel.schedule.show(caption(1, "a b", final=True), 1.1)
    channel.finish(change, 1.2)
    channel.run(1.2, 1.2)
    assert channel.texts() == ["`EN` a b"]


def test_interims_leave_room_for_the_finals_of_all_who_speak() -> None:
    channel = Channel(Budget())
    now = 0.0
    while now < 30.0:
        for key in (1, 2, 3):
            channel.schedule.show(caption(key, f"at {now}", began_at=0.0), now)
        channel.run(now, now + 0.4)
        now += 0.5
    for key in (1, 2, 3):
        channel.schedule.show(caption(key, "final", final=True, began_at=0.0), now)
    channel.run(now, now)
    assert channel.texts() == ["`EN` final"] * 3


def test_interim_edits_get_rarer_the_fuller_the_minute_is() -> None:
    channel = Channel(Budget())
    for step in range(600):
        channel.schedule.show(caption(1, f"state {step}", began_at=0.0), step / 10)
        channel.run(step / 10, step / 10 + 0.09)
    times = [at for at, _ in channel.requests]
    gaps = [round(after - before, 3) for before, after in pairwise(times)]
    assert min(gaps) >= 1.0
    assert gaps == sorted(gaps)
    assert times[-1] > 45.0, "live to the end"


def test_a_rate_limit_pauses_the_channel_for_as_long_as_discord_says() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "a", final=True), 1.0)
    channel.schedule.failed(channel.start(1.0), RateLimitError(3.0), 1.5)
    assert channel.schedule.next(1.6) == 4.5
    channel.run(1.6, 4.5)
    assert channel.texts() == ["`EN` a"]
    assert channel.schedule.figures()["rate_limited"] == 1


def test_a_limit_heard_of_while_the_request_is_under_way_is_kept() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "a", final=True), 1.0)
    channel.schedule.show(caption(2, "b", final=True), 1.0)
    change = channel.start(1.0)
    channel.schedule.heard(HttpAnswer(limited=False, wait_s=2.0), 1.0)
    channel.finish(change, 1.0)
    assert channel.schedule.next(1.1) == 3.0


def test_a_failure_that_may_pass_is_tried_again_ever_more_slowly() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "a", final=True), 0.0)
    now, waits = 0.0, []
    for _ in range(7):
        channel.schedule.failed(channel.start(now), ChatError("down", retryable=True), now)
        step = channel.schedule.next(now)
        assert isinstance(step, float)
        waits.append(step - now)
        now = step
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    channel.run(now, now)
    assert channel.texts() == ["`EN` a"]


def test_a_final_that_keeps_failing_lets_the_others_pass() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "poison", final=True), 0.0)
    channel.schedule.show(caption(2, "fine", final=True), 0.0)
    now = 0.0
    for _ in range(5):
        change = channel.start(now)
        assert change.key == 1
        channel.schedule.failed(change, ChatError("down", retryable=True), now)
        now += 60.0
    assert channel.start(now).key == 2


def test_what_discord_refuses_is_given_up_and_holds_nothing_up() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "bad", final=True), 0.0)
    channel.schedule.show(caption(2, "good", final=True), 0.0)
    channel.schedule.failed(channel.start(0.0), ChatError("no"), 0.0)
    channel.run(0.0, 100.0)
    assert channel.texts() == ["`EN` good"]
    assert channel.schedule.figures()["refused"] == 1


def test_a_caption_that_somebody_deleted_is_left_alone() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "a"), 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(caption(1, "a b", final=True), 2.0)
    channel.schedule.failed(channel.start(2.0), MessageGoneError(removed=True), 2.0)
    channel.schedule.show(caption(1, "a b c", final=True), 3.0)
    assert channel.schedule.next(100.0) == math.inf


def test_a_message_out_of_reach_is_posted_anew() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "a"), 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(caption(1, "a b", final=True), 2.0)
    channel.schedule.failed(channel.start(2.0), MessageGoneError(removed=False), 2.0)
    assert channel.start(2.0) == Post(1, Member(1, "speaker 1"), "`EN` a b")


def spoken(text: str, language: str, *, final: bool = True, source: str = "") -> Caption:
    """One utterance's caption in a language."""
    ana = Member(1, "Ana")
    key = ord(language[0])
    return Caption(key, ana, language, text, source, "fr", final, began_at=1.0, utterance=1)


def lose(channel: Channel, now: float) -> None:
    """What is to be changed next turns out to be out of reach."""
    change = channel.start(now)
    assert isinstance(change, Edit)
    channel.schedule.failed(change, MessageGoneError(removed=False), now)


def test_what_stands_final_is_not_posted_anew_with_what_is_missing() -> None:
    channel = Channel()
    channel.schedule.show(spoken("Hello.", "en"), 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(spoken("Hallo.", "de"), 2.0)
    lose(channel, 2.0)
    channel.run(2.0, 5.0)
    assert channel.texts() == ["`EN` Hello.", "`DE` Hallo."]
    channel.schedule.show(spoken("Hallo ihr.", "de"), 6.0)
    channel.run(6.0, 9.0)
    assert channel.texts() == ["`EN` Hello.", "`DE` Hallo ihr."]


def test_a_final_that_is_corrected_where_it_is_out_of_reach_is_posted() -> None:
    channel = Channel()
    channel.schedule.show(spoken("Hello.", "en"), 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(spoken("Hallo.", "de"), 2.0)
    lose(channel, 2.0)
    channel.run(2.0, 3.0)
    channel.schedule.show(spoken("Hello all.", "en"), 4.0)
    channel.run(4.0, 9.0)
    assert channel.texts() == ["`EN` Hello.", "`DE` Hallo.\n`EN` Hello all."]


def test_an_original_that_comes_later_is_left_where_its_final_is_out_of_reach() -> None:
    channel = Channel()
    channel.schedule.show(spoken("Hello.", "en"), 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(spoken("Hello.", "en", source="Salut."), 2.0)
    lose(channel, 2.0)
    channel.run(2.0, 60.0)
    assert channel.texts() == ["`EN` Hello."]
    assert not channel.schedule.owes()


def test_a_final_that_came_while_an_interim_was_posted_is_not_taken_to_stand() -> None:
    channel = Channel()
    channel.schedule.show(spoken("Hel", "en", final=False), 1.0)
    post = channel.start(1.0)
    channel.schedule.show(spoken("Hello.", "en"), 1.1)
    channel.finish(post, 1.2)
    lose(channel, 1.3)
    channel.run(1.3, 9.0)
    assert channel.texts() == ["`EN` Hel …", "`EN` Hello."]


def test_settling_ends_what_stands_and_drops_what_nobody_saw() -> None:
    channel = Channel()
    channel.schedule.show(replace(caption(1, "seen"), source_text="visto"), 1.0)
    channel.run(1.0, 1.0)
    channel.schedule.show(caption(2, "unseen"), 1.1)
    channel.schedule.settle()
    channel.run(1.1, 100.0)
    assert channel.texts() == ["`EN` seen\n-# \u200bvisto"]
    assert not channel.schedule.owes()


def test_a_post_under_way_at_settling_is_ended_too() -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "seen"), 1.0)
    change = channel.start(1.0)
    channel.schedule.settle()
    channel.finish(change, 1.1)
    channel.run(1.1, 1.1)
    assert channel.texts() == ["`EN` seen"]


@pytest.mark.parametrize("final", [True, False])
def test_a_state_of_more_than_an_hour_ago_is_not_posted_as_new(*, final: bool) -> None:
    channel = Channel()
    channel.schedule.show(caption(1, "old", final=final, began_at=0.0), 3601.0)
    assert channel.schedule.next(3601.0) == math.inf
    assert channel.schedule.figures()["late"] == 1


def test_memory_is_bounded_and_unseen_interims_go_before_finals() -> None:
    channel = Channel()
    for key in range(400):
        channel.schedule.show(caption(key, "final", final=True, began_at=1.0), 1.0)
    for key in range(400, 1000):
        channel.schedule.show(caption(key, "interim", began_at=1.0), 1.0)
    assert channel.schedule.figures()["open"] == 500
    assert channel.schedule.figures()["dropped"] == 500
    channel.run(1.0, 1.0)
    assert channel.texts().count("`EN` final") == 400


def test_finished_captions_are_forgotten_when_they_can_no_longer_be_edited() -> None:
    channel = Channel()
    for key in range(50):
        channel.schedule.show(caption(key, "a", final=True, began_at=0.0), 0.0)
    channel.run(0.0, 0.0)
    channel.schedule.show(caption(99, "b", final=True, began_at=4000.0), 4000.0)
    channel.run(4000.0, 4000.0)
    assert len(channel.schedule._done) == 1
