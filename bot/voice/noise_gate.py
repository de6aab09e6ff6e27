"""A noise gate for each speaker, between the voice link and the room."""

import asyncio
from collections.abc import Callable
from functools import partial

from bot.audio.gate import Detector, NoiseGate
from bot.domain.events import Member, Speech
from bot.domain.ports import Listener
from bot.logs import get_logger

log = get_logger(__name__)

_APART_S = 1.0  # speech that comes later than this does not follow on what was before


class GatedListener:
    """A Listener that passes speech on to another, and keeps noise from it.

    Until a speaker's detector is made, all of theirs goes through.

    Args:
        inner: Hears what goes through the gates.
        detector: Makes one for each speaker, on another thread as that may take long; those of
            people who left are used again.
    """

    def __init__(self, inner: Listener, detector: Callable[[], Detector]) -> None:
        self._inner = inner
        self._make = detector
        self._gates: dict[int, NoiseGate | None] = {}  # None while its detector is made
        self._idle: list[Detector] = []
        self._detectors: dict[int, Detector] = {}
        self._fed_at: dict[int, float] = {}

    def heard(self, speech: Speech) -> None:
        """Pass on what is speech."""
        user_id = speech.user_id
        if user_id not in self._gates:
            self._prepare(user_id)
        gate, last_at = self._gates[user_id], self._fed_at.get(user_id, speech.at)
        self._fed_at[user_id] = speech.at
        if gate is None:
            self._inner.heard(speech)
            return
        if speech.at - last_at > _APART_S:
            self._pass(user_id, gate.finish(), last_at)
        self._pass(user_id, gate.feed(speech.pcm), speech.at)

    def fell_silent(self, user_id: int, at: float) -> None:
        """Tell the inner listener, unless the gate had noticed the silence before."""
        if (gate := self._gates.get(user_id)) is not None:
            self._pass(user_id, gate.finish(), at)
        else:
            self._inner.fell_silent(user_id, at)

    def joined(self, member: Member) -> None:
        """Tell the inner listener that a member came."""
        self._inner.joined(member)

    def left(self, user_id: int) -> None:
        """Tell the inner listener that a member left, after their last speech."""
        last_at = self._fed_at.pop(user_id, 0.0)
        if (gate := self._gates.pop(user_id, None)) is not None:
            self._pass(user_id, gate.finish(), last_at)
            self._idle.append(self._detectors.pop(user_id))
        self._inner.left(user_id)

    def noticed(self, code: str, text: str) -> None:
        """Hand a notice to the inner listener."""
        self._inner.noticed(code, text)

    def lost(self, reason: str) -> None:
        """Tell the inner listener that the link ended."""
        self._inner.lost(reason)

    # Private

    def _pass(self, user_id: int, passed: list[bytes | None], at: float) -> None:
        for pcm in passed:
            if pcm is None:
                self._inner.fell_silent(user_id, at)
            else:
                self._inner.heard(Speech(user_id, pcm, at))

    def _prepare(self, user_id: int) -> None:
        if self._idle:
            self._install(user_id, self._idle.pop(), is_open=False)
            return
        self._gates[user_id] = None
        making = asyncio.get_running_loop().run_in_executor(None, self._make)
        making.add_done_callback(partial(self._made, user_id))

    def _made(self, user_id: int, making: "asyncio.Future[Detector]") -> None:
        if making.cancelled():
            return
        if (error := making.exception()) is not None:
            log.error("a noise gate could not be made", error=type(error).__name__)
        elif self._gates.get(user_id, self) is None:
            self._install(user_id, making.result(), is_open=True)
        else:
            self._idle.append(making.result())  # left meanwhile

    def _install(self, user_id: int, detector: Detector, *, is_open: bool) -> None:
        self._detectors[user_id] = detector
        self._gates[user_id] = NoiseGate(detector, is_open=is_open)
