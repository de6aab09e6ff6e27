"""Which change of a channel comes next, within what Discord allows.

The rules, strongest first:
1. No request above the budget or within a pause that Discord asked for.
2. Finals and notices in the order of speech; a long one's messages stay together.
3. Interims only while the budget keeps a request for every caption that stands unfinished (its
   final edit) and some for finals to come; first appearances before edits.
4. An interim edit at most once a second per caption, more rarely the fuller the minute is.
Only a caption's newest state counts, so what is skipped is always older than what is shown.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace

from bot.chat.budget import Budget
from bot.chat.entry import Change, Entry, Key
from bot.chat.limits import Answer
from bot.chat.render import notice
from bot.chat.transport import MessageRef
from bot.errors import ChatError, MessageGoneError, RateLimitError
from bot.room.events import Caption, Member

_OPEN_LIMIT = 500  # captions not yet as they should be; beyond, the least missed is dropped
_EDITABLE_S = (
    3600.0  # Discord edits no older message freely (error 30046); so long changes are taken
)
_SPACING_S = 1.0
_LONGEST_SPACING_S = 15.0
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 10.0
_STUBBORN = 5  # failures in a row, after which others go first

_FIGURES = (
    "captions",  # shown to us
    "skipped",  # states never posted, as a newer one came first
    "requests",
    "retries",
    "rate_limited",
    "refused",  # changes that Discord does not take
    "removed",  # captions that somebody deleted
    "dropped",  # captions lost to the bound
    "late",  # captions of long ago
)


class Schedule:
    """The captions and notices of one channel, and what to request next. Pure: `now` is passed in.

    One change is under way at a time: `next` gives it, then `succeeded` or `failed` is called.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self._open: dict[Key, Entry] = {}  # not final, or not yet as they should be
        self._done: OrderedDict[Key, Entry] = OrderedDict()  # may still be changed
        self._under_way: Key | None = None
        self._limit_heard = False  # of the change under way
        self._order = 0
        self._retries = 0
        self._figures = dict.fromkeys(_FIGURES, 0)

    # What should be seen

    def show(self, caption: Caption, now: float) -> None:
        """A caption or its newer state."""
        self._forget(now)
        entry = self._find(caption.key)
        if entry is None:
            if caption.began_at < now - _EDITABLE_S:
                self._figures["late"] += 1
                return
            entry = self._new(caption.key, caption.began_at, caption.speaker)
            self._figures["captions"] += 1
        elif entry.removed or (entry.final and not caption.final):
            # A final state is the last: one that comes after it without being final is older.
            return
        elif entry.change() is not None:
            self._figures["skipped"] += 1
        entry.take(caption)
        self._file(entry)

    def say(self, text: str, now: float) -> None:
        """A notice under the bot's own name, in order with the captions."""
        entry = self._new(f"notice {self._order}", now, None)
        entry.final = True
        entry.wanted = notice(text)
        self._file(entry)

    def settle(self) -> None:
        """No more comes: what stands becomes final as it is, unseen interims are dropped."""
        for entry in list(self._open.values()):
            if entry.final or entry.caption is None:
                continue
            if entry.sent or entry.key == self._under_way:
                entry.take(replace(entry.caption, final=True))
            else:
                entry.final = True
                entry.wanted = []
            self._file(entry)

    # What to request

    def next(self, now: float) -> Change | float:
        """The change to make now, else the second to ask again (infinity: after a `show`)."""
        waiting = [(entry, change) for entry in self._open.values() if (change := entry.change())]
        finals = [(entry, change) for entry, change in waiting if entry.final]
        unseen = [(entry, change) for entry, change in waiting if not entry.sent]
        edits = [(entry, change) for entry, change in waiting if entry.sent]
        # Finals first; interims take only what finals leave, and wait while one waits.
        if finals:
            at = self.budget.ready_at(now)
            chosen = min(finals, key=lambda pair: _by_speech(pair[0]))
        elif unseen and (at := self._interims_at(now, owed=1)) <= now:
            chosen = min(unseen, key=lambda pair: _by_speech(pair[0]))
        elif edits:
            chosen = min(edits, key=lambda pair: pair[0].changed_at)
            due = chosen[0].changed_at + self._spacing(now)
            due = max(due, self._interims_at(now, owed=2))
            at = min(at, due) if unseen else due
        else:
            return at if unseen else math.inf
        if at > now:
            return at
        return self._start(*chosen, now)

    def _start(self, entry: Entry, change: Change, now: float) -> Change:
        entry.changed_at = now
        self.budget.started()
        self._under_way = entry.key
        self._limit_heard = False
        self._figures["requests"] += 1
        return change

    def _interims_at(self, now: float, *, owed: int) -> float:
        """When an interim leaves enough for finals: those promised by what stands, and `owed`."""
        budget = self.budget
        promised = sum(
            bool(entry.sent) and not entry.final and entry.changed_at > now - budget.minute.seconds
            for entry in self._open.values()
        )
        return budget.ready_at(
            now,
            burst=min(2, budget.burst.count),
            minute=min(1 + promised + owed + budget.minute.count // 10, budget.minute.count),
        )

    def _spacing(self, now: float) -> float:
        """Seconds between edits of one caption: doubles with each tenth of the minute used up."""
        minute = self.budget.minute
        used = 1 - self.budget.room(minute, now) / minute.count
        return min(_SPACING_S * 2 ** max(0.0, 10 * used - 3), _LONGEST_SPACING_S)

    # What came of it

    def succeeded(self, change: Change, ref: MessageRef | None, now: float) -> None:
        """The change was made; `ref` is the new message of a Post."""
        self._retries = 0
        entry = self._answered(change, now)
        entry.done(change, ref)
        self._file(entry)

    def failed(self, change: Change, error: ChatError, now: float) -> None:
        """The change was not made; it is tried again where that can help."""
        entry = self._answered(change, now)
        if isinstance(error, RateLimitError):
            self._figures["rate_limited"] += not self._limit_heard
            self.budget.pause(now + error.retry_after)
        elif isinstance(error, MessageGoneError):
            entry.removed = error.removed
            entry.sent.clear()
            self._figures["removed"] += error.removed
            if error.removed:
                # Somebody did not want it there: it is not posted anew.
                self._give_up(entry)
        elif error.retryable:
            self._figures["retries"] += 1
            wait = min(_FIRST_RETRY_S * 2**self._retries, _LONGEST_RETRY_S)
            self.budget.pause(now + wait)
            self._retries += 1
            entry.failures += 1
        else:
            self._figures["refused"] += 1
            self._give_up(entry)
        self._file(entry)

    def heard(self, answer: Answer, now: float) -> None:
        """Discord's answer to the request under way, before whoever made it gives it back."""
        if answer.limited:
            self._limit_heard = True
            self._figures["rate_limited"] += 1
        else:
            self.budget.answered(now)
        if answer.wait_s:
            self.budget.pause(now + answer.wait_s)

    def _answered(self, change: Change, now: float) -> Entry:
        self.budget.answered(now)
        self._under_way = None
        entry = self._find(change.key)
        if entry is None:
            raise AssertionError("an entry is kept while a change of it is under way")
        return entry

    def _give_up(self, entry: Entry) -> None:
        entry.final = True
        entry.wanted = [sent.content for sent in entry.sent]

    # Books

    def owes(self) -> bool:
        """A final or notice is not yet as it should be."""
        return any(entry.final for entry in self._open.values())

    def figures(self) -> Mapping[str, float]:
        """Counters by name, and how many captions are open."""
        return {**self._figures, "open": len(self._open)}

    def _find(self, key: Key) -> Entry | None:
        return self._open.get(key) or self._done.get(key)

    def _new(self, key: Key, began_at: float, speaker: Member | None) -> Entry:
        if len(self._open) >= _OPEN_LIMIT:
            # An interim that was not seen is missed least, then one that was, then an old final.
            spare = [entry for entry in self._open.values() if entry.key != self._under_way]
            victim = min(spare, key=lambda e: (e.final, bool(e.sent), e.began_at))
            del self._open[victim.key]
            self._figures["dropped"] += 1
        self._order += 1
        return Entry(key, self._order, began_at, speaker, [], final=False)

    def _file(self, entry: Entry) -> None:
        """Put an entry where it belongs: done when final and as it should be."""
        if entry.final and entry.change() is None:
            self._open.pop(entry.key, None)
            self._done[entry.key] = entry
        else:
            self._done.pop(entry.key, None)
            self._open[entry.key] = entry

    def _forget(self, now: float) -> None:
        while self._done:
            key, entry = next(iter(self._done.items()))
            if entry.began_at > now - _EDITABLE_S or key == self._under_way:
                return
            del self._done[key]


def _by_speech(entry: Entry) -> tuple[bool, bool, float, int]:
    return (entry.failures >= _STUBBORN, not entry.begun, entry.began_at, entry.order)
