from bot.voice.expected import Expected


def test_a_member_who_is_announced_and_not_heard_for_three_seconds_is_overdue() -> None:
    expected = Expected()
    expected.announced(1, 10.0)
    expected.announced(1, 12.0)
    assert not expected.overdue(12.9)
    assert expected.overdue(13.0)


def test_a_member_who_is_heard_or_ends_or_leaves_is_not_overdue() -> None:
    expected = Expected()
    for user_id, end in ((1, expected.heard), (2, expected.ended), (3, expected.left)):
        expected.announced(user_id, 10.0)
        end(user_id)
    assert not expected.overdue(60.0)


def test_nothing_is_expected_of_those_who_took_their_consent_back() -> None:
    expected = Expected()
    expected.announced(1, 10.0)
    expected.keep(frozenset({2}))
    assert not expected.overdue(60.0)


def test_who_was_not_heard_even_afresh_is_believed_again_only_once_heard() -> None:
    expected = Expected()
    expected.announced(1, 10.0)
    expected.disbelieve(13.0)
    expected.announced(1, 14.0)
    assert not expected.overdue(60.0)
    expected.heard(1)
    expected.announced(1, 61.0)
    assert expected.overdue(64.0)


def test_a_new_connection_expects_nobody() -> None:
    expected = Expected()
    expected.announced(1, 10.0)
    expected.restart()
    assert not expected.overdue(60.0)
