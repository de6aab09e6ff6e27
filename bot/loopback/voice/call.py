"""One voice channel's call: who is in it, what they are told, whose packets go to whom."""

from collections.abc import Callable
from typing import Protocol

from bot.audio.opus import SILENCE
from bot.clock import Clock, Timer
from bot.loopback.voice import rtp
from bot.loopback.voice.dave import DaveGroup, Send
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.opcodes import Body, Close, Op


class Seat(Protocol):
    """A participant, as its call sees it."""

    user_id: int
    ssrc: int

    def tell(self, op: Op, body: Body) -> None:
        """Hand over a message of the gateway."""

    def hear(self, sender: int, packet: rtp.Packet) -> None:
        """Hand over a packet of another participant."""

    def ousted(self, code: int) -> None:
        """Take it out of the call; `code` is how its websocket is closed."""


class VoiceCall:
    """Relays between participants, and plays the gateway's role in their encryption.

    Args:
        channel_id: The voice channel.
        dave_version: 1, or 0 for a call without end-to-end encryption.
        faults: What goes wrong on the way.
        clock: Times delays and the end of transitions.
        complain: Is told what a client did that Discord would refuse.
        spoke: Is told who began (True) or ended to speak.
    """

    def __init__(
        self,
        channel_id: int,
        dave_version: int,
        *,
        faults: Faults,
        clock: Clock,
        complain: Callable[[str], None],
        spoke: Callable[[int, bool], None] = lambda _user_id, _on: None,
    ) -> None:
        self.channel_id = channel_id
        self.dave_version = dave_version
        self._faults = faults
        self._clock = clock
        self._complain = complain
        self._spoke = spoke
        self._seats: dict[int, Seat] = {}
        self._group = DaveGroup(channel_id)
        self._speaking: set[int] = set()
        self._timers: dict[int, Timer] = {}  # by transition
        self._late: dict[int, Timer] = {}  # packets on their way, by number
        self._sent = 0

    def participants(self) -> tuple[int, ...]:
        """Return the users in the call, in the order in which they came."""
        return tuple(self._seats)

    def seated(self, seat: Seat) -> bool:
        """Return whether this very seat is in the call."""
        return self._seats.get(seat.user_id) is seat

    # Joining and leaving

    def enter(self, seat: Seat) -> None:
        """Let a participant in; an earlier seat of the same user is out."""
        self.leave(seat.user_id, Close.SESSION_INVALID)
        if others := [str(one) for one in self._seats]:
            seat.tell(Op.CLIENTS_CONNECT, {"user_ids": others})
        for other in self._seats.values():
            other.tell(Op.CLIENTS_CONNECT, {"user_ids": [str(seat.user_id)]})
        self._seats[seat.user_id] = seat
        for user_id in self._speaking:
            self._announce(self._seats[user_id], seat, 1)
        if self.dave_version:
            self._post(self._group.join(seat.user_id))

    def leave(self, user_id: int, code: int = 1000) -> None:
        """Let a participant out, and tell the others. Without effect when it is not in."""
        seat = self._seats.pop(user_id, None)
        if seat is None:
            return
        if user_id in self._speaking:
            self._speaking.discard(user_id)
            self._spoke(user_id, False)  # noqa: FBT003 - as the callback has it
        seat.ousted(code)
        for other in self._seats.values():
            other.tell(Op.CLIENT_DISCONNECT, {"user_id": str(user_id)})
        if self.dave_version:
            self._post(self._group.leave(user_id))

    def close(self) -> None:
        """Drop what is on its way."""
        for timer in [*self._timers.values(), *self._late.values()]:
            timer.cancel()
        self._timers.clear()
        self._late.clear()

    # Messages of participants

    def speaking(self, user_id: int, flags: int) -> None:
        """Handle op 5: a participant began (1) or ended (0) to speak; it also tells their SSRC."""
        if (user_id in self._speaking) != bool(flags):
            (self._speaking.add if flags else self._speaking.discard)(user_id)
            self._spoke(user_id, bool(flags))
        for other in self._seats.values():
            if other.user_id != user_id:
                self._announce(self._seats[user_id], other, flags)

    def _announce(self, seat: Seat, to: Seat, flags: int) -> None:
        if seat.user_id not in self._faults.unannounced:
            body = {"user_id": str(seat.user_id), "ssrc": seat.ssrc, "speaking": flags}
            to.tell(Op.SPEAKING, body)

    def dave(self, user_id: int, op: Op, body: Body) -> None:
        """Handle a message of a participant's DAVE session.

        Raises:
            MalformedError: Its body can't be that.
        """
        if isinstance(body, bytes):
            answer = self._group.key_package if op is Op.KEY_PACKAGE else self._group.commit
            self._post(answer(user_id, body))
        elif body is not None:
            transition_id = int(body["transition_id"])
            answer_to = self._group.ready if op is Op.TRANSITION_READY else self._group.invalid
            self._post(answer_to(user_id, transition_id))

    def _post(self, sends: list[Send]) -> None:
        for send in sends:
            self._seats[send.user_id].tell(send.op, send.body)
        running = set(self._group.transitions())
        for transition_id in self._timers.keys() - running:
            self._timers.pop(transition_id).cancel()
        for transition_id in running - self._timers.keys():
            self._timers[transition_id] = self._clock.call_at(
                self._clock.now() + self._faults.patience_s,
                lambda late=transition_id: self._post(self._group.execute(late)),  # type: ignore[misc]
            )

    # Audio

    def relay(self, sender: int, packet: rtp.Packet) -> None:
        """Carry a packet to every other participant, through what goes wrong on the way."""
        if (
            packet.frame != SILENCE
            and not rtp.is_dave_frame(packet.frame)
            and self._group.must_encrypt(sender)
        ):
            self._complain(f"voice: user {sender} sent unencrypted audio in an encrypted call")
        for receiver in self._seats.values():
            if receiver.user_id == sender:
                continue
            for late in self._faults.copies(sender, receiver.user_id, packet.sequence):
                if late > 0:
                    self._deliver_later(late, receiver, sender, packet)
                else:
                    receiver.hear(sender, packet)

    def _deliver_later(self, late: float, seat: Seat, sender: int, packet: rtp.Packet) -> None:
        self._sent += 1
        number = self._sent

        def deliver() -> None:
            del self._late[number]
            if self.seated(seat):
                seat.hear(sender, packet)

        self._late[number] = self._clock.call_at(self._clock.now() + late, deliver)
