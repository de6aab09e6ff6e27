from bot.room.wanted import GRACE_S, Wanted


def test_what_is_read_is_added_behind_what_was_chosen() -> None:
    wanted = Wanted(("en", "es"), 5)
    assert wanted.settle(["fr", "en", "fr", "de"], 0) == ("en", "es", "fr", "de")
    assert wanted.next_at is None


def test_a_language_stays_for_a_minute_after_its_last_reader() -> None:
    wanted = Wanted(("en",), 5)
    wanted.settle(["fr"], 0)
    assert wanted.settle([], 10) == ("en", "fr")
    assert wanted.next_at == 10 + GRACE_S
    assert wanted.settle([], 10 + GRACE_S - 1) == ("en", "fr")


def test_a_reader_who_comes_back_in_time_loses_nothing() -> None:
    wanted = Wanted(("en",), 5)
    wanted.settle(["fr"], 0)
    wanted.settle([], 10)
    assert wanted.settle(["fr"], 10 + GRACE_S - 1) == ("en", "fr")
    assert wanted.next_at is None
    wanted.settle([], 100)
    assert wanted.settle([], 100 + GRACE_S) == ("en",)


def test_no_more_than_the_room_may_have_first_come_first() -> None:
    wanted = Wanted(("en",), 2)
    assert wanted.settle(["fr", "de"], 0) == ("en", "fr")
    assert wanted.settle(["de", "fr"], 1) == ("en", "fr")


def test_a_language_without_readers_gives_way_to_one_with() -> None:
    wanted = Wanted(("en",), 3)
    wanted.settle(["fr", "de"], 0)
    wanted.settle(["de"], 1)
    assert wanted.settle(["de", "ja"], 2) == ("en", "de", "ja")


def test_chosen_languages_come_before_those_that_are_read() -> None:
    wanted = Wanted(("en",), 2)
    wanted.settle(["fr"], 0)
    wanted.chosen = ("en", "es")
    assert wanted.settle(["fr"], 1) == ("en", "es")
    wanted.chosen = ("en",)
    assert wanted.settle(["fr"], 2) == ("en", "fr")


def test_a_language_that_was_read_and_is_chosen_stands_where_it_was_chosen() -> None:
    wanted = Wanted(("en",), 3)
    wanted.settle(["fr"], 0)
    wanted.chosen = ("fr", "en")
    assert wanted.settle(["fr"], 1) == ("fr", "en")
    assert wanted.settle([], 2) == ("fr", "en")
    assert wanted.next_at is None
