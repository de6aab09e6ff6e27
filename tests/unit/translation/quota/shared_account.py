"""An account's budget, and the conversations that share it."""

import itertools
import random
from collections.abc import Callable, Mapping
from typing import Any

from bot.translation.protocol import server_events
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.server_events import ServerEvent
from bot.translation.quota.lending import LinkLease
from bot.translation.quota.quota import Claim, ConnectBudget, Share
from tests.support.clock import ManualClock

BUSY, CALM = 1, 2  # servers


class Line:
    """A link that keeps nothing."""

    def __init__(
        self, on_event: Callable[[ServerEvent], None], on_lost: Callable[[Fault], None]
    ) -> None:
        self.says = on_event
        self.breaks = on_lost

    def send(self, pcm: bytes) -> int:
        return 0 * len(pcm)

    def update(self, session: Mapping[str, Any]) -> None:
        raise AssertionError(f"nothing changes here: {session}")

    def finish(self) -> None:
        self.says(server_events.SessionFinished())

    async def close(self) -> None:
        pass


class Caller:
    """A conversation of which only the connecting is real."""

    def __init__(self, budget: ConnectBudget, log: list[str], name: str, claim: Claim) -> None:
        self.name = name
        self.speaker = claim.speaker_id
        self.resting = False
        self.talking = False
        self.between_turns = False
        self.complete = True
        self.lines: list[Line] = []
        self._log = log
        self.share: Share = budget.share(self, self._open, claim)

    def _open(
        self, on_event: Callable[[ServerEvent], None], on_lost: Callable[[Fault], None]
    ) -> Line:
        self.lines.append(Line(on_event, on_lost))
        return self.lines[-1]

    def connect(self) -> None:
        self._log.append(self.name)
        self.share.open_link(lambda _: None, lambda _: None)

    def take_over(self, lease: LinkLease) -> None:
        self._log.append(f"{self.name} borrows")
        lease.pass_on(lambda _: None, lambda _: None)

    def hand_over(self) -> None:
        self.resting = False

    def make_room(self) -> None:
        self.resting = self.talking = False
        assert self.share.lease is not None
        assert not self.share.lease.ending
        self.share.lease.finish()


class SharedAccount:
    """An account's budget, and the conversations that share it."""

    def __init__(
        self,
        per_minute: int = 10,
        *,
        most_open: int = 1000,
        tokens: int = 10**9,
        servers: int = 1,
    ) -> None:
        self.clock = ManualClock()
        self.chance = random.Random(1)
        self.budget = ConnectBudget(
            per_minute,
            self.clock,
            most_open=most_open,
            tokens_per_minute=tokens,
            chance=self.chance,
            servers=lambda: servers,
        )
        self.log: list[str] = []
        self.callers: list[Caller] = []
        self._speakers = itertools.count(100)

    def caller(self, name: str, guild: int = 1, speaker: int | None = None) -> Caller:
        speaker = next(self._speakers) if speaker is None else speaker
        self.callers.append(Caller(self.budget, self.log, name, Claim(guild, speaker)))
        return self.callers[-1]

    def wait(self, seconds: float) -> None:
        """Let time pass, in which those who talk go on."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            for caller in self.callers:
                if caller.talking and caller.share.lease is not None:
                    caller.share.lease.send(b"")
            self.clock.advance(min(1.0, end - self.clock.now()))

    def ask(self, name: str, guild: int = 1, speaker: int | None = None) -> Caller:
        caller = self.caller(name, guild, speaker)
        caller.share.request()
        return caller


def opened(account: SharedAccount, count: int, guild: int = BUSY) -> list[Caller]:
    """So many speakers of a server who never rest."""
    callers = [account.ask(f"{guild}.{number}", guild) for number in range(count)]
    for _ in range(count):
        account.clock.advance(0.25)
    for caller in callers:
        assert caller.lines, "it should have a link by now"
        caller.talking = True
    return callers
