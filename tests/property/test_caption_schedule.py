"""Any captions, in any order, on a channel with trouble: what the channel's readers see."""

import re
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.budget import BURST, MINUTE
from bot.chat.entry import Change, Delete, Edit, Post
from bot.chat.schedule import Schedule
from bot.chat.transport import MessageRef
from bot.errors import ChatError, RateLimitError
from bot.room.events import Caption, Member

SPEAKERS = 4
lengths = st.sampled_from([0, 1, 2, 500])  # words
states = st.tuples(
    st.integers(0, 11),  # caption
    lengths,
    st.booleans(),  # final
    st.floats(0, 1.5),  # seconds until it comes
)
# How long a request takes, and when in that time Discord counts it.
answers = st.tuples(st.floats(0, 3), st.floats(0, 1), st.sampled_from(["ok"] * 6 + ["429", "down"]))


class Discord:
    """Counts requests when they arrive, refuses what is too much, keeps what stands."""

    def __init__(self, schedule: Schedule, answers: list[tuple[float, float, str]]) -> None:
        self.schedule = schedule
        self.answers = deque(answers)
        self.arrived: list[float] = []
        self.messages: dict[int, tuple[str, str]] = {}

    def run(self, now: float, until: float) -> float:
        """Make changes from `now` until nothing may be done before `until`."""
        while now < until:
            step = self.schedule.next(now)
            if isinstance(step, float):
                now = min(step, until)
                continue
            seconds, share, outcome = self.answers.popleft() if self.answers else (0.1, 0.5, "ok")
            self.arrived.append(now + seconds * share)
            now += seconds
            if outcome == "429":
                self.schedule.failed(step, RateLimitError(1.0), now)
            elif outcome == "down":
                self.schedule.failed(step, ChatError("down", retryable=True), now)
            else:
                self.schedule.succeeded(step, self.apply(step), now)
        return now

    def apply(self, change: Change) -> MessageRef | None:
        match change:
            case Post():
                assert change.speaker is not None
                ref = MessageRef(len(self.arrived))
                self.messages[ref.id] = (change.speaker.name, change.content)
                return ref
            case Edit():
                assert change.speaker is not None
                self.messages[change.ref.id] = (change.speaker.name, change.content)
            case Delete():
                del self.messages[change.ref.id]
        return None

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
@given(st.lists(states, max_size=60), st.lists(answers, max_size=40))
def test_the_last_state_of_each_caption_stands_once_within_the_limits(
    shown: list[tuple[int, int, bool, float]], answers: list[tuple[float, float, str]]
) -> None:
    schedule = Schedule()
    discord = Discord(schedule, answers)
    now, came = 0.0, 0.0
    last: dict[int, tuple[int, bool]] = {}
    for key, count, final, after in shown:
        came += after
        now = discord.run(now, came)
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
    for limit in (BURST, MINUTE):
        for at, first in enumerate(discord.arrived):
            later = discord.arrived[at + limit.count : at + limit.count + 1]
            assert not later or later[0] - first >= limit.seconds - 1e-9


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 2)), min_size=1, max_size=40))
def test_captions_that_become_final_in_order_of_speech_stand_in_that_order(
    shown: list[tuple[bool, float]],
) -> None:
    schedule = Schedule()
    discord = Discord(schedule, [])
    now, came = 0.0, 0.0
    for key, (interim, after) in enumerate(shown):
        came += after
        now = discord.run(now, came)
        if interim:
            schedule.show(caption(key, 1, final=False), now)
            now = discord.run(now, came + 0.2)
        schedule.show(caption(key, 1, final=True), now)
    discord.run(now, now + 600)
    assert [word for _, word in discord.read()] == [f"f{key}" for key in range(len(shown))]
    assert not schedule.owes()
