from bot.totals import Totals


def test_a_sum_goes_on_when_a_part_has_ended() -> None:
    totals = Totals()
    first, second = {"sent": 3.0}, {"sent": 1.0, "lost": 2.0}
    end = totals.add(lambda: first)
    totals.add(lambda: second)
    assert totals.read() == {"sent": 4.0, "lost": 2.0}
    first["sent"] = 5.0
    end()
    end()
    first["sent"] = 9.0
    second["sent"] = 2.0
    assert totals.read() == {"sent": 7.0, "lost": 2.0}
