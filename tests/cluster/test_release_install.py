"""`helm install --atomic --wait` with each values file, in a namespace that enforces Pod Security "restricted"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster.history import first_pod_at, migrated_at
from cluster.references import dangling
from cluster.release import CHART, MIGRATION, NAME, PROGRAMS, documents, install, ready_replicas
from deploy.rendered_chart import RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from cluster.cluster_client import Client

VALUES = ("default", "staging", "production", "external secrets")
KINDS = (
    *("deployments", "jobs", "cronjobs", "pods", "services", "ingresses", "configmaps", "secrets", "serviceaccounts"),
    *("persistentvolumeclaims", "poddisruptionbudgets", "horizontalpodautoscalers", "servicemonitors"),
)
FILLED_BY_THE_OPERATOR = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": MIGRATION},
    "stringData": {"database.url": "postgres://"},
}


@pytest.fixture(scope="module", params=VALUES)
def installed(
    request: pytest.FixtureRequest, restricted_namespace: Callable[[], AbstractContextManager[Client]]
) -> Iterator[tuple[Client, int]]:
    """A release of the chart, and the revision before it."""
    with restricted_namespace() as namespace:
        before = namespace.moment()
        namespace.apply(FILLED_BY_THE_OPERATOR)
        install(namespace, *RELEASES[request.param])
        yield namespace, before


def test_the_migration_completes_before_the_first_pod_is_created(installed: tuple[Client, int]) -> None:
    namespace, before = installed

    migrated, first_pod = migrated_at(namespace, before), first_pod_at(namespace, before)

    assert migrated is not None
    assert first_pod is not None
    assert migrated < first_pod


def test_every_pod_is_ready(installed: tuple[Client, int]) -> None:
    namespace, _ = installed

    counts = ready_replicas(namespace)

    assert counts.keys() == set(PROGRAMS)
    assert all(ready == wanted > 0 for ready, wanted in counts.values()), counts


def test_all_references_of_pods_resolve(installed: tuple[Client, int]) -> None:
    namespace, _ = installed
    hooks = namespace.helm("get", "hooks", NAME)
    planned = documents(namespace.kubectl("create", "--dry-run=client", "--output=json", "--filename=-", given=hooks))

    missing = dangling([*planned, *namespace.all(*KINDS)])

    assert missing == []


def test_the_releases_own_test_passes(installed: tuple[Client, int]) -> None:
    namespace, _ = installed

    report = namespace.helm("test", NAME, "--timeout=60s")

    assert "Phase:          Succeeded" in report


@pytest.mark.parametrize("installed", ["default", "production"], indirect=True)
def test_the_autoscaler_scales_the_api(installed: tuple[Client, int]) -> None:
    namespace, _ = installed

    namespace.kubectl("wait", "hpa/dict-api", "--for=condition=AbleToScale", "--timeout=30s")

    assert namespace.get("hpa", "dict-api")["status"]["desiredReplicas"] == 3
    assert ready_replicas(namespace)["dict-api"] == (3, 3)


@pytest.mark.parametrize("installed", ["production"], indirect=True)
def test_production_has_the_operators_objects_and_closed_networks(installed: tuple[Client, int]) -> None:
    namespace, _ = installed
    rules = {"PrometheusRule"} if list((CHART / "rules").glob("*.yaml")) else set()

    found = namespace.all("ingresses", "servicemonitors", "prometheusrules", "networkpolicies")

    assert {item["kind"] for item in found} == {"Ingress", "ServiceMonitor", "NetworkPolicy", *rules}
