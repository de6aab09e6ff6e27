"""By which way a place's messages go out: the webhook, or the bot's own account.

The webhook shows a speaker's name and picture, but all threads of a channel share its limit. The
bot's own messages carry the names in their text and have a limit of their own in each channel and
thread. So captions come by the webhook until that can't keep up even with digests; then new ones
come as the bot's own, until it could again. Whatever stands is changed by the way it came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.chat.budget import Budget, own_budget
from bot.chat.detail import DetailLevel, Step
from bot.chat.message import Entry
from bot.chat.rendering import merging

_BUSY_S = 0.2  # about what a request takes; the places of one board hear of the answer themselves


@dataclass(slots=True, eq=False)
class CaptionRoute:
    """What one way may spend, and what it shows for that."""

    budget: Budget
    steps: DetailLevel = field(default_factory=DetailLevel)

    @property
    def step(self) -> Step:
        """How much it shows."""
        return self.steps.step

    def ready_at(self, now: float, *, burst: int = 1, level: float = 1.0) -> float:
        """Return when there is room for so many requests: `now`, or the second to ask again.

        While another place's request is on its way it is asked again soon.
        """
        if self.budget.busy:
            return now + _BUSY_S
        return max(self.budget.ready_at(now, burst=burst), self.budget.level_at(now, level))


class Routes:
    """The two ways of one place. Pure.

    Args:
        budget: The webhook's budget.

    Attributes:
        webhook: The route of messages under the speakers' names.
        own: The route of the bot's own messages; without `allow_own` for notices alone.
        no_webhook: There was none for the last message that should have gone by one.
    """

    def __init__(self, budget: Budget) -> None:
        self.webhook = CaptionRoute(budget)
        self.own = CaptionRoute(own_budget())
        self.no_webhook = False
        self._own_allowed = False

    def allow_own(self, budget: Budget | None) -> None:
        """Let the bot's own messages draw on this budget; None: it may not post any."""
        self._own_allowed = budget is not None
        if budget is not None:
            self.own.budget = budget

    @property
    def current(self) -> CaptionRoute:
        """By which new captions go."""
        overflows = self._own_allowed and self.webhook.step is Step.DIGEST
        return self.own if overflows or self.no_webhook else self.webhook

    def of(self, entry: Entry) -> CaptionRoute:
        """Return the route by which an entry's next change goes."""
        if entry.speaker is None:
            return self.own
        if entry.sent:
            return self.own if entry.sent[-1].ref.webhook_id is None else self.webhook
        return self.current

    def asks_own(self, entry: Entry) -> bool:
        """Return whether an entry with a speaker is to be posted as the bot's own message."""
        own = self.of(entry) is self.own and entry.speaker is not None
        return own and (bool(entry.sent) or not self.no_webhook)

    def said(self, speaker_id: int, now: float) -> None:
        """Note that something of an utterance became final that nobody expected yet."""
        for way in (self.webhook, self.own):
            way.steps.said(speaker_id, now)

    def promised(self, way: CaptionRoute, opened: Iterable[Entry], now: float) -> int:
        """Return how many requests of a route the finals of unfinished messages will need."""
        here = sum(
            bool(entry.sent)
            and not entry.final
            and entry.changed_at > now - way.budget.minute.seconds
            and self.of(entry) is way
            for entry in opened
        )
        return here * way.budget.sharers  # places that share a tank show about the same

    def settle(self, urgent: Sequence[Entry], opened: Iterable[Entry], now: float) -> None:
        """Take the step that suits what waits.

        Args:
            urgent: What has finals that are missing, in order of speech.
            opened: All that may change.
            now: Clock seconds.
        """
        before = self.current
        for way, spared in ((self.webhook, self._own_allowed), (self.own, False)):
            mine = [entry for entry in urgent if self.of(entry) is way]
            way.steps.settle(
                way.budget,
                now,
                len(mine),
                len(merging.runs(mine)),
                promised=self.promised(way, opened, now),
                spared=spared,
            )
            if before is self.webhook and self.current is self.own is not way:
                self.own.steps.begin(now)
