"""What is given to Prometheus and Grafana fits what the bot offers."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.web.metrics import Metrics
from tests.support import metric_labels
from tests.support.readings import readings

FOLDER = Path(__file__).parents[3] / "deploy" / "monitoring"
_NAME = re.compile(r"\b(?:parley|process)_\w+")
_MATCH = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_OF_PROMETHEUS = {"job", "instance"}
_IN_GRAFANA = {"$__rate_interval": "5m", "$job": "parley"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    return found


def targets() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for name, value in _IN_GRAFANA.items():
                expression = expression.replace(name, value)
            yield expression


def expressions() -> list[str]:
    return [*(rule["expr"] for rule in rules()), *targets()]


def offered() -> set[str]:
    metrics = Metrics()
    metrics.read(readings)
    text = metrics.render("")[0].decode()
    return {
        sample.name for family in text_string_to_metric_families(text) for sample in family.samples
    }


def test_every_metric_that_is_asked_for_is_offered() -> None:
    asked = {name for expression in expressions() for name in _NAME.findall(expression)}
    assert len(asked) > 25
    assert asked <= offered()


def test_every_value_that_a_label_is_compared_with_is_one_it_may_have() -> None:
    known = metric_labels.known()
    for expression in expressions():
        for label, values in _MATCH.findall(expression):
            if label not in _OF_PROMETHEUS:
                assert set(values.split("|")) <= known[label], expression


def test_every_alert_says_what_people_notice_and_what_to_do() -> None:
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found) > 10
    for rule in found:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith((".", "}}."))
        assert rule["annotations"]["description"].endswith(".")


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_prometheus_reads_the_alerts_and_grafana_reads_from_prometheus() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert config["rule_files"] == ["alerts.yml"]
    grafana = FOLDER / "grafana"
    (source,) = yaml.safe_load((grafana / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    (provider,) = yaml.safe_load((grafana / "dashboards" / "parley.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not there")
def test_prometheus_takes_every_expression_and_alerts_are_set_off_by_what_they_name(
    tmp_path: Path,
) -> None:
    shown = [
        {"record": f"shown:{number}", "expr": expression}
        for number, expression in enumerate(targets())
    ]
    of_dashboard = tmp_path / "dashboard.yml"
    of_dashboard.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": shown}]}))
    for command in (
        ["check", "config", str(FOLDER / "prometheus.yml")],
        ["check", "rules", str(of_dashboard)],
        ["test", "rules", str(Path(__file__).with_name("alerts_test.yml"))],
    ):
        done = subprocess.run(  # noqa: S603 - it is given files of ours
            ["promtool", *command],  # noqa: S607 - wherever it is
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
