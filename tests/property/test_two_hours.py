"""Two hours of a call in some seconds: streams change, members come back, nothing wears out."""

import random
import tracemalloc

from bot.audio.opus import SILENCE
from tests.unit.voice.voice_call import FRAME, Desk, Talker

HOURS = 2
SPURT = 10  # packets
EVERY_S = 6.0  # between spurts: who speaks is drawn
MEMBERS = range(11, 23)
GROWTH_BYTES = 200_000


class Call:
    """Members whose streams have another SSRC after each return."""

    def __init__(self) -> None:
        self.dice = random.Random(7)
        self.desk = Desk(*MEMBERS)
        self.ssrcs = iter(range(1, 1 << 31))
        self.talkers: dict[int, Talker] = {}
        self.sent = dict.fromkeys(MEMBERS, 0)
        self.heard = dict.fromkeys(MEMBERS, 0)
        self.opus = self.come(MEMBERS[0]).tone(440, SPURT)
        for user_id in MEMBERS:
            self.come(user_id)

    def come(self, user_id: int) -> Talker:
        """In, or back in; one in four is never announced."""
        announced = self.dice.random() > 0.25
        talker = self.desk.join(user_id, next(self.ssrcs), announced=announced)
        talker.sequence = self.dice.randrange(1 << 16)
        talker.timestamp = self.dice.randrange(1 << 32)
        self.talkers[user_id] = talker
        return talker

    def happen(self) -> None:
        """Somebody comes back, is given another stream, or the group gets other keys."""
        user_id = self.dice.choice(MEMBERS)
        session = self.desk.keys.session
        assert session is not None
        kind = self.dice.randrange(5)
        if kind == 0:
            self.desk.hearing.leave(user_id)
            self.come(user_id)
        elif kind == 1:
            self.desk.hearing.announce(next(self.ssrcs), user_id)  # one that is never used
            self.come(user_id)
        elif kind == 2:
            session.epoch += 1
        elif kind == 3 and self.dice.random() < 0.05:
            self.desk.hearing.reset()
            for other in MEMBERS:
                self.come(other)

    def speak(self, user_id: int) -> None:
        """A short spurt."""
        talker = self.talkers[user_id]
        for packet in self.opus:
            self.desk.take(talker.packet(packet))
        for _ in range(5):
            self.desk.take(talker.packet(SILENCE))
        self.desk.wait(0.25)
        self.sent[user_id] += SPURT
        # Only what is new is kept, as two hours of sound are not what is measured.
        self.heard[user_id] += len(self.desk.pcm.pop(user_id, b"")) // 640
        self.desk.ends.clear()
        session = self.desk.keys.session
        assert session is not None
        session.missing.clear()  # of others, as all frames are numbered together
        session.opened_for.clear()

    def minutes(self, count: int) -> None:
        until = self.desk.now + count * 60
        while self.desk.now < until:
            self.happen()
            for user_id in self.dice.sample(MEMBERS, 2):
                self.speak(user_id)
            self.desk.now += EVERY_S  # nobody speaks: nothing ticks


def test_two_hours_of_changing_streams_lose_no_frame_and_leave_nothing_behind() -> None:
    call = Call()
    call.minutes(20)
    tracemalloc.start()
    try:
        call.minutes(20)
        before = tracemalloc.get_traced_memory()[0]
        call.minutes(20)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    call.minutes(HOURS * 60 - 60)
    assert call.heard == call.sent
    assert grown < GROWTH_BYTES
    figures = call.desk.figures
    assert figures.lost == figures.internal_errors == figures.dave_failures == 0
    assert figures.proven > 100
    assert sum(call.sent.values()) * FRAME > 100
