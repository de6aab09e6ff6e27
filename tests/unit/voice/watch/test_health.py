from bot.voice.watch.health import Patience, Trouble, Vitals, ailment


def test_a_link_that_works_has_no_ailment() -> None:
    assert ailment(Vitals(), 1000.0) is None


def test_a_dead_poller_is_an_ailment_at_once() -> None:
    assert ailment(Vitals(poller_ended=True), 0.0) == "poller ended"


def test_a_closed_gateway_is_an_ailment_at_once_but_when_it_may_be_a_move() -> None:
    assert ailment(Vitals(down_since=10.0, close_code=4006), 10.0) == "gateway down"
    assert ailment(Vitals(down_since=10.0, close_code=4014), 10.9) is None
    assert ailment(Vitals(down_since=10.0, close_code=4014), 11.0) == "gateway down"


def test_being_in_no_channel_is_an_ailment_at_once() -> None:
    assert ailment(Vitals(absent=True), 0.0) == "absent"


def test_a_connection_that_does_not_come_back_is_an_ailment_after_a_while() -> None:
    assert ailment(Vitals(apart_since=10.0, trying=True), 19.9) is None
    assert ailment(Vitals(apart_since=10.0, trying=True), 20.0) == "apart"
    assert ailment(Vitals(apart_since=10.0), 10.9) is None
    assert ailment(Vitals(apart_since=10.0), 11.0) == "apart"


def test_others_without_their_keys_are_an_ailment_after_a_while() -> None:
    assert ailment(Vitals(keyless_since=10.0), 17.0) is None
    assert ailment(Vitals(keyless_since=10.0), 18.0) == "keyless"


def test_three_seconds_of_packets_that_do_not_open_are_deafness() -> None:
    assert ailment(Vitals(failing_since=10.0, failing_until=12.9), 13.0) is None
    assert ailment(Vitals(failing_since=10.0, failing_until=13.0), 13.1) == "deaf"


def test_packets_that_did_not_open_long_ago_are_no_deafness() -> None:
    assert ailment(Vitals(failing_since=10.0, failing_until=14.0), 60.0) is None


def test_rejoining_rests_longer_each_time_and_ends() -> None:
    patience = Patience()
    assert [patience.rest_s(0.0) for _ in range(6)] == [0.0, 1.0, 2.0, 5.0, 10.0, 30.0]
    assert patience.exhausted


def test_after_a_minute_of_health_the_next_rejoin_is_at_once_again() -> None:
    patience = Patience()
    patience.rest_s(0.0)
    patience.rest_s(1.0)
    assert patience.rest_s(100.0) == 0.0
    assert not patience.exhausted


def test_a_member_said_to_speak_of_whom_nothing_comes_is_an_ailment() -> None:
    assert ailment(Vitals(unheard=True), 10.0) == "unheard"


def test_being_rate_limited_rests_longer_than_any_other_close() -> None:
    assert Patience().rest_s(0.0, 4021) == 30.0
    assert Patience().rest_s(0.0, 4006) == 0.0


def test_patience_is_fresh_before_the_first_attempt_and_a_minute_after_the_last() -> None:
    patience = Patience()
    assert patience.fresh(0.0)
    patience.rest_s(0.0)
    assert not patience.fresh(60.0)
    assert patience.fresh(60.1)


def test_trouble_of_less_than_three_seconds_is_not_told() -> None:
    trouble = Trouble()
    steps = [trouble.step(now, ailing=now < 12.9) for now in (10.0, 11.0, 12.8, 12.9, 20.0)]
    assert steps == [None] * 5


def test_trouble_that_lasts_is_told_once_and_so_is_its_end() -> None:
    trouble = Trouble()
    steps = [trouble.step(now, ailing=now < 15.0) for now in (10.0, 13.0, 14.0, 15.0, 16.0)]
    assert steps == [None, True, None, False, None]
