from bot.web.metrics import Metrics
from bot.web.readings import ModelUse
from tests.support.readings import readings


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_counters_are_read_when_they_are_asked_for() -> None:
    now = readings()
    metrics = Metrics()
    metrics.read(lambda: now)
    assert value(metrics, "parley_voice_packets_unheard_total", fate="late") == 0
    now = readings(
        voice={"packets": 100, "late": 3, "kernel_dropped": 2, "concealed": 1},
        speech=ModelUse(audio_in_s=12.5, tokens_in=300, tokens_voice=20),
        texts=ModelUse(tokens_text=7),
        cost_dollars=0.25,
    )
    assert value(metrics, "parley_voice_packets_received_total") == 100
    assert value(metrics, "parley_voice_packets_unheard_total", fate="late") == 3
    assert value(metrics, "parley_voice_packets_unheard_total", fate="dropped_by_kernel") == 2
    assert value(metrics, "parley_voice_gaps_total", repair="continued") == 1
    assert value(metrics, "parley_audio_sent_seconds_total") == 12.5
    assert value(metrics, "parley_tokens_total", model="speech", kind="read") == 300
    assert value(metrics, "parley_tokens_total", model="text", kind="written") == 7
    assert value(metrics, "parley_cost_dollars_total") == 0.25


def test_lateness_is_in_histograms_of_its_own_bot() -> None:
    metrics, other = Metrics(), Metrics()
    metrics.first_caption(1.2)
    metrics.final_caption(2.2)
    metrics.voice(-0.1)  # a clock that was wrong
    assert value(metrics, "parley_caption_first_seconds_bucket", le="1.0") == 0
    assert value(metrics, "parley_caption_first_seconds_bucket", le="1.5") == 1
    assert value(metrics, "parley_caption_final_seconds_count") == 1
    assert value(metrics, "parley_voice_first_seconds_sum") == 0
    assert value(other, "parley_caption_first_seconds_count") == 0


def test_a_room_where_nobody_was_heard_yet_has_no_time_since() -> None:
    metrics = Metrics()
    metrics.read(lambda: readings(heard_ago_s=None))
    assert value(metrics, "parley_heard_ago_seconds") is None


def test_failures_are_counted_by_their_code() -> None:
    metrics = Metrics()
    metrics.read(lambda: readings(store_failures=2))
    metrics.failed("bad_key")
    metrics.failed("bad_key")
    metrics.failed("store")
    assert value(metrics, "parley_errors_total", code="bad_key") == 2
    assert value(metrics, "parley_errors_total", code="store") == 3


def test_what_is_no_code_is_no_label_and_there_are_never_too_many() -> None:
    metrics = Metrics()
    metrics.read(readings)
    metrics.failed("Ana said: hello")
    assert value(metrics, "parley_errors_total", code="other") == 1
    for number in range(1000):
        metrics.failed("a" * (number % 40) + "_" * (number // 40) + "b")
    codes = [
        sample.labels["code"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "parley_errors_total"
    ]
    assert len(codes) <= 102  # with "other" and "store"


def test_figures_come_as_text_and_as_openmetrics() -> None:
    metrics = Metrics()
    metrics.read(readings)
    text, kind = metrics.render("text/plain")
    assert kind.startswith("text/plain")
    assert b"\nparley_rooms 0.0\n" in text
    opened, kind = metrics.render("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert opened.endswith(b"# EOF\n")
