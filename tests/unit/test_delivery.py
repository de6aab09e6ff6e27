"""How it is delivered names files, settings, ports and times that exist and agree.

Neither Docker nor Kubernetes runs here: their own tools look at the same files in `make check` and
in the workflow, and this at what those can't know.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import settings
from bot.process.last_resort import AFTER_S

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MADE_BY_THE_HOST = {".env", "./postgres-password"}
DOCKER_KILLS_AFTER_S = 10.0


def stages() -> set[str]:
    return set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))


def files_named() -> set[str]:
    mounts = {
        str(mount).partition(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", ())
    }
    secrets = {secret["file"] for secret in COMPOSE["secrets"].values()}
    env = {service["env_file"] for service in SERVICES.values() if "env_file" in service}
    return {name for name in mounts | secrets | env if name.startswith(".")}


def test_the_bot_alone_is_what_compose_starts() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["parley"]
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}
    assert profiles == {"postgres", "local", "monitoring", "web"}


def test_each_file_that_compose_names_is_there_or_said_to_be_made() -> None:
    for name in files_named() - MADE_BY_THE_HOST:
        assert (ROOT / name).exists(), name
    guide = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for name in MADE_BY_THE_HOST:
        assert name.removeprefix("./") in guide, name
        assert name.removeprefix("./") in ignored, name


def test_what_compose_and_the_image_set_are_settings() -> None:
    known = {*settings.names(), "PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    assert set(SERVICES["parley"]["environment"]) <= known
    env = re.findall(r"^(?:ENV|   ) ([A-Z_]+)=", DOCKERFILE, re.MULTILINE)
    assert "DATABASE_URL" in env
    assert set(env) <= known


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_pinned_bounded_and_has_few_rights(name: str) -> None:
    service = SERVICES[name]
    image, _, tag = str(service["image"]).removesuffix("}").rpartition(":")
    assert image, "no tag"
    assert re.fullmatch(r"v?\d+(\.\d+)+(-alpine)?", tag), tag
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "max-size" in service["logging"]["options"]
    if "build" in service:
        assert service["build"]["target"] in stages()


def test_an_image_holds_what_it_is_made_of() -> None:
    let_in = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        word
        for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for word in words.split()[:-1]
    }
    assert copied == let_in
    for name in copied:
        assert (ROOT / name).exists(), name
    assert DOCKERFILE.count("USER 10001") == 2  # of the bot and of the engine
    last = re.findall(r"^FROM .+ AS (\S+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert last == "bot"  # without a target


def test_whoever_stops_the_bot_waits_until_it_has_ended() -> None:
    assert AFTER_S < DOCKER_KILLS_AFTER_S
    grace = str(SERVICES["parley"]["stop_grace_period"])
    assert float(grace.removesuffix("s")) > DOCKER_KILLS_AFTER_S


def test_only_the_web_server_is_reached_from_outside() -> None:
    published = {
        name
        for name, service in SERVICES.items()
        if any(not str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))
    }
    assert published == {"caddy"}


def test_those_who_ask_the_bot_know_its_ports() -> None:
    env = SERVICES["parley"]["environment"]
    asked = (ROOT / "deploy" / "monitoring" / "prometheus.yml").read_text(encoding="utf-8")
    assert f"parley:{env['HEALTH_PORT']}" in asked
    provider = ROOT / "deploy" / "monitoring" / "grafana" / "dashboards" / "parley.yml"
    (shown,) = yaml.safe_load(provider.read_text(encoding="utf-8"))["providers"]
    mounted = [str(mount) for mount in SERVICES["grafana"]["volumes"]]
    assert any(f":{shown['options']['path']}/" in mount for mount in mounted)
    served = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    assert f"reverse_proxy parley:{env['WEB_PORT']}" in served
    assert {env["HEALTH_PORT"], env["WEB_PORT"]} <= set(DOCKERFILE.split())


def test_systemd_waits_too_and_runs_the_command_that_pip_makes() -> None:
    unit = (ROOT / "deploy" / "parley.service").read_text(encoding="utf-8")
    said = dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))
    assert float(said["TimeoutStopSec"].removesuffix("s")) > AFTER_S
    assert said["DynamicUser"] == "yes"
    assert said["ProtectSystem"] == "strict"
    assert said["CapabilityBoundingSet"] == ""
    assert said["ExecStart"] == "/opt/parley/bin/parley run"
    guide = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    for path in ("/opt/parley", said["EnvironmentFile"], said["WorkingDirectory"]):
        assert path in guide, path


def test_each_action_is_pinned_by_its_commit() -> None:
    used = [
        line.split("uses: ")[1]
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses: " in line and "uses: ./" not in line
    ]
    assert len(used) > 10
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        # None for the whole: each job names what it needs.
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {}
    for action in used:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


CHART = ROOT / "deploy" / "helm" / "parley"


def test_the_chart_sets_and_asks_for_settings_that_exist() -> None:
    pod = (CHART / "templates" / "deployment.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = (CHART / "values.schema.json").read_text(encoding="utf-8")
    named = {*re.findall(r"- name: ([A-Z_]+)$", pod, re.MULTILINE), *values["settings"]}
    for example in (CHART / "ci").glob("*.yaml"):
        named |= set(yaml.safe_load(example.read_text(encoding="utf-8")).get("settings", ()))
    assert {"DATABASE_URL", "HEALTH_PORT", "WEB_PORT"} <= named
    assert named <= set(settings.names())
    reserved = re.search(r'"enum": \[("DISCORD_TOKEN".+)\]', schema)
    assert reserved is not None
    assert set(re.findall(r"[A-Z_]+", reserved[1])) <= set(settings.names())


def test_a_pod_has_few_rights() -> None:
    pod = (CHART / "templates" / "deployment.yaml").read_text(encoding="utf-8")
    for right in (
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "drop: [ALL]",
        "automountServiceAccountToken: false",
    ):
        assert right in pod, right


def test_kubernetes_asks_for_what_the_bot_answers() -> None:
    pod = (CHART / "templates" / "deployment.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    server = (ROOT / "bot" / "web" / "health.py").read_text(encoding="utf-8")
    asked = {*re.findall(r" path: (/\w+)$", pod, re.MULTILINE)}
    asked |= {*re.findall(r"prometheus.io/path: (/\w+)$", pod, re.MULTILINE)}
    assert asked == {"/healthz", "/readyz", "/metrics"}
    for path in asked:
        assert f'"{path}"' in server, path
    figures = (ROOT / "bot" / "web" / "metrics.py").read_text(encoding="utf-8")
    assert f'"{values["autoscaling"]["metric"]}"' in figures


def test_kubernetes_waits_until_the_bot_has_ended() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert values["terminationGracePeriodSeconds"] > DOCKER_KILLS_AFTER_S
