"""Whether the translation services can be used, as far as is known: one truth for all rooms.

What conversations meet when they connect comes together here, so that it is said once and not by
each speaker, and so that it is known where nobody speaks: to who starts a room, in `/health`.

A trouble begins with the first connect that fails and is over with the first that succeeds. It is
known at once, and told (in rooms, in the log) when it has lasted `TELL_S`. A refusal for good by a
service that worked before is believed when it comes again `CONFIRM_S` later. While there is
trouble and nobody connects, the service is tried from here, so that its end is noticed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from bot.clock import Clock, Timer
from bot.domain.trouble import ServiceTrouble
from bot.logs import get_logger
from bot.tasks import TaskOwner

log = get_logger(__name__)

TELL_S: Final = 3.0  # what is over sooner is not spoken of
CONFIRM_S: Final = 2.0
TRY_S: Final = (10.0, 20.0, 30.0)  # rests between attempts; the last one stays
RECHECK_S: Final = 600.0  # after a refusal for good: it may be put right without a restart
KNOWN_WITHIN_S: Final = 2.0  # who starts a room waits no longer

Try = Callable[[], Awaitable[None]]
"""Uses the service once, at no cost, and reports what came of it as any other use does."""


class Availability:
    """Whether one service can be used. One per process and service.

    Args:
        name: The service's name in the log.
        clock: Tells the time and calls back.
        now: Seconds since 1970.
    """

    def __init__(self, name: str, clock: Clock, now: Callable[[], float]) -> None:
        self._name = name
        self._clock = clock
        self._now = now
        self._worked = False  # ever
        self._trouble: ServiceTrouble | None = None
        self._detail = ""
        self._began_at = 0.0
        self._doubted = False  # a refusal for good that came once
        self._told = False
        self._attempts = 0  # from here, in this trouble
        self._telling: Timer | None = None
        self._trying: Timer | None = None
        self._listeners: list[Callable[[], None]] = []
        self._tasks = TaskOwner(f"{name} availability")
        self._closed = False
        self._try: Try | None = None
        self._under_way: asyncio.Task[None] | None = None
        self.renewals = 0  # how often it was worth while to try again what was given up

    @property
    def trouble(self) -> ServiceTrouble | None:
        """Why it can't be used, also if that was found out just now."""
        return self._trouble

    @property
    def lasting(self) -> ServiceTrouble | None:
        """The same, where it is worth telling."""
        return self._trouble if self._told else None

    @property
    def refusal(self) -> ServiceTrouble | None:
        """The same, where trying again does not help."""
        return self._trouble if self._trouble is not None and self._trouble.final else None

    def use(self, attempt: Try) -> None:
        """Try the service by this."""
        self._try = attempt

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call back whenever anything of this changed; return what ends it."""
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    # Called by those who use the service

    def failed(self, code: str, reason: str, *, final: bool = False, detail: str = "") -> None:
        """Record that the service could not be used.

        Args:
            code: A stable name of the fault, for logs.
            reason: A sentence for members.
            final: Trying again does not help.
            detail: More about the reason, for the log.
        """
        if self._closed:
            return
        before = self._trouble
        since = self._now() if before is None else before.since
        first = before is None or not (before.final or self._doubted)
        self._doubted = final and first and self._worked and self._try is not None
        self._trouble = ServiceTrouble(code, reason, since, final and not self._doubted)
        self._detail = detail
        if before is None:
            self._began_at = self._clock.now()
            self._attempts = 0
        if self._told and before is not None and before.code != code:
            self._log_trouble(self._trouble)
        self._plan_telling()
        self._plan_trying()
        if self._trouble != before:
            self._changed()

    def answered(self) -> None:
        """Record that the service could be used."""
        if self._closed:
            return
        self._worked = True
        if self._trouble is None:
            return
        self._trouble = None
        self._doubted = False
        if self._told:
            lasted_s = self._clock.now() - self._began_at
            log.warning("a service works again", service=self._name, after_s=round(lasted_s))
        self._told = False
        self._rest()
        self.renewals += 1
        self._changed()

    async def find_out(self) -> None:
        """Try it, where nothing is known of it yet; waits for `KNOWN_WITHIN_S` at most."""
        if self._try is None or self._worked or self._trouble is not None or self._closed:
            return
        await asyncio.wait({self._attempt()}, timeout=KNOWN_WITHIN_S)

    # Timersrs

    def _plan_telling(self) -> None:
        if self._told or self._trouble is None:
            return
        if self._trouble.final:
            self._tell()
        elif self._telling is None and not self._doubted:
            self._telling = self._clock.call_at(self._clock.now() + TELL_S, self._tell)

    def _tell(self) -> None:
        self._cancel_telling()
        if self._trouble is None or self._told:
            return
        self._told = True
        self._log_trouble(self._trouble)
        self._changed()

    def _log_trouble(self, trouble: ServiceTrouble) -> None:
        log.warning(
            "a service refuses for good"
            if trouble.final
            else "a service can't be used, trying again",
            service=self._name,
            code=trouble.code,
            **({"reason": self._detail} if self._detail else {}),
        )

    def _plan_trying(self) -> None:
        """Try it from here after a rest, unless somebody else does before."""
        if self._trying is not None:
            self._trying.cancel()
            self._trying = None
        if self._try is None and self.refusal is None:
            return  # whoever uses it next finds out
        rest_s = TRY_S[min(self._attempts, len(TRY_S) - 1)]
        if self._doubted:
            rest_s = CONFIRM_S
        elif self._trouble is not None and self._trouble.final:
            rest_s = RECHECK_S
        self._trying = self._clock.call_at(self._clock.now() + rest_s, self._try_again)

    def _try_again(self) -> None:
        self._trying = None
        self._attempts += 1
        if self._try is not None:
            self._attempt()
        elif self.refusal is not None:  # what was given up finds out
            self.renewals += 1
            self._changed()
        self._plan_trying()

    def _attempt(self) -> asyncio.Task[None]:
        if self._under_way is None or self._under_way.done():
            self._under_way = self._tasks.start(self._attempted(), "try")
        return self._under_way

    async def _attempted(self) -> None:
        if self._try is None:
            return
        await self._try()
        if self._doubted and self._trouble is not None:  # nothing speaks against it
            self._doubted = False
            self._trouble = replace(self._trouble, final=True)
            self._plan_telling()
            self._plan_trying()
            self._changed()

    def _cancel_telling(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def _rest(self) -> None:
        self._cancel_telling()
        if self._trying is not None:
            self._trying.cancel()
            self._trying = None

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    async def close(self) -> None:
        """Try and tell nothing more. Idempotent."""
        self._closed = True
        self._rest()
        await self._tasks.close()


class Services:
    """The services that rooms use.

    Attributes:
        speech: The service for speech.
        texts: Translation of texts, by which further languages are made.
    """

    def __init__(self, clock: Clock, now: Callable[[], float]) -> None:
        self.speech = Availability("the translation service", clock, now)
        self.texts = Availability("the text translation service", clock, now)

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call back whenever anything of either changed; return what ends it."""
        ends = (self.speech.listen(changed), self.texts.listen(changed))

        def end() -> None:
            for one in ends:
                one()

        return end

    async def close(self) -> None:
        """Try and tell nothing more. Idempotent."""
        await self.speech.close()
        await self.texts.close()
