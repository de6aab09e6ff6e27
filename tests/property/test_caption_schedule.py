"""Any captions, in any order, on a channel with trouble: what the channel's readers see."""

import re
from collections import Counter, deque
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.budget import BURST, MINUTE, Budget, Limit, own_budget
from bot.chat.http.limits import HttpAnswer
from bot.chat.message import Change, Delete, Edit, Post
from bot.chat.schedule import Schedule
from bot.chat.transport import MessageRef
from bot.chat.webhook_or_bot import as_own
from bot.domain.events import Caption, Member
from bot.errors import ChatError, MessageGoneError, RateLimitError

SPEAKERS = 4
lengths = st.sampled_from([0, 1, 2, 500])  # words
states = st.tuples(
    st.integers(0, 11),  # caption
    lengths,
    st.booleans(),  # final
    st.floats(0, 1.5),  # seconds until it comes
    st.booleans(),  # whether the bot may post by itself then
)
# How long a request takes, and when in that time Discord counts it.
answers = st.tuples(st.floats(0, 3), st.floats(0, 1), st.sampled_from(["ok"] * 6 + ["429", "down"]))


class Discord:
    """Counts requests when they arrive, refuses what is too much, keeps what stands.

    Args:
        webhook: There is one; else all comes out as the bot's own.
    """

    def __init__(
        self, schedule: Schedule, answers: list[tuple[float, float, str]], *, webhook: bool = True
    ) -> None:
        self.schedule = schedule
        self.answers = deque(answers)
        self.webhook = webhook
        self.own = own_budget()
        self.arrived: list[float] = []  # by the webhook
        self.arrived_own: list[float] = []
        self.allow_own(may=False)
        self.messages: dict[int, tuple[str, str]] = {}

    def run(self, now: float, until: float) -> float:
        """Make changes from `now` until nothing may be done before `until`."""
        while now < until:
            step = self.schedule.next(now)
            if isinstance(step, float):
                now = min(step, until)
                continue
            seconds, share, outcome = self.answers.popleft() if self.answers else (0.1, 0.5, "ok")
            own = self.is_own(step)
            (self.arrived_own if own else self.arrived).append(now + seconds * share)
            now += seconds
            self.schedule.heard(HttpAnswer(limited=outcome == "429", wait_s=0.0, own=own), now)
            if outcome == "429":
                self.schedule.failed(step, RateLimitError(1.0), now)
            elif outcome == "down":
                self.schedule.failed(step, ChatError("down", retryable=True), now)
            elif outcome == "lost" and not isinstance(step, Post):
                self.schedule.failed(step, MessageGoneError(removed=False), now)
            else:
                self.schedule.succeeded(step, self.apply(step), now)
        return now

    def is_own(self, change: Change) -> bool:
        if isinstance(change, Post):
            return change.own or not self.webhook
        return change.ref.webhook_id is None

    def apply(self, change: Change) -> MessageRef | None:
        own = self.is_own(change)
        match change:
            case Post():
                ref = MessageRef(len(self.messages) + 1, None if own else 7)
                self.messages[ref.id] = self.shown(change, own=own)
                return ref
            case Edit():
                self.messages[change.ref.id] = self.shown(change, own=own)
            case Delete():
                self.messages[change.ref.id] = ("", "")
        return None

    def shown(self, change: Post | Edit, *, own: bool) -> tuple[str, str]:
        assert change.speaker is not None
        content = as_own(change.speaker, change.content) if own else change.content
        assert len(content) <= 2000
        return ("Parley" if own else change.speaker.name, content)

    def allow_own(self, *, may: bool) -> None:
        # Without a webhook and without this nothing could be posted at all.
        self.schedule.allow_own(self.own if may or not self.webhook else None)

    def check_limits(self) -> None:
        """Neither way ever got more requests than its windows allow."""
        for arrived, limits in (
            (self.arrived, (BURST, MINUTE)),
            (self.arrived_own, (Limit(5, 5.0),)),
        ):
            for limit in limits:
                for first, later in zip(arrived, arrived[limit.count :], strict=False):
                    assert later - first >= limit.seconds - 1e-9

    def read(self) -> list[tuple[str, str]]:
        """Speaker and word, for each word that stands, from top to bottom."""
        found = []
        for author, content in self.messages.values():
            speaker = author
            for row in content.split("\n"):
                if (head := re.match(r"\*\*(\w+)\*\* ", row)) is not None:
                    speaker = head[1]
                found += [(speaker, word) for word in re.findall(r"[wf]\d+[a-z]?|…", row)]
        return found


def words(key: int, count: int, *, final: bool) -> list[str]:
    return [f"{'f' if final else 'w'}{key}"] * count


def caption(key: int, count: int, *, final: bool) -> Caption:
    text = " ".join(words(key, count, final=final))
    speaker = Member(key % SPEAKERS + 1, f"s{key % SPEAKERS}")
    return Caption(key, speaker, "en", text, "", None, final, key / 100)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(states, max_size=60),
    st.lists(answers, max_size=40),
    st.integers(1, 3),
    st.booleans(),
)
def test_the_last_state_of_each_caption_stands_once_within_the_limits(
    shown: list[tuple[int, int, bool, float, bool]],
    answers: list[tuple[float, float, str]],
    sharers: int,
    webhook: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    budget = Budget()
    budget.sharers = sharers
    schedule = Schedule(budget)
    discord = Discord(schedule, answers, webhook=webhook)
    now, came = 0.0, 0.0
    last: dict[int, tuple[int, bool]] = {}
    for key, count, final, after, own in shown:
        came += after
        now = discord.run(now, came)
        discord.allow_own(may=own)
        schedule.show(caption(key, count, final=final), now)
        if final or key not in last or not last[key][1]:
            last[key] = (count, final)
    discord.run(now, now + 600)

    read = discord.read()
    for key, (count, final) in last.items():
        mine = [(speaker, word) for speaker, word in read if word[1:] == str(key)]
        assert mine == [(f"s{key % SPEAKERS}", word) for word in words(key, count, final=final)]
    unfinished = [key for key, (count, final) in last.items() if count and not final]
    assert sum(word == "…" for _, word in read) == len(unfinished)
    assert not schedule.owes()
    discord.check_limits()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 2), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 3),
)
def test_captions_that_become_final_in_order_of_speech_stand_in_that_order(
    shown: list[tuple[bool, float, bool]], sharers: int
) -> None:
    budget = Budget()
    budget.sharers = sharers
    schedule = Schedule(budget)
    discord = Discord(schedule, [])
    now, came = 0.0, 0.0
    for key, (interim, after, own) in enumerate(shown):
        came += after
        now = discord.run(now, came)
        discord.allow_own(may=own)
        if interim:
            schedule.show(caption(key, 1, final=False), now)
            now = discord.run(now, came + 0.2)
        schedule.show(caption(key, 1, final=True), now)
    discord.run(now, now + 600)
    assert [word for _, word in discord.read()] == [f"f{key}" for key in range(len(shown))]
    assert not schedule.owes()
    discord.check_limits()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.floats(0, 2), st.floats(0, 2), st.booleans()),
        min_size=1,
        max_size=40,
    ),
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["ok", "ok", "lost"])),
        max_size=120,
    ),
    st.integers(1, 3),
)
def test_each_final_stands_once_however_often_what_stands_gets_out_of_reach(
    shown: list[tuple[int, float, float, bool]],
    answers: list[tuple[float, float, str]],
    sharers: int,
) -> None:
    budget = Budget()
    budget.sharers = sharers
    schedule = Schedule(budget)
    discord = Discord(schedule, answers)
    now, came = 0.0, 0.0
    for key, (languages, after, grows, own) in enumerate(shown):
        came += after
        now = discord.run(now, came)
        discord.allow_own(may=own)
        parts = [
            replace(caption(key * 3 + n, 1, final=False), language=code, began_at=came)
            for n, code in enumerate(("en", "de", "fr")[: languages + 1])
        ]
        parts = [replace(part, speaker=Member(key % 4 + 1, f"s{key % 4}")) for part in parts]
        for part in parts:
            schedule.show(part, now)
            now = discord.run(now, now + grows)
            schedule.show(replace(part, text=f"f{part.key}", final=True), now)
    discord.run(now, now + 600)
    found = Counter(word for _, word in discord.read() if word.startswith("f"))
    wanted = [f"f{key * 3 + n}" for key, (more, *_) in enumerate(shown) for n in range(more + 1)]
    assert found == Counter(wanted)
    assert not schedule.owes()
    discord.check_limits()
