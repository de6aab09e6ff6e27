from bot.voice.watch.expected import Expected


def test_a_member_who_is_announced_and_of_whom_nothing_comes_for_three_seconds_is_overdue() -> None:
    expected = Expected({})
    expected.announced(1, 10.0)
    expected.announced(1, 12.0)
    assert not expected.overdue(12.9)
    assert expected.overdue(13.0)


def test_a_member_of_whom_anything_came_is_not_overdue() -> None:
    came = {1: 12.9}
    expected = Expected(came)
    expected.announced(1, 10.0)
    assert not expected.overdue(13.0)
    assert not expected.overdue(60.0)  # who falls silent owes nothing more
    expected.announced(1, 61.0)
    assert expected.overdue(64.0)


def test_audio_that_overtook_its_announcement_counts() -> None:
    expected = Expected({1: 9.5})
    expected.announced(1, 10.0)
    assert not expected.overdue(60.0)


def test_what_came_long_before_an_announcement_does_not_count() -> None:
    expected = Expected({1: 5.0})
    expected.announced(1, 10.0)
    assert expected.overdue(13.0)


def test_a_member_who_ends_or_leaves_is_not_overdue() -> None:
    expected = Expected({})
    for user_id, end in ((1, expected.ended), (2, expected.left)):
        expected.announced(user_id, 10.0)
        end(user_id)
    assert not expected.overdue(60.0)


def test_nothing_is_expected_of_those_who_took_their_consent_back() -> None:
    expected = Expected({})
    expected.announced(1, 10.0)
    expected.keep(frozenset({2}))
    assert not expected.overdue(60.0)


def test_who_was_not_heard_even_afresh_is_believed_again_only_once_something_came() -> None:
    came: dict[int, float] = {}
    expected = Expected(came)
    expected.announced(1, 10.0)
    expected.disbelieve(13.0)
    expected.announced(1, 14.0)
    assert not expected.overdue(60.0)
    came[1] = 50.0
    expected.announced(1, 61.0)
    assert expected.overdue(64.0)


def test_a_new_connection_expects_nobody() -> None:
    expected = Expected({})
    expected.announced(1, 10.0)
    expected.restart()
    assert not expected.overdue(60.0)
