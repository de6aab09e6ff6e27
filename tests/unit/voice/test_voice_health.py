from bot.voice.health import Patience, Vitals, ailment


def test_a_link_that_works_has_no_ailment() -> None:
    assert ailment(Vitals(), 1000.0) is None


def test_a_dead_poller_is_an_ailment_at_once() -> None:
    assert ailment(Vitals(poller_ended=True), 0.0) == "poller ended"


def test_a_closed_gateway_is_an_ailment_at_once_but_when_it_may_be_a_move() -> None:
    assert ailment(Vitals(down_since=10.0, close_code=4006), 10.0) == "gateway down"
    assert ailment(Vitals(down_since=10.0, close_code=4014), 10.9) is None
    assert ailment(Vitals(down_since=10.0, close_code=4014), 11.0) == "gateway down"


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
