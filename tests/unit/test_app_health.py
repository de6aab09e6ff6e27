from bot.web.report import health_of

WELL = {"deaf": 0.0, "rejoins": 0.0}


def test_a_bot_where_nobody_has_spoken_yet_is_healthy() -> None:
    healthy, details = health_of(ready=True, rooms=1, links=[WELL])
    assert healthy
    assert details == {
        "status": "ok", "reasons": [], "troubles": {},
        "gateway": True, "database": True, "rooms": 1, "deaf": 0, "heard_ago_s": None, "repairs": 0
    }  # fmt: skip


def test_a_long_silence_alone_is_healthy_and_the_newest_speech_counts() -> None:
    links = [WELL | {"heard_ago_s": 7200.0}, WELL | {"heard_ago_s": 3600.04, "rejoins": 2.0}]
    healthy, details = health_of(ready=True, rooms=2, links=links)
    assert healthy
    assert (details["heard_ago_s"], details["repairs"]) == (3600.0, 2)


def test_a_deaf_link_is_not_healthy() -> None:
    healthy, details = health_of(ready=True, rooms=2, links=[WELL, WELL | {"deaf": 1.0}])
    assert not healthy
    assert details["deaf"] == 1
    assert details["reasons"] == ["Rooms that hear nobody, for want of a working connection: 1."]


def test_a_bot_without_its_gateway_or_its_database_is_not_healthy_and_says_so() -> None:
    healthy, details = health_of(ready=False, database=False, rooms=0, links=[])
    assert not healthy
    assert details["reasons"] == [
        "The bot is not connected to Discord.",
        "The database does not answer.",
    ]


def test_figures_of_usage_stand_beside_and_make_nobody_unhealthy() -> None:
    healthy, details = health_of(ready=True, rooms=0, links=[], figures={"usage_dropped": 3})
    assert healthy
    assert (details["usage_dropped"], details["rooms"]) == (3, 0)
