"""Keeps a voice link alive: watches it, joins afresh when nothing else helps, and says so."""

import asyncio
import contextlib
import struct
from typing import Protocol

from bot.clock import Clock
from bot.errors import VoiceLinkError
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.voice.discord_internals import Client
from bot.voice.figures import Figures
from bot.voice.receive.packet_path import PacketPath
from bot.voice.watch import health
from bot.voice.watch.expected import Expected
from bot.voice.watch.health import Patience, Trouble, Vitals
from bot.voice.watch.voice_state import DEAF, HEARS_AGAIN, VoiceNotice
from bot.words import t

log = get_logger(__name__)

_KEEPALIVE_S = 5.0  # NATs forget a quiet UDP flow after some minutes, the strictest after 30 s
_CHECK_S = 0.5


class SupervisedLink(Protocol):
    """A link, as its supervisor sees it."""

    @property
    def client(self) -> Client | None:
        """Its voice client; None while there is none."""

    @property
    def closed(self) -> bool:
        """Whether it has left or was given up, so that nothing has to be repaired."""

    @property
    def reachable(self) -> bool:
        """Discord can be asked to let the bot into a channel."""

    @property
    def keyless(self) -> bool:
        """Others are in the call, and the bot has no key of theirs."""

    async def renew(self) -> None:
        """Leave and join again; raises VoiceLinkError."""

    def notice(self, notice: VoiceNotice) -> None:
        """Tell the people something."""

    def give_up(self, reason: str) -> None:
        """End the link, which can't be brought back."""


class Supervisor:
    """Watches one link from `start` on, until its tasks are closed.

    Args:
        link: The link to watch and repair.
        hearing: Its hearing, of which only times are read.
        clock: Tells the time and calls back.
        figures: The link's counters.
        tasks: Owns what runs here.
    """

    def __init__(
        self,
        link: SupervisedLink,
        hearing: PacketPath,
        clock: Clock,
        figures: Figures,
        tasks: TaskOwner,
    ) -> None:
        self._link = link
        self._hearing = hearing
        self._clock = clock
        self._figures = figures
        self._tasks = tasks
        self._patience = Patience()
        self._trouble = Trouble()
        self._check_due = asyncio.Event()
        self._down_since: float | None = None
        self._keyless_since: float | None = None
        self._apart_since: float | None = None
        self._absent = False
        self._close_code = 0
        self._was_deaf = False  # when it last joined afresh
        self.expected = Expected(hearing.came)
        self.rejoining = False

    def start(self) -> None:
        """Begin to watch the link."""
        self._tasks.start(self._keep_alive(), "keepalive")
        self._tasks.start(self._supervise(), "supervisor")
        self._tasks.start(self._report(), "report")

    def gateway_closed(self, code: int) -> None:
        """Record that the voice gateway closed the connection."""
        if self._down_since is None:
            self._down_since = self._clock.now()
        self._close_code = code
        self._check_due.set()

    def gateway_opened(self) -> None:
        """Record that there is a new session."""
        self._down_since = None

    def absent(self) -> None:
        """Record that the bot is in no voice channel, as Discord says."""
        self._absent = True
        self._check_due.set()

    @property
    def up(self) -> bool:
        """Whether it is connected."""
        client = self._link.client
        return client is not None and client.is_connected() and self._down_since is None

    @property
    def ailing(self) -> bool:
        """Whether nobody can be heard now; not so when simply nobody speaks."""
        # Packets that still can't be decrypted after a repair are the same trouble.
        still_deaf = self._was_deaf and self._hearing.failing_since is not None
        if not self.up or self.rejoining or still_deaf:
            return True
        return health.ailment(self._vitals(), self._clock.now()) is not None

    def _vitals(self) -> Vitals:
        client = self._link.client
        return Vitals(
            poller_ended=client is None or client.connection.poller_ended,
            down_since=self._down_since,
            close_code=self._close_code,
            absent=self._absent,
            apart_since=self._apart_since,
            trying=client is not None and client.connection.trying,
            keyless_since=self._keyless_since,
            failing_since=self._hearing.failing_since,
            failing_until=self._hearing.failing_until,
            unheard=self.expected.overdue(self._clock.now()),
        )

    async def _keep_alive(self) -> None:
        counter = 0
        while True:
            await asyncio.sleep(_KEEPALIVE_S)
            client = self._link.client
            if client is None or not client.is_connected():
                continue
            try:
                client.connection.send_packet(struct.pack("<Q", counter))
            except OSError as error:
                log.debug("a keepalive was not sent", error=type(error).__name__)
                continue
            counter += 1
            self._figures.keepalives += 1

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_S)
            tell = self._trouble.step(self._clock.now(), ailing=self.ailing)
            if tell is not None:
                self._link.notice(DEAF if tell else HEARS_AGAIN)

    async def _supervise(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_S):
                    await self._check_due.wait()
            self._check_due.clear()
            if self._link.closed:
                return
            now = self._clock.now()
            keyless = self.up and self._link.keyless
            self._keyless_since = _since(self._keyless_since, now, holds=keyless)
            self._apart_since = _since(self._apart_since, now, holds=not self.up)
            reason = health.ailment(self._vitals(), now)
            if reason is None or not self._link.reachable:
                continue
            if reason == health.UNHEARD:
                self.expected.disbelieve(now)
                if not self._patience.fresh(now):
                    # A mere suspicion does not use up the attempts, after which the room ends.
                    log.info("an announced member was not heard soon after rejoining")
                    continue
            if self._patience.exhausted:
                self._link.give_up(
                    t("I lost the connection to the voice channel and couldn't get back in.")
                )
                return
            await self._rejoin(reason)

    async def _rejoin(self, reason: str) -> None:
        code = self._close_code if self._down_since is not None else 0
        rest = self._patience.rest_s(self._clock.now(), code)
        log.warning("rejoining voice", reason=reason, after_s=rest)
        await asyncio.sleep(rest)
        self._figures.rejoins += 1
        self._figures.rejoins_by[reason] += 1
        self._was_deaf = reason == "deaf"
        self.rejoining = True
        try:
            self._keyless_since = self._apart_since = None
            self._absent = False
            self.expected.restart()
            await self._link.renew()
            self._down_since = None
        except VoiceLinkError as error:
            log.warning("rejoining voice failed", error=type(error.__cause__).__name__)
        finally:
            self.rejoining = False


def _since(before: float | None, now: float, *, holds: bool) -> float | None:
    """Return since when something holds; None while it does not."""
    return (now if before is None else before) if holds else None
