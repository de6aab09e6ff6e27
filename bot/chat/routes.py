"""Which route messages take: the webhook, or the bot's own account.

The webhook shows a speaker's name and picture, but all threads of a channel share its limit. The
bot's own messages carry names in their text and have a separate limit in each channel and thread.
So captions go by the webhook until it can't keep up even with digests; then new ones are the bot's
own messages, until the webhook could keep up again. A message is changed by the route it was posted
by.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.chat.budget import Budget, own_budget
from bot.chat.detail import DetailLevel, Step
from bot.chat.message import Entry
from bot.chat.rendering import merging

_BUSY_S = 0.2  # about the time of a request; places of the same board learn of the answer directly


@dataclass(slots=True, eq=False)
class CaptionRoute:
    """One route's budget, and the level of detail it can afford."""

    budget: Budget
    steps: DetailLevel = field(default_factory=DetailLevel)

    @property
    def step(self) -> Step:
        """The route's level of detail."""
        return self.steps.step

    def ready_at(self, now: float, *, burst: int = 1, level: float = 1.0) -> float:
        """Return when there is room for that many requests: `now`, or the second to ask again.

        While another place's request is under way, that is soon.
        """
        if self.budget.busy:
            return now + _BUSY_S
        return max(self.budget.ready_at(now, burst=burst), self.budget.level_at(now, level))


class Routes:
    """The two routes of one place. Pure.

    Args:
        budget: The webhook's budget.

    Attributes:
        webhook: Messages under the speakers' names.
        own: Messages under the bot's name; only notices unless `allow_own` permits more.
        no_webhook: Whether there was no webhook for the last message that should have used one.
    """

    def __init__(self, budget: Budget) -> None:
        self.webhook = CaptionRoute(budget)
        self.own = CaptionRoute(own_budget())
        self.no_webhook = False
        self._own_allowed = False

    def allow_own(self, budget: Budget | None) -> None:
        """Use this budget for the bot's own messages; None: it may not post captions."""
        self._own_allowed = budget is not None
        if budget is not None:
            self.own.budget = budget

    @property
    def current(self) -> CaptionRoute:
        """The route of new captions."""
        overflows = self._own_allowed and self.webhook.step is Step.DIGEST
        return self.own if overflows or self.no_webhook else self.webhook

    def of(self, entry: Entry) -> CaptionRoute:
        """Return the route of an entry's next change."""
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
        """Count an utterance that now has something final to show."""
        for route in (self.webhook, self.own):
            route.steps.said(speaker_id, now)

    def promised(self, route: CaptionRoute, opened: Iterable[Entry], now: float) -> int:
        """Return the requests of a route that the finals of its unfinished captions will need."""
        here = sum(
            bool(entry.sent)
            and not entry.final
            and entry.changed_at > now - route.budget.minute.seconds
            and self.of(entry) is route
            for entry in opened
        )
        return here * route.budget.sharers  # places that share a token bucket show about the same

    def settle(self, urgent: Sequence[Entry], opened: Iterable[Entry], now: float) -> None:
        """Choose the level of detail that suits what waits.

        Args:
            urgent: Entries with finals to be shown, in order of speech.
            opened: All entries that may change.
            now: Clock seconds.
        """
        before = self.current
        for route, spared in ((self.webhook, self._own_allowed), (self.own, False)):
            mine = [entry for entry in urgent if self.of(entry) is route]
            route.steps.settle(
                route.budget,
                now,
                len(mine),
                len(merging.runs(mine)),
                promised=self.promised(route, opened, now),
                spared=spared,
            )
            if before is self.webhook and self.current is self.own is not route:
                self.own.steps.begin(now)
