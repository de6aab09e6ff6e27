"""Who may be heard in a server, worked out apart from the bot."""

from dataclasses import dataclass, field

from bot.consent.newcomers import SAY_NO_S
from bot.domain.stored import ConsentMode

EPSILON_S = 1e-6


@dataclass
class ExpectedConsent:
    """Who may be heard, by what was said and what could be read."""

    mode: ConsentMode = ConsentMode.OPT_IN
    yes: set[int] = field(default_factory=set)
    no: set[int] = field(default_factory=set)  # that are remembered
    unstored_no: set[int] = field(default_factory=set)  # until the process ends
    named: dict[int, float] = field(default_factory=dict)  # when, in this room and mode
    wished: set[int] = field(default_factory=set)
    counted: set[int] = field(default_factory=set)  # were heard, or began a room, since forgotten
    starter: int = 0

    def may(self, user_id: int, now: float) -> bool:
        if user_id in self.no | self.unstored_no:
            return False
        told = self.named.get(user_id, now) + SAY_NO_S <= now + EPSILON_S
        return user_id in self.yes or (self.mode is ConsentMode.ANNOUNCED and told)

    def agree(self, user_id: int) -> None:
        self.yes.add(user_id)
        self.no.discard(user_id)
        self.unstored_no.discard(user_id)

    def withdraw(self, user_id: int) -> None:
        self.yes.discard(user_id)
        if self.mode is ConsentMode.ANNOUNCED:
            self.no.add(user_id)
        if user_id not in self.no:
            self.unstored_no.add(user_id)

    def forget(self, user_id: int) -> None:
        for kept in (self.yes, self.no, self.wished, self.counted):
            kept.discard(user_id)
        self.unstored_no.add(user_id)
        self.starter = 0 if self.starter == user_id else self.starter

    @property
    def may_be_in_tables(self) -> set[int]:
        return self.yes | self.no | self.wished | self.counted | {self.starter}
