"""What a room says, brought to everybody who reads it on the page.

Nothing is queued for a reader. Each language keeps its lines as they stand, numbered by their last
change, and each reader has the number of what was sent: whoever does not keep up gets, once there
is room again, what changed meanwhile, with no interim twice and every final. Somebody who comes
back after a lost connection is the same case.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bot.clock import Alarm, Clock
from bot.domain.audience import Audience, RoomState, SpokenState
from bot.domain.events import Caption, Member
from bot.page import packets
from bot.page.lines import KEPT, Lines, LineWords
from bot.page.packets import CloseCode, PageMessage, VoiceKind, dumped
from bot.page.sound import Sound
from bot.words.codes import ORIGINAL

GATHER_S: Final = 0.04  # what changes within it is sent at once
BEAT_S: Final = 10.0  # the page takes a connection for lost after 2.5 of them
TEND_S: Final = 1.0
BEHIND_S: Final = 10.0  # of a reader whose network takes nothing
LINGER_S: Final = 10.0  # a voice stays open for somebody who comes back


class Reader(Protocol):
    """A connection to a page. Never blocks or raises."""

    @property
    def member_id(self) -> int:
        """Who reads."""

    def ready(self) -> bool:
        """Return whether more can be sent without piling up."""

    def send(self, message: PageMessage) -> None:
        """Send a message."""

    def end(self, code: CloseCode) -> None:
        """Close the connection, with the reason."""

    def drop(self) -> None:
        """Cut the connection: nothing can be said on it."""


@dataclass(slots=True, eq=False)
class _Seat:
    """A reader, and what they have.

    Attributes:
        reader: The connection.
        since: Seconds since 1970 from which they are there.
        language: What they read; None: nothing yet.
        voice: How they listen to it; None: not.
        seq: The last change of the language that was sent.
        room: The last version of the room's state that was sent.
        behind: Clock second since which nothing could be sent.
    """

    reader: Reader
    since: float
    language: str | None = None
    voice: VoiceKind | None = None
    seq: int = 0
    room: int = 0
    behind: float | None = None


class Feed:
    """One room, for all who read it on the page. Implements Broadcast.

    Args:
        audience: The room.
        languages: That can be read.
        clock: Time.
        wall: Seconds since 1970.
        epoch: Tells the numbers of this feed from those of another.
        ended: Called once, when the room has ended.
    """

    def __init__(
        self,
        audience: Audience,
        languages: Sequence[str],
        clock: Clock,
        wall: Callable[[], float],
        *,
        epoch: str,
        ended: "Callable[[Feed], None]" = lambda _: None,
    ) -> None:
        self.audience = audience
        self.epoch = epoch
        self._clock = clock
        self._wall = wall
        self._ended = ended
        self._languages = _translated(languages)
        self._state = RoomState.LIVE
        self._spoken: dict[str, SpokenState] = {}
        self._speaking: tuple[Member, ...] = ()
        self._numbers: dict[int, int] = {}  # of speakers, by their id
        self._leads: dict[int, int] = {}  # by utterance, whose original is shown
        self._lines: dict[str, Lines] = {ORIGINAL: Lines()}
        self._sounds: dict[str, Sound] = {}
        self._seats: dict[Reader, _Seat] = {}
        self._seq = 0
        self._version = 1
        self._listened: frozenset[str] = frozenset()
        self._releases: dict[str, float] = {}  # by language, until when its voice is kept open
        self._gather = Alarm(clock, self._flush)
        self._tend = Alarm(clock, self._look_after)
        self._linger = Alarm(clock, self._count_listeners)
        self._beat_at = 0.0

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Who reads now, the longest first."""
        return tuple(self._seats)

    def reading(self) -> frozenset[int]:
        """Return the user ids of those who read now."""
        return frozenset(reader.member_id for reader in self._seats)

    @property
    def listeners(self) -> int:
        """How many of them hear a voice too."""
        return sum(seat.voice is not None for seat in self._seats.values())

    @property
    def over(self) -> bool:
        """Whether the room has ended."""
        return self._state is RoomState.ENDED

    # What the room says

    def use_languages(self, languages: Sequence[str]) -> None:
        """Offer these languages to readers from now on."""
        if (translated := _translated(languages)) != self._languages:
            self._languages = translated
            self._room_changed()

    def show(self, caption: Caption) -> None:
        """Show a caption, new or changed; a final one without any text is taken back."""
        if caption.language in self._languages:
            text = caption.text or caption.source_text
            untranslated = not caption.text and bool(caption.source_text)
            words = LineWords(
                who=self._number(caption.speaker.id),
                name=caption.speaker.name,
                text=text,
                language=caption.source_language if untranslated else caption.language,
                final=caption.final,
                original=untranslated,
            )
            self._put(caption.language, caption.key, words)
        self._show_original(caption)

    def speaking(self, members: Sequence[Member]) -> None:
        """Say that these members speak now, and nobody else."""
        if tuple(members) != self._speaking:
            self._speaking = tuple(members)
            self._room_changed()

    def state(self, state: RoomState) -> None:
        """Say how the room is from now on."""
        if state is RoomState.ENDED:
            self.end()
        elif not self.over and state is not self._state:
            self._state = state
            self._room_changed()

    def spoken(self, language: str, state: SpokenState) -> None:
        """Say where the voice of a language stands from now on."""
        if self._spoken.get(language) is not state:
            self._spoken[language] = state
            self._room_changed()

    def voice(self, language: str, pcm: bytes) -> None:
        """Play voice behind what came before: PCM16, 24 kHz, mono."""
        self._sound(language, pcm, last=False)

    def voice_ended(self, language: str) -> None:
        """Say that the utterance is over."""
        self._sound(language, b"", last=True)

    def voice_cut(self, language: str) -> None:
        """Drop what was given of the voice and is not heard yet."""
        if seats := self._listeners(language):
            kinds = frozenset(seat.voice for seat in seats if seat.voice is not None)
            self._play(seats, self._sounds[language].cut(kinds))

    def readers_changed(self) -> None:
        """Ask of each reader whether they may still read."""
        for seat in tuple(self._seats.values()):
            if not self.audience.may_read(seat.reader.member_id):
                self._close(seat.reader, CloseCode.NOT_ALLOWED)

    def shut_out(self, member_id: int, code: CloseCode) -> None:
        """Close every connection of a member."""
        for reader in [reader for reader in self._seats if reader.member_id == member_id]:
            self._close(reader, code)

    def end(self) -> None:
        """End the room: everybody is told, and nobody reads it again. Idempotent."""
        if self.over:
            return
        self._state = RoomState.ENDED
        self._speaking = ()
        self.close(CloseCode.ENDED)
        self._ended(self)

    # Readers

    def attach(self, reader: Reader, since: float) -> None:
        """Seat a reader; they get the room's state, and lines once they `read`.

        Args:
            reader: The connection.
            since: Seconds since 1970; they see nothing that was final before.
        """
        self._seats[reader] = seat = _Seat(reader, since)
        self._send_room(seat)
        if not self._tend.waits:
            self._tend.set_in(TEND_S)

    def read(
        self,
        reader: Reader,
        language: str,
        voice: VoiceKind | None,
        *,
        epoch: str = "",
        after: int = 0,
        number: int = 0,
    ) -> None:
        """Read this language from now on, as far as it is missed, and listen to its voice.

        Args:
            reader: Attached before.
            language: One of the room's, or `ORIGINAL`; instead of any other, the room's first.
            voice: How to code the voice; None: it is not wanted.
            epoch: Of the feed that `after` is a number of.
            after: The last change of this language that the reader has.
            number: Said again before the first line.

        """
        seat = self._seats.get(reader)
        if seat is None:
            return
        if language not in (*self._languages, ORIGINAL):
            language = self._languages[0] if self._languages else ORIGINAL
        lines = self._lines.setdefault(language, Lines())
        known = after if epoch == self.epoch and 0 <= after <= self._seq else 0
        same = seat.language == language and known == 0  # only the voice is switched
        seat.language = language
        seat.voice = None if language == ORIGINAL else voice
        if not same:
            missed = bool(known) and lines.forgot_since(known)
            seat.seq = -1 if missed else known
            opening = {
                "t": "stream",
                "number": number,
                "language": language,
                "epoch": self.epoch,
                "fresh": not known,
                "missed": missed,
            }
            self._send_lines(seat, lines, dumped(opening))
        self._count_listeners()

    def detach(self, reader: Reader) -> None:
        """Forget a reader; their language's voice stays open for a moment. Idempotent."""
        if self._seats.pop(reader, None) is not None:
            self._count_listeners()

    def close(self, code: CloseCode) -> None:
        """Send what there is to be sent, and close every connection."""
        self._flush()
        for reader in tuple(self._seats):
            self._close(reader, code)
        for alarm in (self._gather, self._tend, self._linger):
            alarm.cancel()

    def _close(self, reader: Reader, code: CloseCode) -> None:
        self.detach(reader)
        reader.end(code)

    # Lines

    def _show_original(self, caption: Caption) -> None:
        utterance = caption.utterance or -caption.key
        said, final = caption.source_text, not caption.source_follows
        if caption.language == ORIGINAL:  # the room shows it as a language of its own
            said, final = caption.text, caption.final
        lead = self._leads.get(utterance)
        if lead is None:
            if not said:
                return
            self._leads[utterance] = lead = caption.key
            while len(self._leads) > KEPT:
                del self._leads[next(iter(self._leads))]
        if lead != caption.key:
            return  # two conversations may hear the same words a little differently
        taken_back = caption.final and not (caption.text or caption.source_text)
        if not said and not taken_back:
            return
        words = LineWords(
            who=self._number(caption.speaker.id),
            name=caption.speaker.name,
            text=said,
            language=caption.source_language,
            final=final,
        )
        self._put(ORIGINAL, utterance, words)

    def _put(self, language: str, key: int, words: LineWords) -> None:
        lines = self._lines.setdefault(language, Lines())
        if lines.put(key, words, self._seq + 1, self._wall()):
            self._seq += 1
            self._gather_soon()

    def _number(self, member_id: int) -> int:
        return self._numbers.setdefault(member_id, len(self._numbers) + 1)

    def _gather_soon(self) -> None:
        if self._seats and not self._gather.waits and not self.over:
            self._gather.set_in(GATHER_S)

    def _flush(self) -> None:
        """Send everybody what they have not got."""
        shared: dict[tuple[str, int], PageMessage] = {}
        room: PageMessage | None = None
        for seat in tuple(self._seats.values()):
            if not self._can_take(seat):
                continue
            if seat.room != self._version:
                room = room or self._room()
                seat.reader.send(room)
                seat.room = self._version
            if seat.language is None:
                continue
            lines = self._lines[seat.language]
            if seat.seq == lines.seq:
                continue
            if seat.seq <= 0:
                self._send_lines(seat, lines)
                continue
            key = seat.language, seat.seq
            if (frame := shared.get(key)) is None:
                frame = shared[key] = _frame(lines, seat.seq)
            seat.reader.send(frame)
            seat.seq = lines.seq

    def _send_lines(self, seat: _Seat, lines: Lines, *before: str) -> None:
        since = seat.since if seat.seq <= 0 else 0.0
        seat.reader.send(_frame(lines, seat.seq, since, *before))
        seat.seq = lines.seq

    # The room's state

    def _room(self) -> PageMessage:
        event = {
            "t": "room",
            "run": self.audience.run,
            "state": self._state,
            "languages": self._languages,
            "spoken": {
                language: self._spoken.get(language, SpokenState.TEXT)
                for language in self._languages
            },
            "speaking": [
                {"who": self._number(member.id), "name": member.name} for member in self._speaking
            ],
        }
        return packets.text((dumped(event),))

    def _room_changed(self) -> None:
        self._version += 1
        self._gather_soon()

    def _send_room(self, seat: _Seat) -> None:
        seat.reader.send(self._room())
        seat.room = self._version

    # Voice

    def _listeners(self, language: str) -> list[_Seat]:
        return [
            seat
            for seat in self._seats.values()
            if seat.voice is not None and seat.language == language
        ]

    def _sound(self, language: str, pcm: bytes, *, last: bool) -> None:
        seats = self._listeners(language)
        if not seats:
            return
        kinds = frozenset(seat.voice for seat in seats if seat.voice is not None)
        for packet in self._sounds[language].take(pcm, kinds, last=last):
            self._play(seats, packet)

    def _play(self, seats: Iterable[_Seat], packet: dict[VoiceKind, PageMessage]) -> None:
        for seat in seats:
            # Voice that would come late is worth nothing: the page hears the gap in the numbers.
            if seat.voice is not None and self._can_take(seat):
                seat.reader.send(packet[seat.voice])

    def _count_listeners(self) -> None:
        wanted = frozenset(
            seat.language
            for seat in self._seats.values()
            if seat.voice is not None and seat.language is not None
        )
        now = self._clock.now()
        for language in wanted:
            self._releases.pop(language, None)
            self._sounds.setdefault(language, Sound())
        for language in self._listened - wanted:
            if self._releases.setdefault(language, now + LINGER_S) <= now:
                del self._releases[language]
                self._sounds[language].forget()
        if self._releases:
            self._linger.set(min(self._releases.values()))
        wanted |= self._releases.keys()
        if wanted != self._listened:
            self._listened = wanted
            self.audience.listened_to(wanted)

    # Those who do not keep up

    def _can_take(self, seat: _Seat) -> bool:
        if seat.reader.ready():
            seat.behind = None
            return True
        if seat.behind is None:
            seat.behind = self._clock.now()
        return False

    def _look_after(self) -> None:
        now = self._clock.now()
        for seat in tuple(self._seats.values()):
            if self._can_take(seat) or seat.behind is None or now - seat.behind < BEHIND_S:
                continue
            self.detach(seat.reader)
            seat.reader.drop()
        if now >= self._beat_at:
            self._beat_at = now + BEAT_S
            beat = packets.text(('{"t":"beat"}',))
            for seat in self._seats.values():
                if self._can_take(seat):
                    seat.reader.send(beat)
        self._flush()
        if self._seats:
            self._tend.set_in(TEND_S)


def _translated(languages: Iterable[str]) -> tuple[str, ...]:
    """Return them without the original, which can be read in every room."""
    return tuple(language for language in languages if language != ORIGINAL)


def _frame(lines: Lines, after: int, since: float = 0.0, *before: str) -> PageMessage:
    number = dumped({"t": "seq", "seq": lines.seq})
    return packets.text((*before, *lines.after(after, since), number))
