"""Which change of a channel comes next, within what Discord allows.

The rules, strongest first:
1. No request above its way's budget or within a pause that Discord asked for (`routes`).
2. Finals and notices in the order of speech; a long one's messages stay together. A final waits a
   moment for the utterance's other languages, as one request shows them all. What stands keeps its
   place, so an edit overtakes a post that has to wait.
3. When more finals wait than there are requests for, several go into one message (`detail`).
4. Interims only while the tank keeps a request for every caption that stands unfinished (its
   final edit) and some for finals and first words to come; first words before edits, an edit at
   most once a second per caption. First words don't wait for a final that is only incomplete, and
   once they are late they don't take the request of somebody else's. Originals that come after the
   final count as interims.
Only a caption's newest state counts, so what is skipped is always older than what is shown.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace

from bot.chat.budget import Budget
from bot.chat.detail import Step
from bot.chat.limits import HttpAnswer
from bot.chat.message import Change, Entry, Key, Offer, Post
from bot.chat.rendering import merging
from bot.chat.rendering.render import LABELLED, Style, notice
from bot.chat.routes import CaptionRoute, Routes
from bot.chat.transport import MessageRef
from bot.domain.events import Caption, Member
from bot.errors import ChatError, MessageGoneError, RateLimitError

_OPEN_LIMIT = 500  # messages not yet as they should be; beyond, the least missed is dropped
_EDITABLE_S = (
    3600.0  # Discord edits no older message freely (error 30046); so long changes are taken
)
_SPACING_S = 1.0
_RESERVE = 3.0  # requests of the tank that edits of interims leave to finals
_NEXT_RESERVE = 1.0  # and where several people talk, to the first words of the next
_FIRST_RESERVE = 0.75  # that somebody's first words leave to finals
_FRESH_S = 1.0  # first words go before further ones of others for so long
_TALK_S = 60.0  # who spoke within this time may be the next
_GATHERED_S = 0.8  # a final waits for its other languages and its original
_ORIGINAL_S = 30.0  # after its final an original is not worth a request any more
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
    "removed",  # messages that somebody deleted
    "dropped",  # messages lost to the bound
    "late",  # captions of long ago
    "fused",  # utterances that share a message with others
)


class Schedule:
    """The captions and notices of one channel, and what to request next. Pure: `now` is passed in.

    One change is under way at a time: `next` gives it, then `succeeded` or `failed` is called.

    Args:
        budget: Of the channel's webhook; several schedules may draw on it.
        style: How captions are written.
    """

    def __init__(self, budget: Budget | None = None, style: Style = LABELLED) -> None:
        self.style = style
        self._ways = Routes(budget or Budget())
        self._by_caption: dict[int, tuple[int, Entry]] = {}  # utterance, where it is shown
        self._by_utterance: dict[int, Entry] = {}  # where a further language joins in
        self._open: dict[Key, Entry] = {}  # not final, or not yet as they should be
        self._done: OrderedDict[Key, Entry] = OrderedDict()  # may still be changed
        self._under_way: Entry | None = None
        self._way = self._ways.webhook  # of the change under way, as are these
        self._counted = True
        self._limit_heard = False
        self._order = 0
        self._spoke: dict[int, float] = {}  # by speaker, when last
        self._retries = 0
        self._settled = False
        self._figures = dict.fromkeys(_FIGURES, 0)

    def allow_own(self, budget: Budget | None) -> None:
        """Let captions be the bot's own messages, drawing on this budget; None: they may not be."""
        self._ways.allow_own(budget)

    # Captions and notices

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
                # A final state is the last: one that comes after it without being final is older.
                return
            self._figures["skipped"] += entry.change() is not None
        expected = entry.urgent_at is not None
        entry.take(number, caption, self.style, now)
        if entry.urgent_at is not None and not expected:
            self._ways.said(caption.speaker.id, now)
        self._file(entry)

    def _place(self, caption: Caption, now: float) -> tuple[int, Entry]:
        number = caption.utterance or -caption.key
        entry = self._by_utterance.get(number)
        scarce = (
            entry is not None and bool(entry.sent) and (self._ways.of(entry).step >= Step.MERGED)
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
        """Make what stands final as it is and drop unseen interims, as no more comes."""
        for entry in list(self._open.values()):
            if entry is not self._under_way:
                entry.end(self.style)
                self._file(entry)
        self._settled = True

    # The next request

    def next(self, now: float) -> Change | float:
        """Return the change to make, else the second to ask again (infinity: after a `show`)."""
        offer = self.offer(now)
        return offer if isinstance(offer, float) else self.start(offer, now)

    def offer(self, now: float) -> Offer | float:
        """Return what to do now, else the second to ask again (infinity: after a `show`)."""
        waiting = [entry for entry in self._open.values() if entry.change() is not None]
        urgent = sorted((e for e in waiting if e.urgent_at is not None), key=_by_speech)
        self._ways.settle(urgent, self._open.values(), now)
        if not urgent:
            return self._interim(waiting, now)
        # Interims wait while a final does, but for somebody's first words: a final that only waits
        # to be complete has its request kept, and its place where it stands already.
        final = self._final(urgent, now)
        if isinstance(final, Offer) or not all(entry.sent for entry in urgent):
            return final
        sharers = self._ways.current.budget.sharers  # show about the same
        first = self._first(waiting, now, finals=len(urgent) * sharers)
        return min(final, first) if isinstance(first, float) else first

    def _final(self, urgent: list[Entry], now: float) -> Offer | float:
        at = math.inf
        held = False  # the first post waits, and with it all others
        for index, entry in enumerate(urgent):
            posts = isinstance(entry.change(), Post)
            if held and posts:
                continue
            way = self._ways.of(entry)
            due = max(way.ready_at(now), self._ripe_at(entry))
            if due <= now:
                return Offer(merging.together(urgent[index:], way.step), urgent=True)
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
            and (self._ways.of(entry).step is Step.LIVE or self._adds_original(entry))
        ]
        # A better step is tried when the tank has filled.
        hiding = {way for entry in waiting if (way := self._ways.of(entry)).step > Step.LIVE}
        at = min((one.budget.level_at(now, math.inf) + 1.0 for one in hiding), default=math.inf)
        first = self._first(waiting, now)
        if isinstance(first, Offer):
            return first
        at = min(at, first)
        for entry in sorted(edits, key=lambda entry: entry.changed_at):
            way = self._ways.of(entry)
            owed = self._left_by_edits(way, now)
            due = max(entry.changed_at + _SPACING_S, self._interims_at(way, now, owed=owed))
            if due <= now:
                return Offer((entry,), urgent=False)
            at = min(at, due)
        return at

    def _first(self, waiting: list[Entry], now: float, finals: int = 0) -> Offer | float:
        """Offer somebody's first words, which count more than further ones of others.

        Those that could not be shown soon are so only when there is plenty: their final is not far
        then, and two requests for it would be taken from the first words of the next.
        """
        way = self._ways.current
        at = math.inf
        unseen = [
            entry
            for entry in waiting
            if not entry.sent
            and (way.step is Step.LIVE or (entry.broken and way.step is Step.FINALS))
        ]
        for entry in sorted(unseen, key=_by_speech):
            if entry.broken:  # its final is far
                owed = 0.0
            elif now <= entry.opened_at + _FRESH_S:
                owed = min(_FIRST_RESERVE, way.budget.size / 3)
            else:
                owed = min(_RESERVE, way.budget.size / 2)
            due = self._interims_at(way, now, owed=owed + finals)
            if due <= now:
                return Offer((entry,), urgent=False)
            at = min(at, due)
        return at

    def _left_by_edits(self, way: CaptionRoute, now: float) -> float:
        if sum(now - at < _TALK_S for at in self._spoke.values()) > 1:
            return min(_RESERVE + _NEXT_RESERVE, way.budget.size * 5 / 6)
        return min(_RESERVE, way.budget.size / 2)

    def _interims_at(self, way: CaptionRoute, now: float, *, owed: float) -> float:
        """Return when an interim leaves enough for finals: the promised ones, and `owed`."""
        promised = self._ways.promised(way, self._open.values(), now)
        return way.ready_at(now, burst=min(2, way.budget.burst.count), level=1 + promised + owed)

    def _leave_originals(self, waiting: list[Entry], now: float) -> None:
        for entry in waiting:
            if self._adds_original(entry) and now - entry.changed_at > _ORIGINAL_S:
                entry.give_up()
                self._file(entry)

    def _adds_original(self, entry: Entry) -> bool:
        return bool(entry.sent) and entry.final and self._ways.of(entry).step <= Step.FINALS

    def start(self, offer: Offer, now: float) -> Change:
        """Return the change that was offered; nothing may have happened to the schedule since."""
        entry = offer.entries[0]
        way = self._ways.of(entry)
        scarce = way.step >= Step.MERGED and not entry.sent and not entry.final
        if len(offer.entries) > 1 or scarce:
            entry = self._fuse(list(offer.entries))
        change = entry.change()
        if change is None:
            raise AssertionError("an offer has something to change")
        if isinstance(change, Post):
            change = replace(change, own=self._ways.asks_own(entry))
        entry.asked()
        entry.changed_at = now
        way.budget.started(now)
        self._under_way, self._way = entry, way
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
                    self._by_utterance[number] = whole  # and goes with it
            if not any(entry.captions()):
                del self._open[entry.key]
            elif entry.final:
                self._file(entry)  # the rest of it stands out of reach
        self._open[whole.key] = whole
        self._figures["fused"] += len(whole.said)
        return whole

    # Results

    def succeeded(self, change: Change, ref: MessageRef | None, now: float) -> None:
        """Note that the change was made; `ref` is the new message of a Post."""
        self._retries = 0
        entry = self._answered(change, now)
        if isinstance(change, Post) and ref is not None and change.speaker and not change.own:
            self._ways.no_webhook = ref.webhook_id is None
        entry.done(change, ref)
        self._file(entry)

    def failed(self, change: Change, error: ChatError, now: float) -> None:
        """Note that the change was not made; it is tried again where that can help."""
        entry = self._answered(change, now)
        if isinstance(error, RateLimitError):
            if not self._limit_heard:
                self._figures["rate_limited"] += 1
                self._way.budget.refused(now, error.retry_after)
            self._way.budget.pause(now + error.retry_after)
        elif isinstance(error, MessageGoneError):
            entry.removed = error.removed
            self._figures["removed"] += error.removed
            if error.removed:
                # Somebody deleted the message on purpose, so it is not posted anew.
                entry.sent.clear()
                entry.give_up()
            else:
                entry.lost(self.style)
        elif error.retryable:
            self._figures["retries"] += 1
            wait = min(_FIRST_RETRY_S * 2**self._retries, _LONGEST_RETRY_S)
            self._way.budget.pause(now + wait)
            self._retries += 1
            entry.failures += 1
            entry.doubtful = isinstance(change, Post)
        else:
            self._figures["refused"] += 1
            entry.give_up()
        self._file(entry)

    def broken_off(self, now: float) -> None:
        """Note that nobody waits for the change under way, nor asks for further ones."""
        self._count(now)

    def heard(self, answer: HttpAnswer, now: float) -> None:
        """Take Discord's answer to the request under way, before whoever made it returns."""
        way = self._ways.own if answer.own else self._ways.webhook
        if way is not self._way:
            way.budget.spent(now)
        if answer.limited:
            self._limit_heard = True
            self._figures["rate_limited"] += 1
            way.budget.refused(now, answer.wait_s)
        elif way is self._way:
            self._count(now)
        if answer.wait_s:
            way.budget.pause(now + answer.wait_s)

    def _count(self, now: float) -> None:
        if not self._counted:
            self._counted = True
            self._way.budget.answered(now)

    def _answered(self, change: Change, now: float) -> Entry:
        self._count(now)
        entry, self._under_way = self._under_way, None
        if entry is None or entry.key != change.key:
            raise AssertionError("one change is under way, and it is this one")
        return entry

    # Entries

    def owes(self) -> bool:
        """Return whether a final or notice is not yet as it should be."""
        return any(
            entry.urgent_at is not None or (entry is self._under_way and self._settled)
            for entry in self._open.values()
        )

    def figures(self) -> Mapping[str, float]:
        """Return counters, how many messages are open, the step (0 live to 3 digests), and `own`.

        That is 1 while captions go out as the bot's own messages.
        """
        way = self._ways.current
        own = int(way is self._ways.own)
        return {**self._figures, "open": len(self._open), "step": way.step, "own": own}

    def _new(self, key: Key, began_at: float, speaker: Member | None) -> Entry:
        if len(self._open) >= _OPEN_LIMIT:
            # An interim that was not seen is missed least, then one that was, then an old final.
            spare = [entry for entry in self._open.values() if entry is not self._under_way]
            victim = min(spare, key=lambda e: (e.urgent_at is not None, bool(e.sent), e.began_at))
            del self._open[victim.key]
            self._drop(victim)
            self._figures["dropped"] += 1
        self._order += 1
        return Entry(key, self._order, began_at, speaker)

    def _file(self, entry: Entry) -> None:
        """Put an entry where it belongs: done when final and as it should be."""
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
