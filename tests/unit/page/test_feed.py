import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.audio.opus import Decoder
from bot.domain.audience import RoomState, SpokenState
from bot.domain.events import Caption
from bot.page.feed import BEHIND_S, GATHER_S, LINGER_S, TEND_S, Feed
from bot.page.lines import KEPT
from bot.page.packets import CloseCode, PageMessage, VoiceKind
from bot.words.codes import ORIGINAL
from tests.support.clock import ManualClock
from tests.support.page import ANA, BEN, LANGUAGES, StageAudience, caption, tone


@dataclass(eq=False)
class Desk:
    """A reader that takes what it gets, unless it is stuck."""

    member_id: int = 77
    stuck: bool = False
    frames: list[PageMessage] = field(default_factory=list)
    ended: CloseCode | None = None
    dropped: bool = False

    def ready(self) -> bool:
        return not (self.stuck or self.dropped or self.ended)

    def send(self, message: PageMessage) -> None:
        self.frames.append(message)

    def end(self, code: CloseCode) -> None:
        self.ended = code

    def drop(self) -> None:
        self.dropped = True

    def events(self) -> list[dict[str, Any]]:
        texts = [one for one in self.frames if one.kind is WSMsgType.TEXT]
        return [event for one in texts for event in decoded(one)]

    def voice(self) -> list[bytes]:
        return [one.data for one in self.frames if one.kind is WSMsgType.BINARY]

    def texts(self) -> dict[int, str]:
        """What stands on the page now."""
        standing: dict[int, str] = {}
        for event in self.events():
            if event["t"] == "line":
                standing[event["id"]] = event["text"]
            elif event["t"] == "gone":
                standing.pop(event["id"], None)
        return standing

    @property
    def seq(self) -> int:
        numbers = [event["seq"] for event in self.events() if event["t"] == "seq"]
        return int(numbers[-1]) if numbers else 0


def decoded(message: PageMessage) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(message.data)
    return events


class House:
    """A feed, its room and a clock that is also the date."""

    def __init__(self) -> None:
        self.clock = ManualClock(1000.0)
        self.audience = StageAudience()
        self.over = 0
        self.feed = self.open("first")

    def open(self, epoch: str) -> Feed:
        return Feed(
            self.audience,
            LANGUAGES,
            self.clock,
            self.clock.now,
            epoch=epoch,
            ended=lambda _: setattr(self, "over", self.over + 1),
        )

    def reader(self, language: str = "es", voice: VoiceKind | None = None, **seen: Any) -> Desk:
        desk = Desk()
        self.feed.attach(desk, 1000.0)
        self.feed.read(desk, language, voice, **seen)
        return desk

    def show(self, *captions: Caption) -> None:
        for one in captions:
            self.feed.show(one)
        self.clock.advance(GATHER_S)


def test_a_caption_appears_and_changes() -> None:
    house = House()
    desk = house.reader()
    house.show(caption(1, "Hola"))
    house.show(caption(1, "Hola a todos", final=True))
    lines = [event for event in desk.events() if event["t"] == "line"]
    assert [(line["text"], line["final"]) for line in lines] == [
        ("Hola", False),
        ("Hola a todos", True),
    ]
    assert lines[0]["name"] == "Ana"
    assert lines[0]["lang"] == "es"


def test_interims_that_come_together_are_sent_as_one() -> None:
    house = House()
    desk = house.reader()
    house.show(*(caption(1, f"Hola {n}") for n in range(20)))
    assert [event["text"] for event in desk.events() if event["t"] == "line"] == ["Hola 19"]


def test_readers_of_a_language_get_the_very_same_bytes() -> None:
    house = House()
    desks = [house.reader() for _ in range(10)]
    house.show(caption(1, "Hola"))
    house.show(caption(1, "Hola a todos"))
    assert len({id(desk.frames[-1]) for desk in desks}) == 1


def test_a_language_has_its_own_lines_alone() -> None:
    house = House()
    english, spanish = house.reader("en"), house.reader("es")
    house.show(caption(1, "Hola", language="es"), caption(2, "Hello", language="en"))
    assert list(english.texts().values()) == ["Hello"]
    assert list(spanish.texts().values()) == ["Hola"]


def test_the_original_is_shown_once_for_all_languages() -> None:
    house = House()
    desk = house.reader(ORIGINAL)
    said: dict[str, Any] = {"source": "Good morning", "source_language": "en", "utterance": 5}
    house.show(
        caption(1, "Buenos días", language="es", **said),
        caption(2, "صباح الخير", language="ar", **(said | {"source": "Good mornings"})),
    )
    house.show(caption(1, "Buenos días", **said, final=True, heard_out=True))
    lines = [event for event in desk.events() if event["t"] == "line"]
    assert {(line["id"], line["text"], line["lang"]) for line in lines} == {
        (5, "Good morning", "en")
    }
    assert [line["final"] for line in lines] == [False, True]


def test_an_original_that_the_room_shows_itself_is_the_same_line() -> None:
    house = House()
    house.feed.use_languages([*LANGUAGES, ORIGINAL])
    desk = house.reader(ORIGINAL)
    said: dict[str, Any] = {"source_language": "en", "utterance": 5}
    house.show(
        caption(1, "Hello", language=ORIGINAL, **said),
        caption(2, "Hola", source="Hello", **said),
    )
    house.show(caption(1, "Hello all", language=ORIGINAL, final=True, **said))
    assert desk.texts() == {5: "Hello all"}
    assert [event for event in desk.events() if event["t"] == "room"][-1]["languages"] == [
        *LANGUAGES
    ]


def test_what_is_not_translated_stands_as_it_was_said() -> None:
    house = House()
    desk = house.reader("es")
    house.show(caption(1, "", source="Guten Tag", source_language="de"))
    line = next(event for event in desk.events() if event["t"] == "line")
    assert (line["text"], line["lang"], line["original"]) == ("Guten Tag", "de", True)


def test_a_caption_that_is_taken_back_is_gone_everywhere() -> None:
    house = House()
    spanish, original = house.reader("es"), house.reader(ORIGINAL)
    house.show(caption(1, "Hola", source="Hello", source_language="en"))
    house.show(caption(1, "", final=True))
    assert spanish.texts() == original.texts() == {}
    assert [event["t"] for event in spanish.events()][-2:] == ["gone", "seq"]


def test_scroll_back_is_of_what_the_reader_was_there_for() -> None:
    house = House()
    house.show(caption(1, "Antes", final=True), caption(2, "En medio"))
    house.clock.advance(10)
    desk = Desk()
    house.feed.attach(desk, house.clock.now())
    house.feed.read(desk, "es", None)
    assert list(desk.texts().values()) == ["En medio"]
    house.show(caption(3, "Después", final=True))
    again = Desk()
    house.feed.attach(again, 1010.0)
    house.feed.read(again, "es", None)
    assert list(again.texts().values()) == ["En medio", "Después"]


def test_who_comes_back_gets_what_was_missed_and_that_alone() -> None:
    house = House()
    desk = house.reader()
    house.show(caption(1, "Uno", final=True), caption(2, "Dos"))
    house.feed.detach(desk)
    house.show(caption(2, "Dos y medio"))
    house.show(caption(2, "Dos y medio, final", final=True), caption(3, "Tres", final=True))
    back = house.reader(epoch="first", after=desk.seq)
    assert list(back.texts().values()) == ["Dos y medio, final", "Tres"]
    assert next(event for event in back.events() if event["t"] == "stream")["fresh"] is False


def test_numbers_of_another_feed_mean_nothing() -> None:
    house = House()
    house.show(caption(1, "Uno", final=True))
    for number in (1, 99, -5):
        back = house.reader(epoch="another", after=number)
        assert list(back.texts().values()) == ["Uno"]
        assert next(event for event in back.events() if event["t"] == "stream")["fresh"] is True


def test_who_was_away_too_long_is_told_that_lines_are_missing() -> None:
    house = House()
    desk = house.reader()
    house.show(caption(1, "Uno", final=True))
    house.feed.detach(desk)
    house.show(*(caption(n, f"Línea {n}", final=True) for n in range(2, KEPT + 10)))
    back = house.reader(epoch="first", after=desk.seq)
    assert next(event for event in back.events() if event["t"] == "stream")["missed"] is True
    assert len(back.texts()) == KEPT


def test_a_reader_whose_network_takes_nothing_delays_nobody_and_is_dropped() -> None:
    house = House()
    stuck, fluent = house.reader(), house.reader()
    stuck.stuck = True
    before = len(stuck.frames)
    for n in range(round(BEHIND_S)):
        house.show(caption(n + 1, f"Línea {n}", final=True))
        house.clock.advance(TEND_S - GATHER_S)
        assert len(fluent.texts()) == n + 1
    assert len(stuck.frames) == before
    house.clock.advance(2 * TEND_S)
    assert stuck.dropped
    assert not fluent.dropped
    assert house.feed.readers == (fluent,)


def test_a_reader_who_catches_up_in_time_gets_every_final_and_no_old_interim() -> None:
    house = House()
    desk = house.reader()
    house.show(caption(1, "Uno"))
    desk.stuck = True
    house.show(caption(1, "Uno y medio"))
    house.show(caption(1, "Uno final", final=True), caption(2, "Dos", final=True))
    desk.stuck = False
    house.clock.advance(TEND_S)
    lines = [event["text"] for event in desk.events() if event["t"] == "line"]
    assert lines == ["Uno", "Uno final", "Dos"]
    assert not desk.dropped


def test_the_page_says_how_the_room_is() -> None:
    house = House()
    desk = house.reader()
    for state in (RoomState.DEAF, RoomState.PAUSED, RoomState.LIVE):
        house.feed.state(state)
        house.feed.speaking([ANA, BEN])
        house.clock.advance(GATHER_S)
        room = [event for event in desk.events() if event["t"] == "room"][-1]
        assert room["state"] == state
    assert [member["name"] for member in room["speaking"]] == ["Ana", "Ben"]
    assert str(ANA.id) not in json.dumps(room["speaking"])


def test_an_end_brings_the_last_lines_and_then_closes() -> None:
    house = House()
    desk = house.reader()
    house.feed.show(caption(1, "Adiós", final=True))
    house.feed.end()
    assert list(desk.texts().values()) == ["Adiós"]
    assert desk.ended is CloseCode.ENDED
    house.feed.end()
    house.feed.state(RoomState.LIVE)
    assert house.over == 1
    assert house.clock.pending == 0


def test_who_may_no_longer_read_gets_nothing_from_then_on() -> None:
    house = House()
    barred, other = house.reader(), house.reader()
    barred.member_id = 5
    house.audience.barred.add(5)
    house.feed.readers_changed()
    seen = len(barred.frames)
    house.show(caption(1, "Secreto", final=True))
    assert barred.ended is CloseCode.NOT_ALLOWED
    assert len(barred.frames) == seen
    assert list(other.texts().values()) == ["Secreto"]


def test_a_voice_is_asked_for_once_and_only_while_somebody_listens() -> None:
    house = House()
    house.reader("es")
    assert house.audience.listened == []
    desks = [house.reader("es", VoiceKind.OPUS) for _ in range(10)]
    assert house.audience.listened == [frozenset({"es"})]
    for desk in desks:
        house.feed.detach(desk)
    house.clock.advance(LINGER_S / 2)
    assert house.audience.listened == [frozenset({"es"})]
    house.clock.advance(LINGER_S)
    assert house.audience.listened == [frozenset({"es"}), frozenset()]


def test_who_comes_back_soon_or_switches_keeps_the_voice_open() -> None:
    house = House()
    desk = house.reader("es", VoiceKind.OPUS)
    house.feed.detach(desk)
    house.clock.advance(LINGER_S - 1)
    back = house.reader("es", VoiceKind.OPUS)
    house.clock.advance(3 * LINGER_S)
    assert house.audience.listened == [frozenset({"es"})]
    house.feed.read(back, "en", VoiceKind.OPUS)
    house.clock.advance(LINGER_S)
    assert house.audience.listened[1:] == [frozenset({"es", "en"}), frozenset({"en"})]


def test_nobody_listens_to_the_original() -> None:
    house = House()
    house.reader(ORIGINAL, VoiceKind.OPUS)
    assert house.audience.listened == []


def heard(packets: Iterable[bytes], kind: VoiceKind) -> tuple[bytes, list[int]]:
    """The samples of voice packets, and the numbers of their frames."""
    decoder = Decoder(24_000)
    pcm, numbers = b"", []
    for packet in packets:
        assert packet[0] == kind
        number, at = int.from_bytes(packet[4:8], "big"), 8
        while at < len(packet):
            size = int.from_bytes(packet[at : at + 2], "big")
            frame = packet[at + 2 : at + 2 + size]
            pcm += frame if kind is VoiceKind.PCM else decoder.decode(frame)
            numbers.append(number)
            number, at = number + 1, at + 2 + size
    return pcm, numbers


def test_voice_is_coded_once_for_all_and_whole() -> None:
    house = House()
    opus = [house.reader("es", VoiceKind.OPUS) for _ in range(3)]
    plain = house.reader("es", VoiceKind.PCM)
    silent = house.reader("es")
    said = tone(0.33)
    for at in range(0, len(said), 1234):
        house.feed.voice("es", said[at : at + 1234])
    house.feed.voice_ended("es")
    house.feed.voice("en", said)  # to which nobody listens
    assert len({tuple(map(id, desk.frames[-5:])) for desk in opus}) == 1
    pcm, numbers = heard(plain.voice(), VoiceKind.PCM)
    assert pcm[: len(said)] == said
    assert numbers == list(range(17))  # 16.5, filled up
    assert heard(opus[0].voice(), VoiceKind.OPUS)[1] == numbers
    assert silent.voice() == []
    assert opus[0].voice()[-1][1] == 1  # the last of its utterance


def test_who_does_not_keep_up_hears_a_gap_not_the_past() -> None:
    house = House()
    desk = house.reader("es", VoiceKind.PCM)
    house.feed.voice("es", tone(0.1))
    desk.stuck = True
    house.feed.voice("es", tone(0.1))
    desk.stuck = False
    house.feed.voice("es", tone(0.1))
    assert heard(desk.voice(), VoiceKind.PCM)[1] == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


def test_voice_that_is_taken_back_is_cut() -> None:
    house = House()
    desk = house.reader("es", VoiceKind.OPUS)
    house.feed.voice("es", tone(0.1))
    house.feed.voice_cut("es")
    assert desk.voice()[-1][1] == 2


def test_the_page_says_where_a_voice_stands() -> None:
    house = House()
    desk = house.reader("es")
    house.feed.spoken("es", SpokenState.OPENING)
    house.feed.spoken("ar", SpokenState.NONE)
    house.clock.advance(GATHER_S)
    room = [event for event in desk.events() if event["t"] == "room"][-1]
    assert room["spoken"] == {"en": "text", "es": "opening", "ar": "none"}


def test_a_language_that_the_room_no_longer_has_gives_way_to_its_first() -> None:
    house = House()
    house.feed.use_languages(["en"])
    desk = house.reader("es")
    assert next(e for e in desk.events() if e["t"] == "stream")["language"] == "en"


_STEP = st.one_of(
    st.tuples(st.just("show"), st.integers(1, 6), st.text("ab", min_size=1), st.booleans()),
    st.tuples(st.just("stuck"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.05, 1.0])),
    st.tuples(st.just("return")),
    st.tuples(st.just("withdraw"), st.integers(1, 6)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_STEP, max_size=60))
def test_whatever_happens_a_reader_ends_with_what_stands(  # noqa: C901 - a step is a case
    steps: list[tuple[Any, ...]],
) -> None:
    house = House()
    desk = house.reader()
    standing: dict[int, str] = {}
    settled: set[int] = set()
    page: dict[int, str] = {}

    def look() -> None:
        for event in desk.events():
            if event["t"] == "line":
                page[event["id"]] = event["text"]
            elif event["t"] == "gone":
                page.pop(event["id"], None)

    for step in steps:
        match step:
            case ("show", key, text, final) if key not in settled:
                house.feed.show(caption(key, text, final=final))
                standing[key] = text
                if final:
                    settled.add(key)
            case ("withdraw", key) if key in standing and key not in settled:
                house.feed.show(caption(key, "", final=True))
                del standing[key]
                settled.add(key)
            case ("stuck", stuck):
                desk.stuck = stuck
            case ("wait", seconds):
                house.clock.advance(seconds)
            case ("return",):
                look()
                house.feed.detach(desk)
                desk = house.reader(epoch="first", after=desk.seq)
    desk.stuck = False
    house.clock.advance(2.0)
    if desk.dropped:
        desk = house.reader(epoch="first", after=desk.seq)
    look()
    assert page == standing
