"""Webhook and own messages beside each other, as a schedule uses them."""

from dataclasses import replace

from bot.chat.budget import Budget, own_budget
from bot.chat.detail import Step
from bot.chat.http.limits import HttpAnswer
from bot.chat.message import Change, Delete, Edit, Post
from bot.chat.rendering.render import Style
from bot.chat.schedule import Schedule
from bot.chat.transport import DIGEST, MessageRef
from bot.domain.events import Caption, Member
from bot.errors import RateLimitError

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
NOW = 100.0


def said(key: int, text: str, speaker: Member = ANA, *, final: bool = True) -> Caption:
    return Caption(key, speaker, "en", text, "", None, final, began_at=NOW + key / 1000)


def emptied() -> Budget:
    budget = Budget()
    while budget.level(NOW) >= 1:
        budget.spent(NOW)
    return budget


class Channel:
    """Makes a schedule's changes at once; without `webhook` all come out as the bot's own."""

    def __init__(self, budget: Budget, *, allowed: bool = True) -> None:
        self.budget = budget
        self.own = own_budget()
        self.schedule = Schedule(budget, Style(("en",), originals=False))
        self.schedule.allow_own(self.own if allowed else None)
        self.webhook = True
        self.made: list[tuple[float, Change]] = []
        self.standing: dict[int, tuple[bool, str]] = {}  # whether own, and what it says

    def finish(self, change: Change, now: float) -> None:
        self.made.append((now, change))
        ref = None
        match change:
            case Post():
                own = change.own or change.speaker is None or not self.webhook
                ref = MessageRef(len(self.made), None if own else 7)
                self.standing[ref.id] = (own, change.content)
            case Edit():
                self.standing[change.ref.id] = (change.ref.webhook_id is None, change.content)
            case Delete():
                del self.standing[change.ref.id]
        self.schedule.succeeded(change, ref, now)

    def run(self, now: float, until: float) -> None:
        while now <= until:
            step = self.schedule.next(now)
            if isinstance(step, float):
                now = step
            else:
                self.finish(step, now)

    def texts(self) -> list[tuple[bool, str]]:
        return list(self.standing.values())


def test_what_is_above_the_webhooks_limit_goes_out_as_the_bots_own_at_once() -> None:
    channel = Channel(emptied())
    for key, speaker in ((1, ANA), (2, BEN), (3, ANA)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW)
    channel.run(NOW, NOW)
    assert channel.texts() == [
        (True, "**Ana** Sentence 1.\n**Ben** Sentence 2.\n**Ana** Sentence 3.")
    ]
    (at, post), *_ = channel.made
    assert isinstance(post, Post)
    assert (at, post.speaker, post.own) == (NOW, DIGEST, True)


def test_where_the_bot_may_not_they_wait_for_the_webhook() -> None:
    channel = Channel(emptied(), allowed=False)
    for key, speaker in ((1, ANA), (2, BEN), (3, ANA)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW)
    channel.run(NOW, NOW + 10)
    assert [own for own, _ in channel.texts()] == [False]
    assert channel.made[0][0] > NOW + 1


def test_a_permission_that_is_taken_away_leads_back_to_the_webhook() -> None:
    channel = Channel(emptied())
    for key, speaker in ((1, ANA), (2, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW)
    channel.run(NOW, NOW)
    channel.schedule.allow_own(None)
    for key, speaker in ((3, ANA), (4, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW + 1)
    channel.run(NOW + 1, NOW + 20)
    assert [own for own, _ in channel.texts()] == [True, True, False]


def test_what_stands_is_edited_by_the_way_it_came_and_holds_nothing_else_up() -> None:
    budget = Budget()
    channel = Channel(budget)
    channel.schedule.show(said(1, "live", final=False), NOW)
    channel.run(NOW, NOW)
    while budget.level(NOW + 1) >= 0:
        budget.spent(NOW + 1)
    channel.schedule.show(said(1, "live."), NOW + 1)
    for key, speaker in ((2, BEN), (3, ANA), (4, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW + 1)
    channel.run(NOW + 1, NOW + 1)
    digest = "**Ben** Sentence 2.\n**Ana** Sentence 3.\n**Ben** Sentence 4."
    assert channel.texts() == [(False, "live …"), (True, digest)]
    channel.schedule.show(said(3, "Sentence 3 and more."), NOW + 1.1)
    channel.run(NOW + 1.1, NOW + 1.1)
    assert channel.texts()[1] == (True, digest.replace("3.", "3 and more."))
    channel.run(NOW + 1.1, NOW + 20)
    assert channel.texts()[0] == (False, "live.")


def test_posts_keep_the_order_of_speech_across_the_ways() -> None:
    channel = Channel(emptied())
    channel.schedule.say("A notice.", NOW + 0.0015)  # said between the two
    channel.schedule.show(said(1, "Before."), NOW)
    channel.schedule.show(said(2, "After.", BEN), NOW)
    channel.run(NOW, NOW + 20)
    assert [text for _, text in channel.texts()] == ["Before.", "A notice.", "After."]


def test_a_long_caption_goes_on_by_the_way_it_began() -> None:
    channel = Channel(Budget())
    channel.schedule.show(said(1, "word " * 900), NOW)
    first = channel.schedule.next(NOW)
    assert isinstance(first, Post)
    for key, speaker in ((2, BEN), (3, ANA), (4, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW)
    while channel.budget.level(NOW) >= 1:
        channel.budget.spent(NOW)
    channel.finish(first, NOW)
    channel.run(NOW, NOW + 30)
    assert [own for own, _ in channel.texts()] == [False, False, False, True]


def test_interims_come_again_once_the_bots_own_messages_keep_up() -> None:
    channel = Channel(emptied())
    channel.budget.sharers = 3
    for key, speaker in ((1, ANA), (2, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW)
    channel.run(NOW, NOW)
    assert channel.schedule.figures()["step"] == Step.FINALS
    assert channel.schedule.figures()["own"] == 1
    for second in range(1, 30):  # too much for the webhook, not for the bot itself
        at = NOW + second
        if second % 3 == 0:
            speaker = (ANA, BEN)[second // 3 % 2]
            later = replace(said(second + 2, "Done.", speaker), began_at=at)
            channel.schedule.show(later, at)
        channel.run(at, at + 0.9)
    assert channel.schedule.figures()["step"] == Step.LIVE
    assert channel.schedule.figures()["own"] == 1
    channel.schedule.show(replace(said(99, "grow", final=False), began_at=NOW + 30), NOW + 31)
    channel.run(NOW + 31, NOW + 33)
    assert channel.texts()[-1] == (True, "grow …")


def test_after_a_while_of_less_the_webhook_serves_again() -> None:
    channel = Channel(emptied())
    for key, speaker in ((1, ANA), (2, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW)
    channel.run(NOW, NOW + 40)
    channel.schedule.show(replace(said(3, "Later."), began_at=NOW + 40), NOW + 40)
    channel.run(NOW + 40, NOW + 40)
    assert channel.texts()[-1] == (False, "Later.")
    assert channel.schedule.figures()["own"] == 0


def test_own_messages_are_never_more_than_four_in_five_seconds() -> None:
    channel = Channel(emptied())
    for step in range(400):
        at = NOW + step / 10
        member = Member(step % 7, f"s{step % 7}")
        channel.schedule.show(replace(said(step, "Word.", member), began_at=at), at)
        channel.run(at, at + 0.09)
    times = [at for at, change in channel.made if isinstance(change, Post) and change.own]
    assert len(times) > 20
    assert all(later - first >= 5.0 for first, later in zip(times, times[4:], strict=False))


def test_the_bots_own_limit_is_heard_of_and_leaves_the_webhook_alone() -> None:
    channel = Channel(emptied())
    for key, speaker in ((1, ANA), (2, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW)
    change = channel.schedule.next(NOW)
    assert isinstance(change, Post)
    channel.schedule.heard(HttpAnswer(limited=True, wait_s=3.0, own=True), NOW)
    channel.schedule.failed(change, RateLimitError(3.0), NOW)
    assert channel.own.ready_at(NOW) == NOW + 3.0
    assert channel.budget.ready_at(NOW + 2.1) == NOW + 2.1
    assert channel.schedule.figures()["rate_limited"] == 1


def test_without_a_webhook_all_draw_on_the_budget_of_the_bots_own() -> None:
    channel = Channel(Budget())
    channel.webhook = False
    channel.schedule.show(said(1, "One."), NOW)
    change = channel.schedule.next(NOW)
    assert isinstance(change, Post)
    channel.schedule.heard(HttpAnswer(limited=False, wait_s=0.0, own=True), NOW)
    channel.finish(change, NOW)
    assert channel.own.level(NOW) == own_budget().level(NOW) - 1, "counted where it came out"
    assert channel.schedule.figures()["own"] == 1
    channel.schedule.show(said(2, "Two.", BEN), NOW)
    change = channel.schedule.next(NOW)
    assert isinstance(change, Post)
    assert not change.own, "the webhook is tried first, it may be there again"
    channel.webhook = True
    channel.finish(change, NOW)
    assert channel.schedule.figures()["own"] == 0


def test_places_that_share_a_webhook_leave_it_as_soon_as_it_is_empty() -> None:
    alone, shared = Channel(emptied()), Channel(emptied())
    shared.budget.sharers = 3
    for channel in (alone, shared):
        channel.schedule.show(said(1, "One."), NOW)
        channel.run(NOW, NOW)
    assert alone.texts() == []
    assert shared.texts() == [(True, "One.")]


def test_a_budget_that_is_busy_with_another_places_request_is_waited_for() -> None:
    channel = Channel(Budget())
    channel.budget.started(NOW)
    channel.schedule.show(said(1, "One."), NOW)
    again = channel.schedule.next(NOW)
    assert isinstance(again, float)
    assert NOW < again < NOW + 1
    channel.budget.answered(NOW + 0.1)
    channel.run(NOW + 0.1, NOW + 0.1)
    assert channel.texts() == [(False, "One.")]


def test_what_grows_where_the_webhook_rests_is_shown_when_it_serves_again() -> None:
    channel = Channel(Budget())
    channel.schedule.show(said(1, "live", final=False), NOW)
    channel.run(NOW, NOW)
    while channel.budget.level(NOW + 1) >= 1:
        channel.budget.spent(NOW + 1)
    for key, speaker in ((2, BEN), (3, ANA), (4, BEN)):
        channel.schedule.show(said(key, f"Sentence {key}.", speaker), NOW + 1)
    channel.run(NOW + 1, NOW + 1)
    channel.schedule.show(said(1, "live and more", final=False), NOW + 2)
    channel.run(NOW + 2, NOW + 60)
    assert channel.texts()[0] == (False, "live and more …")
