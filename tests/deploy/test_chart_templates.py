"""Each template: the values that enable it, and its objects."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from deploy.rendered_chart import CHART, PRODUCTION, RELEASES, containers, pod, release, rendered

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

OPERATORS = {"ServiceMonitor", "PrometheusRule", "ExternalSecret"}
PROGRAMS = {"dict-api", "orchestration-worker"}


def kinds(name: str) -> set[str]:
    return {item["kind"] for item in release(name).objects}


@pytest.mark.parametrize("name", ["default", "fixed number of pods", "minimal", "prefixed"])
def test_a_plain_cluster_gets_no_objects_of_operators(name: str) -> None:
    assert kinds(name).isdisjoint(OPERATORS | {"Ingress", "NetworkPolicy", "CronJob"})


def test_production_enables_what_the_specification_requires() -> None:
    assert kinds("production") >= {"Ingress", "ServiceMonitor", "NetworkPolicy", "HorizontalPodAutoscaler", "CronJob"}


def test_staging_polls_less_often_and_retains_less_history() -> None:
    staging, production = (release(name).one("ConfigMap", "dict-config")["data"] for name in ("staging", "production"))

    differing = {key for key in staging if staging[key] != production[key]}

    assert differing == {
        "workflow.cron.schedule",
        "list.budget.share",
        "remind.every",
        "retention.months",
        "log.level",
    }


def test_the_ingress_can_be_disabled() -> None:
    assert kinds("production") - kinds("production without ingress") == {"Ingress"}


def test_autoscaler_and_fixed_number_exclude_each_other() -> None:
    scaled, fixed = release("default"), release("fixed number of pods")

    assert "replicas" not in scaled.one("Deployment", "dict-api")["spec"]
    assert scaled.one("HorizontalPodAutoscaler", "dict-api")["spec"]["scaleTargetRef"]["name"] == "dict-api"
    assert fixed.one("Deployment", "dict-api")["spec"]["replicas"] == 3
    assert fixed.all("HorizontalPodAutoscaler") == {}


def test_a_drain_evicts_one_pod_of_each_program() -> None:
    budgets = release("default").all("PodDisruptionBudget")

    assert {name: item["spec"]["maxUnavailable"] for name, item in budgets.items()} == dict.fromkeys(PROGRAMS, 1)


def test_pods_spread_over_nodes_and_zones() -> None:
    for name, item in release("default").all("Deployment").items():
        spread = pod(item)["topologySpreadConstraints"]

        assert {constraint["topologyKey"] for constraint in spread} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }
        assert all(
            constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == name for constraint in spread
        )


def test_a_changed_config_rolls_the_pods() -> None:
    before, after = release("default"), rendered("--set=redis.cacheTTL=30s")

    for name in PROGRAMS:
        assert checksum(before.one("Deployment", name)) != checksum(after.one("Deployment", name))


def test_an_unchanged_config_rolls_no_pod() -> None:
    before, after = release("default"), rendered("--set=replicaCount.orchestrationWorker=5")

    assert checksum(before.one("Deployment", "dict-api")) == checksum(after.one("Deployment", "dict-api"))


def checksum(deployment: Json) -> str:
    value: str = deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
    return value


def test_the_termination_grace_period_is_longer_than_the_drain() -> None:
    worker = pod(release("default").one("Deployment", "orchestration-worker"))

    assert worker["terminationGracePeriodSeconds"] >= 20 + 10


def test_the_api_continues_to_serve_while_it_leaves_the_services() -> None:
    spec = pod(release("default").one("Deployment", "dict-api"))

    (container,) = containers(spec)

    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["/bin/sleep", "5"]
    assert spec["terminationGracePeriodSeconds"] >= 5 + 10 + 5


def test_both_programs_can_be_scraped() -> None:
    found = release("default")

    for name in PROGRAMS:
        ports = {port["name"]: port["port"] for port in found.one("Service", name)["spec"]["ports"]}
        assert ports["metrics"] == 9090


def test_service_monitors_have_the_labels_that_prometheus_selects() -> None:
    found = rendered("--set=monitoring.serviceMonitor.enabled=true,monitoring.serviceMonitor.labels.release=prometheus")

    monitors = found.all("ServiceMonitor")

    assert monitors.keys() == PROGRAMS
    assert {item["metadata"]["labels"]["release"] for item in monitors.values()} == {"prometheus"}


def test_prefix_reaches_every_name_and_every_reference() -> None:
    names = {item["metadata"]["name"] for item in release("prefixed").objects}

    assert {name for name in names if not name.startswith("second-")} == set()
    assert {"second-dict-api", "second-orchestration-worker", "second-dict-config"} <= names


@pytest.mark.parametrize("name", RELEASES)
def test_objects_carry_the_namespace_and_the_usual_labels(name: str) -> None:
    for item in release(name).objects:
        labels = item["metadata"]["labels"]
        assert item["metadata"]["namespace"] == "dict-rate-limit", item["kind"]
        assert labels["app.kubernetes.io/instance"] == "dict-rate-limit", item["kind"]


def test_helm_test_checks_that_both_programs_are_ready() -> None:
    spec = release("default").one("Pod", "dict-test")["spec"]

    asked = {container["name"]: container["args"][-1] for container in spec["containers"]}

    assert asked == {"api": "http://dict-api:80/ready", "worker": "http://orchestration-worker:9090/ready"}


@pytest.fixture(scope="module")
def chart_with_shown_notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the chart with NOTES.txt as an object, because helm prints notes only with a cluster."""
    chart = shutil.copytree(CHART, tmp_path_factory.mktemp("chart") / "helm")
    (chart / "templates" / "notes.yaml").write_text(
        "kind: Notes\nmetadata: {name: notes}\n"
        'text: |\n  {{- include (print $.Template.BasePath "/NOTES.txt") . | nindent 2 }}\n',
        encoding="utf-8",
    )
    return chart


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            (),
            (
                "kubectl port-forward service/dict-api 8080:80",
                "answers 401",
                "sends no notifications",
                "makes no backups",
            ),
        ),
        ((PRODUCTION,), ("https://dict-api.lbpay.com/", "helm test dict-rate-limit")),
        (("--set=pulsar.brokerURL=",), ("writes alert transitions to its log",)),
        (("--set=auth.anonymousRole=viewer",), ("Clients without a token may read",)),
    ],
)
def test_notes_show_the_url_and_disabled_features(
    chart_with_shown_notes: Path, options: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    notes = rendered(*options, chart=chart_with_shown_notes).one("Notes", "notes")["text"]

    assert [words for words in expected if words not in notes] == []
