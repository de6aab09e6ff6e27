"""Several utterances in one message, as a schedule posts them when requests are scarce."""

from dataclasses import replace

from bot.chat.budget import Budget
from bot.chat.message import Change, Edit, Post
from bot.chat.rendering.render import Style
from bot.chat.schedule import Schedule
from bot.chat.transport import DIGEST, MessageRef
from bot.domain.events import Caption, Member

ANA, BEN = Member(1, "Ana"), Member(2, "*Ben*")


def said(key: int, speaker: Member, text: str, language: str = "en") -> Caption:
    return Caption(key, speaker, language, text, "", None, final=True, began_at=float(key))


def scarce(*languages: str) -> Schedule:
    """A schedule whose tank is empty at second 100."""
    budget = Budget()
    while budget.level(100.0) >= 1:
        budget.started(100.0)
        budget.answered(100.0)
    return Schedule(budget, Style(languages or ("en",), originals=False))


def requests(schedule: Schedule, until: float = 160.0) -> list[Change]:
    made: list[Change] = []
    now = 100.0
    while now < until:
        step = schedule.next(now)
        if isinstance(step, float):
            now = step
            continue
        made.append(step)
        ref = MessageRef(len(made), 7) if isinstance(step, Post) else None
        schedule.succeeded(step, ref, now)
    return made


def test_utterances_in_a_row_of_one_speaker_share_a_message_under_their_name() -> None:
    schedule = scarce()
    for key, text in ((1, "One."), (2, "Two."), (3, "Three.")):
        schedule.show(said(key, ANA, text), 100.0)
    (post,) = requests(schedule)
    assert (post.speaker, post.content) == (ANA, "One.\nTwo.\nThree.")  # type: ignore[union-attr] # a post


def test_a_digest_names_each_speaker_once_in_the_order_of_speech() -> None:
    schedule = scarce("en", "de")
    for key, speaker, text in ((2, BEN, "Two."), (1, ANA, "One."), (3, BEN, "Three.")):
        schedule.show(said(key, speaker, text), 100.0)
    (post,) = requests(schedule)
    assert isinstance(post, Post)
    assert post.speaker == DIGEST
    assert post.content == "**Ana** `EN` One.\n**\\*Ben\\*** `EN` Two.\n`EN` Three."


def test_a_notice_keeps_its_place_between_what_is_said() -> None:
    schedule = scarce()
    for key in (98, 99):
        schedule.show(said(key, Member(key, f"s{key}"), "Before."), 100.0)
    schedule.say("Ana joined.", 100.0)
    for key in (101, 102):
        schedule.show(said(key, Member(key, f"s{key}"), "After."), 100.0)
    posts = [post for post in requests(schedule) if isinstance(post, Post)]
    assert [post.speaker for post in posts][:2] == [DIGEST, None]


def test_what_is_not_final_is_left_out_of_a_digest_and_comes_later() -> None:
    schedule = scarce("en", "de")
    schedule.show(said(1, ANA, "One."), 100.0)
    schedule.show(replace(said(2, ANA, "Ei", "de"), began_at=1.0, final=False), 100.0)
    schedule.show(said(3, BEN, "Two."), 100.0)
    first = requests(schedule, 105.0)
    schedule.show(replace(said(2, ANA, "Eins.", "de"), began_at=1.0), 105.0)
    second = requests(schedule)
    assert [change.content for change in first if isinstance(change, Post)] == [
        "**Ana** `EN` One.\n**\\*Ben\\*** `EN` Two."
    ]
    assert [change.content for change in second if isinstance(change, Post)] == ["`DE` Eins."]


def test_a_digest_that_would_not_fit_goes_on_in_the_next_message() -> None:
    schedule = scarce()
    for key in range(1, 6):
        schedule.show(said(key, Member(key, f"s{key}"), "word " * 120), 100.0)
    posts = [post for post in requests(schedule) if isinstance(post, Post)]
    assert len(posts) > 1
    assert all(len(post.content) <= 2000 for post in posts)
    shown = [f"{post.speaker and post.speaker.name} {post.content}" for post in posts]
    names = ("s1", "s2", "s3", "s4", "s5")
    assert [name for text in shown for name in names if name in text] == list(names)


def test_a_text_that_is_extended_after_a_digest_is_corrected_in_it() -> None:
    schedule = scarce()
    schedule.show(said(1, ANA, "One."), 100.0)
    schedule.show(said(2, BEN, "Two."), 100.0)
    requests(schedule, 105.0)
    schedule.show(said(1, ANA, "One and more."), 105.0)
    (edit,) = requests(schedule, 130.0)
    assert isinstance(edit, Edit)
    assert edit.content == "**Ana** One and more.\n**\\*Ben\\*** Two."


SPOKEN = replace(
    said(1, ANA, "Hola.", "es"), source_text="Hello", source_language="en", utterance=1
)
OWN = replace(
    said(2, ANA, "Hello.", "en"),
    began_at=1.0,
    source_text="Hello.",
    source_language="en",
    utterance=1,
)


def test_what_was_said_stands_once_though_its_own_line_is_final_later() -> None:
    schedule = scarce("en", "es")
    schedule.show(SPOKEN, 100.0)
    schedule.show(replace(OWN, text="Hel", source_text="Hel", final=False), 100.0)
    schedule.show(said(3, BEN, "Two."), 100.0)
    first = requests(schedule, 105.0)
    schedule.show(OWN, 105.0)
    later = requests(schedule)
    assert [change.content for change in first if isinstance(change, Post)] == [
        "**Ana** `ES` Hola.\n**\\*Ben\\*** `EN` Two."
    ]
    assert [change.content for change in later if isinstance(change, Post)] == ["`EN` Hello."]


def test_a_line_of_its_own_that_comes_late_takes_the_place_of_the_same_words() -> None:
    schedule = scarce("en", "es")
    schedule.show(SPOKEN, 100.0)
    schedule.show(said(3, BEN, "Two."), 100.0)
    first = requests(schedule, 102.9)
    schedule.show(OWN, 102.9)
    later = requests(schedule)
    assert [change.content for change in first if isinstance(change, Post)] == [
        "**Ana** `EN` Hello\n`ES` Hola.\n**\\*Ben\\*** `EN` Two."
    ]
    assert [change.content for change in later if isinstance(change, Edit)] == [
        "**Ana** `EN` Hello.\n`ES` Hola.\n**\\*Ben\\*** `EN` Two."
    ]
    assert not any(isinstance(change, Post) for change in later)
