"""From the datagram to the caption: nothing of those who did not agree, whatever the order."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import davey
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.audio.opus import SILENCE
from bot.domain.events import ConversationEvent, ConversationRequest, Final, Member, Partial, Speech
from bot.domain.plan import RoomPlan
from bot.domain.ports import Listener
from tests.support.clock import ManualClock
from tests.support.log_lines import logged
from tests.support.room import MemoryConsent, MemoryConversation, MemoryInterpreter, World
from tests.support.rooms import RoomParts
from tests.support.tracks import MemoryTrack
from tests.unit.voice.voice_call import RATE, Desk, Group, Talker

GUILD, STARTER = 1, 99
FRAMES = 6  # of one utterance
HERTZ = {11: 300, 22: 700, 33: 1500}  # what each says
WORDS = {user_id: f"saying{user_id}" for user_id in HERTZ}
MEMBERS = {user_id: Member(user_id, f"name{user_id}") for user_id in HERTZ}
LEAK = 0.05  # of the energy at another's pitch; one frame of theirs would be far more


@dataclass
class WatchedGroup(Group):
    """Whose key was tried, on whose frame, and whose frame was opened."""

    tried: list[int] = field(default_factory=list)
    tried_on: list[int] = field(default_factory=list)
    won: list[int] = field(default_factory=list)

    def decrypt(self, user_id: int, _media: davey.MediaType, packet: bytes) -> bytes:
        self.tried.append(user_id)
        self.tried_on.append(int.from_bytes(packet[:8], "big"))
        frame = super().decrypt(user_id, _media, packet)
        self.won.append(user_id)
        return frame


class TalkativeInterpreter(MemoryInterpreter):
    """Its conversations say something for all that they are fed."""

    def converse(
        self, request: ConversationRequest, listener: Callable[[ConversationEvent], None]
    ) -> MemoryConversation:
        conversation = _Talkative(request, listener)
        self.conversations.append(conversation)
        return conversation


class _Talkative(MemoryConversation):
    def feed(self, pcm: bytes) -> None:
        super().feed(pcm)
        self.say(Partial(self.silences + 1, f"{WORDS[self.request.speaker_id]} {len(self.fed)}"))

    def fell_silent(self) -> None:
        super().fell_silent()
        self.say(Final(self.silences, f"{WORDS[self.request.speaker_id]} {len(self.fed)}"))


class HearingLink:
    """The port `VoiceLink` on a hearing without sockets."""

    def __init__(self, desk: Desk, listener: Listener) -> None:
        self._desk = desk
        self._listener = listener
        self.channel_id = 2

    def allow(self, user_ids: frozenset[int]) -> None:
        self._desk.hearing.allowed = user_ids

    def pump(self) -> None:
        """Hand on what was heard."""
        for user_id, pcm, at in self._desk.hearing.take():
            if pcm is None:
                self._listener.fell_silent(user_id, at)
            else:
                self._listener.heard(Speech(user_id, pcm, at))

    def members(self) -> tuple[Member, ...]:
        return tuple(MEMBERS.values())

    def begin(self, *, gain: float = 1.0) -> MemoryTrack:
        raise AssertionError(gain)

    def someone_speaks(self) -> bool:
        return False

    def figures(self) -> Mapping[str, float]:
        return self._desk.figures.as_mapping()

    async def close(self) -> None:
        return


class Scene:
    """A room on a desk."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.group = WatchedGroup()
        self.desk.keys.session = self.group
        self.clock = ManualClock(self.desk.now)
        self.interpreter = TalkativeInterpreter()
        self.world = World(*MEMBERS.values())
        self.links: list[HearingLink] = []
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=MemoryConsent(),
            join_voice=self._join,
            open_board=self.world.open_board,
            clock=self.clock,
        ).rooms()
        self.talkers = {u: self.desk.join(u, 1000 + u, announced=False) for u in HERTZ}
        self.speech = {u: self.talkers[u].tone(HERTZ[u], FRAMES) for u in HERTZ}

    async def _join(self, channel_id: int, listener: Listener, *, speaks: bool) -> HearingLink:
        assert channel_id
        assert not speaks
        self.links.append(HearingLink(self.desk, listener))
        return self.links[-1]

    def send(self, datagram: bytes) -> None:
        self.desk.hearing.packet(datagram, self.desk.now)
        self.wait(0.02)

    def say_unheard(self, user_id: int) -> None:
        """Speech that is decoded and still on its way to the room."""
        for frame in self.speech[user_id]:
            self.desk.hearing.packet(self.talkers[user_id].packet(frame), self.desk.now)
            self.desk.now += 0.02

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self.desk.now += 0.01
            self.clock.advance(0.01)
            self.desk.hearing.tick(self.desk.now)
            self.links[-1].pump()

    def shown(self, user_id: int) -> int:
        """Captions with words of this member that were ever shown."""
        return sum(
            1
            for caption in self.world.board.shown
            if WORDS[user_id] in caption.text + caption.source_text
        )

    def fed(self) -> dict[int, bytes]:
        """All that was given to conversations, by the member it was said to be of."""
        fed = dict.fromkeys(HERTZ, b"")
        for conversation in self.interpreter.conversations:
            fed[conversation.request.speaker_id] += bytes(conversation.fed)
        return fed


def others_share(pcm: bytes, user_id: int) -> float:
    """The share of the energy within 60 Hz of another member's pitch."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    others = [HERTZ[other] for other in HERTZ if other != user_id]
    near = np.any([np.abs(hertz - other) < 60 for other in others], axis=0)
    return float(power[near].sum() / max(power.sum(), 1.0))


ACTIONS = (
    "agree", "withdraw", "withdraw in a word", "say", "say", "say", "go silent", "announce",
    "claim another's stream", "leave", "come", "late words", "wait",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(sorted(HERTZ)), st.sampled_from(ACTIONS)), max_size=40)


async def _take(scene: Scene, user_id: int, action: str) -> None:
    consent = await scene.rooms.consent(GUILD)
    if action == "agree":
        await consent.agree(user_id)
    elif action == "withdraw":
        await consent.withdraw(user_id)
    elif action == "withdraw in a word":
        scene.say_unheard(user_id)
        await consent.withdraw(user_id)
        scene.wait(0.02)
    elif action == "late words":
        for conversation in scene.interpreter.conversations:
            if conversation.request.speaker_id == user_id:
                conversation.say(Final(conversation.silences + 1, WORDS[user_id]))
    elif action == "wait":
        scene.wait(0.3)
    elif action in ("say", "go silent"):
        talker = scene.talkers[user_id]
        for frame in scene.speech[user_id] if action == "say" else [SILENCE] * 5:
            scene.send(talker.packet(frame))
    else:
        _tell(scene, user_id, action)
    await asyncio.sleep(0)


def _tell(scene: Scene, user_id: int, action: str) -> None:
    hearing, ssrc = scene.desk.hearing, scene.talkers[user_id].ssrc
    other = next(other for other in sorted(HERTZ) if other != user_id)
    gateway: dict[str, Callable[[], None]] = {
        "announce": lambda: hearing.announce(ssrc, user_id),
        "claim another's stream": lambda: hearing.announce(scene.talkers[other].ssrc, user_id),
        "leave": lambda: hearing.leave(user_id),
        "come": lambda: hearing.arrive([user_id]),
    }
    gateway[action]()


async def _call(steps: list[tuple[int, str]]) -> None:
    scene = Scene()
    plan = RoomPlan(GUILD, 2, 3, ("en", "es"))
    await scene.rooms.start(plan, STARTER)
    consent = await scene.rooms.consent(GUILD)
    ever: set[int] = set()
    announced: set[int] = set()  # whose stream is known to be theirs
    for user_id, action in steps:
        allowed = consent.agreed
        tried, won = len(scene.group.tried), len(scene.group.won)
        fed = scene.fed()
        shown = {other: scene.shown(other) for other in HERTZ}
        await _take(scene, user_id, action)
        ever |= consent.agreed
        # No key of theirs is tried, and nothing of theirs opens.
        assert set(scene.group.tried[tried:]) <= allowed
        assert set(scene.group.won[won:]) <= allowed
        if action == "say" and user_id in announced - consent.agreed:
            assert user_id not in scene.group.tried_on[tried:]
        # Not a byte and not a word more of theirs.
        for other in HERTZ.keys() - consent.agreed:
            assert scene.fed()[other] == fed[other]
        for other in HERTZ.keys() - consent.agreed:
            assert scene.shown(other) == shown[other]
        if action == "announce":
            announced.add(user_id)
        elif action in ("leave", "claim another's stream"):
            announced.clear()
    for user_id, pcm in scene.fed().items():
        if pcm:
            assert user_id in ever
            assert others_share(pcm, user_id) < LEAK
    await scene.rooms.close()


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += logged([record])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
@example([(11, "agree"), (11, "say"), (22, "announce"), (22, "say"), (11, "withdraw"), (11, "say")])
@example([(11, "agree"), (11, "say"), (11, "withdraw in a word")])
@example([(22, "announce"), (33, "agree"), (11, "say"), (22, "say")])  # 11's wait to be proved
@example([(11, "agree"), (22, "say"), (11, "say"), (11, "withdraw"), (11, "late words")])
def test_no_order_of_consent_speech_and_withdrawal_lets_anything_of_others_through(
    steps: list[tuple[int, str]],
) -> None:
    kept, root = _Kept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    try:
        asyncio.run(_call(steps))
    finally:
        root.removeHandler(kept)
        root.setLevel(level)
    told = "\n".join(kept.lines)
    for user_id in HERTZ:
        assert WORDS[user_id] not in told
        assert MEMBERS[user_id].name not in told


def test_those_who_agreed_are_heard_on_this_path() -> None:
    """What the property forbids for others does happen for them: it can fail."""

    async def call() -> None:
        scene = Scene()
        await scene.rooms.start(RoomPlan(GUILD, 2, 3, ("en",)), STARTER)
        for user_id in (11, 22):
            await _take(scene, user_id, "agree")
            await _take(scene, user_id, "say")
            await _take(scene, user_id, "go silent")
        await _take(scene, 33, "say")
        fed = scene.fed()
        assert len(fed[11]) == len(fed[22]) == FRAMES * RATE // 50 * 2
        assert fed[33] == b""
        assert scene.shown(11) > 0
        mixed = fed[11][: len(fed[11]) * 9 // 10] + fed[22][: len(fed[22]) // 6]
        assert others_share(mixed, 11) > LEAK
        await scene.rooms.close()

    asyncio.run(call())


@pytest.mark.parametrize("user_id", sorted(HERTZ))
def test_a_known_member_who_did_not_agree_costs_not_even_the_transport_key(user_id: int) -> None:
    async def call() -> None:
        scene = Scene()
        await scene.rooms.start(RoomPlan(GUILD, 2, 3, ("en",)), STARTER)
        for other in HERTZ:
            await _take(scene, other, "announce")
            if other != user_id:
                await _take(scene, other, "agree")
        talker: Talker = scene.talkers[user_id]
        datagrams = [talker.packet(frame) for frame in scene.speech[user_id]]
        scene.desk.keys.secret_key = None  # opening one would be counted as a failure
        for datagram in datagrams:
            scene.send(datagram)
        assert scene.desk.figures.transport_failures == 0
        assert scene.desk.figures.unconsented == len(datagrams)
        assert scene.group.tried == []
        await scene.rooms.close()

    asyncio.run(call())
