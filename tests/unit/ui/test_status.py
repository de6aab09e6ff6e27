import pytest

from bot.domain.cost import Cost, Today
from bot.domain.events import ConversationState, Member, Usage
from bot.domain.plan import RoomPlan, RoomStatus, SpeakerStatus
from bot.domain.spent import Spent
from bot.ui import status
from bot.usage.prices import Prices
from tests.support.rooms import UNSPENT

NOW = 10_000.0
HEARD = SpeakerStatus(Member(1, "Ana"), True, True, {"en": ConversationState.OPEN})  # noqa: FBT003
OUT = SpeakerStatus(Member(2, "Ben_"), False, False, {})  # noqa: FBT003


def room(
    heard_ago_s: float | None = None,
    *speakers: SpeakerStatus,
    spoken: str | None = None,
    paused: bool = False,
    today: Today = UNSPENT,
    **figures: float,
) -> RoomStatus:
    plan = RoomPlan(1, 10, 20, ("en", "es"), spoken)
    people = speakers or (HEARD, OUT)
    return RoomStatus(
        plan, 75.0, heard_ago_s, people, 3, Usage(), figures, today, paused, chosen=("en",)
    )


def lines(state: RoomStatus, locale: str = "en-US", waiting: int = 0) -> list[str]:
    return status.text(state, locale, NOW, waiting=waiting).splitlines()


def test_it_says_who_is_heard_and_who_is_not_and_why() -> None:
    assert lines(room(60.0)) == [
        "### Translating <#10> into English, Spanish",
        "Started <t:9925:t>. Captions appear in <#20>.",
        "Added for readers: Spanish.",
        "Last heard <t:9940:R>.",
        "- Ana: speaking, translated into English",
        "- Ben\\_: not heard, has not joined in",
        "-# This call: 0.0 minutes translated",
        "-# Today in this server: 0.0 minutes translated; cost nothing (an estimate)",
    ]


IDLE, WAITING, OPENING, OPEN, CLOSED = ConversationState


@pytest.mark.parametrize(
    ("speaking", "conversations", "said"),
    [
        (False, {}, "heard, has not spoken yet"),
        (False, {"en": OPEN, "es": IDLE}, "heard"),
        (True, {"en": OPEN, "es": IDLE}, "speaking, translated into English, Spanish"),
        (True, {"en": WAITING, "es": WAITING}, "heard, waiting for the service"),
        (True, {"en": OPENING}, "heard, connecting"),
        (True, {"en": CLOSED, "es": CLOSED}, "heard, but not translated"),
        (
            True,
            {"en": OPEN, "es": WAITING, "fr": CLOSED},
            "heard (English: ready, Spanish: waiting for the service, French: not translated)",
        ),
    ],
)
def test_it_says_what_becomes_of_what_is_said(
    speaking: bool,  # noqa: FBT001 - a case of the table
    conversations: dict[str, ConversationState],
    said: str,
) -> None:
    speaker = SpeakerStatus(Member(1, "Ana"), True, speaking, conversations)  # noqa: FBT003
    assert f"- Ana: {said}" in lines(room(60.0, speaker))


def test_while_time_alone_passes_it_stays_the_same() -> None:
    later = RoomStatus(RoomPlan(1, 10, 20, ("en",)), 85.0, 40.0, (OUT,), 3, Usage(), {}, UNSPENT)
    before = RoomStatus(RoomPlan(1, 10, 20, ("en",)), 75.0, 30.0, (OUT,), 3, Usage(), {}, UNSPENT)
    assert status.text(before, "en-US", NOW) == status.text(later, "en-US", NOW + 10)


def test_when_the_bot_is_deafened_nobody_is_heard_for_that_reason() -> None:
    shown = lines(room(60.0, deafened=1.0))
    assert "**Nobody is being heard right now: I'm server deafened.**" in shown
    assert "- Ana: not heard, I'm server deafened" in shown
    assert "- Ben\\_: not heard, has not joined in" in shown


def test_when_the_link_is_being_repaired_it_says_so() -> None:
    assert "- Ana: not heard, I'm reconnecting" in lines(room(deaf=1.0))


def test_it_says_when_it_is_paused_and_when_nobody_spoke() -> None:
    assert "**Paused: nobody is heard.**" in lines(room(60.0, paused=True))
    assert "Nobody has been heard yet." in lines(room())
    assert "Last heard just now." in lines(room(2.0))


def test_it_counts_the_repairs_so_far() -> None:
    assert "The voice connection was repaired once." in lines(room(rejoins=1.0))
    assert "The voice connection was repaired 11 times." in lines(room(rejoins=11.0))


def test_it_says_what_is_spoken_and_why_it_is_not() -> None:
    assert "English is read aloud in the channel." in lines(room(spoken="en"))
    muted = "English can't be read aloud: I'm server muted."
    assert muted in lines(room(spoken="en", muted=1.0))
    audience = "English can't be read aloud: I'm in the stage's audience."
    assert audience in lines(room(spoken="en", audience=1.0))


def test_it_says_who_cannot_be_given_the_language_they_read() -> None:
    reader = SpeakerStatus(Member(3, "Cy"), False, False, {}, unread="fr")  # noqa: FBT003
    assert (
        "- Cy: not heard, has not joined in; "
        "reads French, but there is no room for another language"
    ) in lines(room(None, reader))


def test_it_fits_a_message_however_many_are_there() -> None:
    crowd = tuple(SpeakerStatus(Member(1, "x" * 32), False, False, {}) for _ in range(99))  # noqa: FBT003
    for locale in ("en-US", "de", "ja"):
        assert len(status.text(room(None, *crowd), locale, NOW)) <= 2000


def test_its_foot_tells_who_waits_and_what_today_cost() -> None:
    assert lines(room(today=Today(1.5, 10, Cost(0.25))), waiting=2)[-2:] == [
        "-# Waiting for the translation service: 2 translations",
        "-# Today in this server: 1.5 of 10 minutes translated; cost about $0.25 (an estimate)",
    ]


def test_its_foot_tells_whose_prices_the_estimate_is_made_of() -> None:
    cost = Prices().cost({"qwen3-livetranslate-flash-realtime": Spent(tokens_in=10**6)})
    assert lines(room(today=Today(1.5, 0, cost)))[-1] == (
        "-# Today in this server: 1.5 minutes translated; cost about $10.00 "
        "(an estimate; prices: models.dev (Singapore, 2026-11-26))"
    )


def test_a_room_that_is_over_is_summed_up() -> None:
    assert status.summary(room(60.0), "en-US", NOW).splitlines() == [
        "### <#10> was translated into English, Spanish",
        "From <t:9925:t> to <t:10000:t>.",
        "-# This call: 0.0 minutes translated",
        "-# Today in this server: 0.0 minutes translated; cost nothing (an estimate)",
    ]
