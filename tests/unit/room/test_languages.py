import pytest

from bot.room.languages import GRACE_S, Allowed, LanguageChoice, Reading, outlook


def wanted_of(
    *chosen: str, most: int = 5, guests: int = 4, own: int | None = None
) -> LanguageChoice:
    return LanguageChoice(chosen, Allowed(most, guests, own))


def test_what_is_read_is_added_behind_what_was_chosen() -> None:
    wanted = wanted_of("en", "es")
    assert wanted.settle(["fr", "en", "fr", "de"], 0) == ("en", "es", "fr", "de")
    assert wanted.next_at is None


def test_a_language_stays_for_a_minute_after_its_last_reader() -> None:
    wanted = wanted_of("en")
    wanted.settle(["fr"], 0)
    assert wanted.settle([], 10) == ("en", "fr")
    assert wanted.next_at == 10 + GRACE_S
    assert wanted.settle([], 10 + GRACE_S - 1) == ("en", "fr")


def test_a_reader_who_comes_back_in_time_loses_nothing() -> None:
    wanted = wanted_of("en")
    wanted.settle(["fr"], 0)
    wanted.settle([], 10)
    assert wanted.settle(["fr"], 10 + GRACE_S - 1) == ("en", "fr")
    assert wanted.next_at is None
    wanted.settle([], 100)
    assert wanted.settle([], 100 + GRACE_S) == ("en",)


def test_no_more_than_the_room_may_have_first_come_first() -> None:
    wanted = wanted_of("en", most=2)
    assert wanted.settle(["fr", "de"], 0) == ("en", "fr")
    assert wanted.settle(["de", "fr"], 1) == ("en", "fr")


def test_a_language_without_readers_gives_way_to_one_with() -> None:
    wanted = wanted_of("en", most=3)
    wanted.settle(["fr", "de"], 0)
    wanted.settle(["de"], 1)
    assert wanted.settle(["de", "ja"], 2) == ("en", "de", "ja")


def test_chosen_languages_come_before_those_that_are_read() -> None:
    wanted = wanted_of("en", most=2)
    wanted.settle(["fr"], 0)
    wanted.chosen = ("en", "es")
    assert wanted.settle(["fr"], 1) == ("en", "es")
    wanted.chosen = ("en",)
    assert wanted.settle(["fr"], 2) == ("en", "fr")


def test_a_language_that_was_read_and_is_chosen_stands_where_it_was_chosen() -> None:
    wanted = wanted_of("en", most=3)
    wanted.settle(["fr"], 0)
    wanted.chosen = ("fr", "en")
    assert wanted.settle(["fr"], 1) == ("fr", "en")
    assert wanted.settle([], 2) == ("fr", "en")
    assert wanted.next_at is None


def test_guests_add_no_more_languages_than_they_may_whatever_the_room_could_have() -> None:
    wanted = wanted_of("en", guests=2)
    assert wanted.settle(["fr", "de", "ja", "it"], 0) == ("en", "fr", "de")
    assert wanted.read == ("fr", "de")
    assert not wanted.has_place
    wanted.settle(["ja", "de", "it"], 1)  # who read French went
    assert wanted.settle(["it", "ja", "de"], 2) == ("en", "de", "ja")


def test_what_the_starter_said_counts_before_what_the_server_set() -> None:
    assert wanted_of("en", guests=2, own=0).settle(["fr"], 0) == ("en",)
    assert wanted_of("en", guests=0, own=1).settle(["fr", "de"], 0) == ("en", "fr")


def test_guests_that_may_add_less_than_they_did_lose_what_came_last() -> None:
    wanted = wanted_of("en", guests=3)
    wanted.settle(["fr", "de", "ja"], 0)
    wanted.settle(["de", "ja"], 1)
    wanted.allowed = Allowed(5, 1)
    assert wanted.settle(["de", "ja"], 2) == ("en", "de")


def test_a_language_rests_while_nobody_present_reads_it() -> None:
    wanted = wanted_of("en", guests=1)
    wanted.settle(["fr"], 0)
    assert wanted.resting == frozenset()
    assert wanted.settle([], 1) == ("en", "fr")
    assert wanted.resting == {"fr"}
    assert wanted.has_place, "for another's language"
    wanted.settle(["fr"], 2)
    assert wanted.resting == frozenset()


def test_a_room_full_of_chosen_languages_has_no_place_for_guests() -> None:
    assert wanted_of("en", "es", most=2).settle(["fr"], 0) == ("en", "es")


@pytest.mark.parametrize(
    ("reads", "guests", "found"),
    [
        (None, 0, Reading.GIVEN),
        ("en", 0, Reading.GIVEN),
        ("fr", 1, Reading.GIVEN),
        ("fr", 0, Reading.CLOSED),
        ("ca", 1, Reading.UNWRITTEN),
        ("ca", 0, Reading.UNWRITTEN),
    ],
)
def test_whether_a_language_can_be_read_is_known_before_there_is_a_room(
    reads: str | None, guests: int, found: Reading
) -> None:
    assert outlook(reads, ("en",), {"en", "fr"}, guests) is found
