"""Chooses the next change to a channel, within Discord's limits.

The rules, strongest first:
1. No request above its route's budget or within a pause that Discord asked for (`routes`).
2. Finals and notices go in the order of speech; the messages of a long one stay together. A final
   waits a moment for the utterance's other languages, as one request then shows them all. An edit
   may overtake a post that has to wait, as it does not change the order of messages.
3. When more finals wait than there are requests for, several share a message (`detail`).
4. Interims are sent only while the token bucket keeps a request for every unfinished caption (its
   final edit) and some for finals and first words to come; first words go before edits, and each
   caption is edited at most once a second. First words don't wait for a final that is only
   incomplete, and once they are late they don't take a request that other people's first words
   need. Originals that come after the final count as interims.
Only the newest state of a caption counts, so what is skipped is always older than what is shown.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.chat.budget import Budget
from bot.chat.detail import Step
from bot.chat.http.limits import HttpAnswer
from bot.chat.message import Change, Entry, Key, Offer, Post
from bot.chat.rendering import merging
from bot.chat.rendering.render import LABELLED, Style, notice
from bot.chat.routes import CaptionRoute, Routes
from bot.chat.transport import MessageRef
from bot.domain.events import Caption, Member
from bot.errors import ChatError, MessageGoneError, RateLimitError

_OPEN_LIMIT = 500  # unfinished messages; beyond that, the least missed is dropped
_EDITABLE_S = (
    3600.0  # Discord edits no older message freely (error 30046); so long changes are taken
)
_SPACING_S = 1.0
_RESERVE = 3.0  # tokens that edits of interims leave to finals
_NEXT_RESERVE = 1.0  # further tokens left to the next first words where several people talk
_FIRST_RESERVE = 0.75  # tokens that first words leave to finals
_FRESH_S = 1.0  # how long first words go before others' further words
_TALK_S = 60.0  # who spoke within this time may be the next to speak
_GATHERED_S = 0.8  # how long a final waits for its other languages and its original
_ORIGINAL_S = 30.0  # an original this long after its final is not worth a request any more
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 10.0
_STUBBORN = 5  # failures in a row after which others go first

_FIGURES = (
    "captions",  # given to this schedule
    "skipped",  # states never posted because a newer one came first
    "requests",
    "retries",
    "rate_limited",
    "refused",  # changes that Discord does not accept
    "removed",  # messages that somebody deleted
    "dropped",  # messages lost because too many were open
    "late",  # captions too old to be posted
    "fused",  # utterances that share a message with others
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a change brought into the channel.

    Attributes:
        begun: The caption of which the first words are there now; None: they were before.
        whole: The captions that are whole and final now.
    """

    begun: Caption | None
    whole: Sequence[Caption]


class Schedule:
    """The captions and notices of one channel, and what to request next. Pure: `now` is passed in.

    One change is under way at a time: `next` returns it, then `succeeded` or `failed` is called.

    Args:
        budget: The webhook's budget; several schedules may share it.
        style: How captions are written.
    """

    def __init__(self, budget: Budget | None = None, style: Style = LABELLED) -> None:
        self.style = style
        self._routes = Routes(budget or Budget())
        self._by_caption: dict[int, tuple[int, Entry]] = {}  # utterance, and entry that shows it
        self._by_utterance: dict[int, Entry] = {}  # entry that further languages join
        self._open: dict[Key, Entry] = {}  # not final, or not yet as wanted
        self._done: OrderedDict[Key, Entry] = OrderedDict()  # as wanted, and may still change
        self._under_way: Entry | None = None
        self._route = self._routes.webhook  # of the change under way, like the next two
        self._counted = True
        self._limit_heard = False
        self._order = 0
        self._spoke: dict[int, float] = {}  # speaker -> clock second at which they last spoke
        self._retries = 0
        self._settled = False
        self._figures = dict.fromkeys(_FIGURES, 0)

    def allow_own(self, budget: Budget | None) -> None:
        """Use this budget for captions as the bot's own messages; None: it may not post any."""
        self._routes.allow_own(budget)

    # What should be seen

    def show(self, caption: Caption, now: float) -> None:
        """Show a caption or its newer state."""
        self._forget(now)
        self._spoke[caption.speaker.id] = now
        if (known := self._by_caption.get(caption.key)) is None:
            if caption.began_at < now - _EDITABLE_S:
                self._figures["late"] += 1
                return
            number, entry = self._place(caption, now)
            self._figures["captions"] += 1
        else:
            number, entry = known
            before = entry.said[number][caption.key]
            if entry.removed or (before.final and not caption.final):
                # A final state is the last one: a state that is not final is older.
                return
            self._figures["skipped"] += entry.change() is not None
        expected = entry.urgent_at is not None
        entry.take(number, caption, self.style, now)
        if entry.urgent_at is not None and not expected:
            self._routes.said(caption.speaker.id, now)
        self._file(entry)

    def _place(self, caption: Caption, now: float) -> tuple[int, Entry]:
        number = caption.utterance or -caption.key
        entry = self._by_utterance.get(number)
        scarce = (
            entry is not None and bool(entry.sent) and (self._routes.of(entry).step >= Step.MERGED)
        )
        apart = entry is None or entry.fused or scarce
        if entry is None or entry.removed or (apart and not entry.speaks(number, caption.language)):
            entry = self._new(caption.key, caption.began_at, caption.speaker)
            entry.opened_at = now
            self._by_utterance[number] = entry
        self._by_caption[caption.key] = (number, entry)
        return number, entry

    def knows(self, caption: Caption) -> bool:
        """Return whether a caption is shown here already."""
        return caption.key in self._by_caption

    def say(self, text: str, now: float) -> None:
        """Post a notice under the bot's own name, in order with the captions."""
        entry = self._new(f"notice {self._order}", now, None)
        entry.wanted = notice(text)
        entry.urgent_at = now
        self._file(entry)

    def settle(self) -> None:
        """Finish everything: shown captions become final as they are, unseen interims go."""
        for entry in list(self._open.values()):
            if entry is not self._under_way:
                entry.end(self.style)
                self._file(entry)
        self._settled = True

    # What to request

    def next(self, now: float) -> Change | float:
        """Return the change to make now, else when to ask again (infinity: after a `show`)."""
        offer = self.offer(now)
        return offer if isinstance(offer, float) else self.start(offer, now)

    def offer(self, now: float) -> Offer | float:
        """Return what could be done now, else when to ask again (infinity: after a `show`)."""
        waiting = [entry for entry in self._open.values() if entry.change() is not None]
        urgent = sorted((e for e in waiting if e.urgent_at is not None), key=_by_speech)
        self._routes.settle(urgent, self._open.values(), now)
        if not urgent:
            return self._interim(waiting, now)
        # Interims wait while a final waits, except first words: a final that waits only to be
        # complete has its request reserved, and keeps its place if it is posted already.
        final = self._final(urgent, now)
        if isinstance(final, Offer) or not all(entry.sent for entry in urgent):
            return final
        sharers = self._routes.current.budget.sharers  # each shows about the same amount
        first = self._first(waiting, now, finals=len(urgent) * sharers)
        return min(final, first) if isinstance(first, float) else first

    def _final(self, urgent: list[Entry], now: float) -> Offer | float:
        at = math.inf
        held = False  # the first post waits, so all others do
        for index, entry in enumerate(urgent):
            posts = isinstance(entry.change(), Post)
            if held and posts:
                continue
            route = self._routes.of(entry)
            due = max(route.ready_at(now), self._ripe_at(entry))
            if due <= now:
                return Offer(merging.together(urgent[index:], route.step), urgent=True)
            at = min(at, due)
            held |= posts
        return at

    def _ripe_at(self, entry: Entry) -> float:
        urgent_at = entry.urgent_at or 0.0
        gathered = entry.final and entry.languages >= frozenset(self.style.languages)
        if self.style.originals:
            captions = [*entry.captions()]
            known = any(caption.source_text for caption in captions)
            gathered = gathered and (known or not any(one.source_follows for one in captions))
        whole = gathered or entry.broken or not entry.said or entry.fused
        whole = whole or not self.style.languages
        return urgent_at if whole else urgent_at + _GATHERED_S

    def _interim(self, waiting: list[Entry], now: float) -> Offer | float:
        self._leave_originals(waiting, now)
        edits = [
            entry
            for entry in waiting
            if entry.sent
            and entry.change() is not None
            and (self._routes.of(entry).step is Step.LIVE or self._adds_original(entry))
        ]
        # A better step is tried once the token bucket is full.
        hiding = {route for entry in waiting if (route := self._routes.of(entry)).step > Step.LIVE}
        at = min((one.budget.level_at(now, math.inf) + 1.0 for one in hiding), default=math.inf)
        first = self._first(waiting, now)
        if isinstance(first, Offer):
            return first
        at = min(at, first)
        for entry in sorted(edits, key=lambda entry: entry.changed_at):
            route = self._routes.of(entry)
            owed = self._left_by_edits(route, now)
            due = max(entry.changed_at + _SPACING_S, self._interims_at(route, now, owed=owed))
            if due <= now:
                return Offer((entry,), urgent=False)
            at = min(at, due)
        return at

    def _first(self, waiting: list[Entry], now: float, finals: int = 0) -> Offer | float:
        """Return the first words of a new speaker, which count more than further words of others.

        Words that could not be shown soon are shown only when requests are plentiful: their final
        will come shortly, and showing both would cost the next speaker's first words a request.
        """
        route = self._routes.current
        at = math.inf
        unseen = [
            entry
            for entry in waiting
            if not entry.sent
            and (route.step is Step.LIVE or (entry.broken and route.step is Step.FINALS))
        ]
        for entry in sorted(unseen, key=_by_speech):
            if entry.broken:  # its final will take long
                owed = 0.0
            elif now <= entry.opened_at + _FRESH_S:
                owed = min(_FIRST_RESERVE, route.budget.size / 3)
            else:
                owed = min(_RESERVE, route.budget.size / 2)
            due = self._interims_at(route, now, owed=owed + finals)
            if due <= now:
                return Offer((entry,), urgent=False)
            at = min(at, due)
        return at

    def _left_by_edits(self, route: CaptionRoute, now: float) -> float:
        if sum(now - at < _TALK_S for at in self._spoke.values()) > 1:
            return min(_RESERVE + _NEXT_RESERVE, route.budget.size * 5 / 6)
        return min(_RESERVE, route.budget.size / 2)

    def _interims_at(self, route: CaptionRoute, now: float, *, owed: float) -> float:
        """Return when an interim leaves enough for promised finals and `owed` more requests."""
        promised = self._routes.promised(route, self._open.values(), now)
        return route.ready_at(
            now, burst=min(2, route.budget.burst.count), level=1 + promised + owed
        )

    def _leave_originals(self, waiting: list[Entry], now: float) -> None:
        for entry in waiting:
            if self._adds_original(entry) and now - entry.changed_at > _ORIGINAL_S:
                entry.give_up()
                self._file(entry)

    def _adds_original(self, entry: Entry) -> bool:
        return bool(entry.sent) and entry.final and self._routes.of(entry).step <= Step.FINALS

    def start(self, offer: Offer, now: float) -> Change:
        """Begin the offered change and return it; call this before the schedule changes again."""
        entry = offer.entries[0]
        route = self._routes.of(entry)
        scarce = route.step >= Step.MERGED and not entry.sent and not entry.final
        if len(offer.entries) > 1 or scarce:
            entry = self._fuse(list(offer.entries))
        change = entry.change()
        if change is None:
            raise AssertionError("an offer has something to change")
        if isinstance(change, Post):
            change = replace(change, own=self._routes.asks_own(entry))
        entry.asked()
        entry.changed_at = now
        route.budget.started(now)
        self._under_way, self._route = entry, route
        self._counted = self._limit_heard = False
        self._figures["requests"] += 1
        return change

    def _fuse(self, entries: list[Entry]) -> Entry:
        self._order += 1
        whole, moved = merging.fused(f"several {self._order}", entries, self.style)
        for caption in moved:
            number, _ = self._by_caption[caption.key]
            self._by_caption[caption.key] = (number, whole)
        for entry in entries:
            entry.write(self.style)
            for number, left in entry.said.items():
                if not left and self._by_utterance.get(number) is entry:
                    self._by_utterance[number] = whole  # further languages join it there
            if not any(entry.captions()):
                del self._open[entry.key]
            elif entry.final:
                self._file(entry)  # the rest of it is in an unreachable message
        self._open[whole.key] = whole
        self._figures["fused"] += len(whole.said)
        return whole

    # Results

    def succeeded(self, change: Change, ref: MessageRef | None, now: float) -> Delivered:
        """Record that the change was made; `ref` is the new message of a Post."""
        self._retries = 0
        entry = self._answered(change, now)
        if isinstance(change, Post) and ref is not None and change.speaker and not change.own:
            self._routes.no_webhook = ref.webhook_id is None
        begins = isinstance(change, Post) and not entry.sent and not entry.stood
        whole = entry.done(change, ref)
        said = None if entry.fused else next(entry.captions(), None)
        self._file(entry)
        return Delivered(said if begins else None, whole)

    def failed(self, change: Change, error: ChatError, now: float) -> None:
        """Record that the change failed; it is retried where that can help."""
        entry = self._answered(change, now)
        if isinstance(error, RateLimitError):
            if not self._limit_heard:
                self._figures["rate_limited"] += 1
                self._route.budget.refused(now, error.retry_after)
            self._route.budget.pause(now + error.retry_after)
        elif isinstance(error, MessageGoneError):
            entry.removed = error.removed
            self._figures["removed"] += error.removed
            if error.removed:
                # Somebody deleted it on purpose: it is not posted again.
                entry.sent.clear()
                entry.give_up()
            else:
                entry.lost(self.style)
        elif error.retryable:
            self._figures["retries"] += 1
            wait = min(_FIRST_RETRY_S * 2**self._retries, _LONGEST_RETRY_S)
            self._route.budget.pause(now + wait)
            self._retries += 1
            entry.failures += 1
            entry.doubtful = isinstance(change, Post)
        else:
            self._figures["refused"] += 1
            entry.give_up()
        self._file(entry)

    def broken_off(self, now: float) -> None:
        """Record that the change under way was cancelled and no further one will be asked for."""
        self._count(now)

    def heard(self, answer: HttpAnswer, now: float) -> None:
        """Note Discord's answer to the request under way, before its caller gets it."""
        route = self._routes.own if answer.own else self._routes.webhook
        if route is not self._route:
            route.budget.spent(now)
        if answer.limited:
            self._limit_heard = True
            self._figures["rate_limited"] += 1
            route.budget.refused(now, answer.wait_s)
        elif route is self._route:
            self._count(now)
        if answer.wait_s:
            route.budget.pause(now + answer.wait_s)

    def _count(self, now: float) -> None:
        if not self._counted:
            self._counted = True
            self._route.budget.answered(now)

    def _answered(self, change: Change, now: float) -> Entry:
        self._count(now)
        entry, self._under_way = self._under_way, None
        if entry is None or entry.key != change.key:
            raise AssertionError("one change is under way, and it is this one")
        return entry

    # Bookkeeping

    def owes(self) -> bool:
        """Return whether a final or notice is not yet as wanted."""
        return any(
            entry.urgent_at is not None or (entry is self._under_way and self._settled)
            for entry in self._open.values()
        )

    def figures(self) -> Mapping[str, float]:
        """Return counters by name, and `open`, `step` and `own`.

        `open` is the number of open messages, `step` the level of detail (0 live to 3 digests),
        `own` is 1 while captions are posted as the bot's own messages.
        """
        route = self._routes.current
        own = int(route is self._routes.own)
        return {**self._figures, "open": len(self._open), "step": route.step, "own": own}

    def _new(self, key: Key, began_at: float, speaker: Member | None) -> Entry:
        if len(self._open) >= _OPEN_LIMIT:
            # An unseen interim is missed least, then a seen one, then an old final.
            spare = [entry for entry in self._open.values() if entry is not self._under_way]
            victim = min(spare, key=lambda e: (e.urgent_at is not None, bool(e.sent), e.began_at))
            del self._open[victim.key]
            self._drop(victim)
            self._figures["dropped"] += 1
        self._order += 1
        return Entry(key, self._order, began_at, speaker)

    def _file(self, entry: Entry) -> None:
        """Put an entry where it belongs: into `_done` when it is final and as wanted."""
        if self._settled and entry is not self._under_way:
            entry.end(self.style)
        over = entry.change() is None
        if over:
            entry.urgent_at = None
        if over and (entry.final or entry.removed):
            self._open.pop(entry.key, None)
            self._done[entry.key] = entry
        else:
            self._done.pop(entry.key, None)
            self._open[entry.key] = entry

    def _forget(self, now: float) -> None:
        if len(self._spoke) > 1:
            self._spoke = {who: at for who, at in self._spoke.items() if now - at < _TALK_S}
        while self._done:
            key, entry = next(iter(self._done.items()))
            if entry.began_at > now - _EDITABLE_S or entry is self._under_way:
                return
            del self._done[key]
            self._drop(entry)

    def _drop(self, entry: Entry) -> None:
        for number, known in entry.said.items():
            if self._by_utterance.get(number) is entry:
                del self._by_utterance[number]
            for key in known:
                self._by_caption.pop(key, None)


def _by_speech(entry: Entry) -> tuple[bool, bool, float, int]:
    return (entry.failures >= _STUBBORN, not entry.begun, entry.began_at, entry.order)
