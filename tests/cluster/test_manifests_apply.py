"""The rendered manifests without helm: `kubectl apply -f k8s/namespace.yaml -f k8s/`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cluster.references import dangling
from cluster.release import MANIFESTS, MIGRATION, NAME, PROGRAMS, add_secrets, ready_replicas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.cluster_client import Client

FILES = (f"--filename={MANIFESTS / 'namespace.yaml'}", f"--filename={MANIFESTS}")
KINDS = ("deployments", "jobs", "cronjobs", "pods", "services", "configmaps", "secrets", "serviceaccounts")


@pytest.fixture(scope="module")
def applied(cluster_client: Client) -> Iterator[Client]:
    """Yield the namespace of the manifests, with the Secrets and then all manifests applied."""
    namespace = replace(cluster_client, namespace=NAME)
    namespace.kubectl("apply", FILES[0])
    add_secrets(namespace)
    namespace.kubectl("apply", *FILES)
    yield namespace
    namespace.kubectl("delete", "namespace", NAME, "--wait=false")


def test_deployments_are_ready_after_the_first_apply(applied: Client) -> None:
    for program in PROGRAMS:
        applied.kubectl("rollout", "status", f"deployment/{program}", "--timeout=60s")

    assert all(ready == wanted > 0 for ready, wanted in ready_replicas(applied).values())


def test_the_migration_completes(applied: Client) -> None:
    applied.kubectl("wait", f"job/{MIGRATION}", "--for=condition=complete", "--timeout=60s")

    assert applied.get("job", MIGRATION)["spec"]["ttlSecondsAfterFinished"] > 0


def test_a_second_apply_changes_nothing(applied: Client) -> None:
    before = states(applied)

    applied.kubectl("apply", *FILES)

    assert states(applied) == before


def states(namespace: Client) -> dict[str, tuple[object, object]]:
    """Return identity and generation of each object by kind and name."""
    return {
        f"{item['kind']} {item['metadata']['name']}": (
            item["metadata"]["uid"],
            item["metadata"].get("generation", item["metadata"]["resourceVersion"]),
        )
        for item in namespace.all(*KINDS, "poddisruptionbudgets")
    }


def test_all_references_of_pods_resolve(applied: Client) -> None:
    assert dangling(applied.all(*KINDS)) == []


def test_the_namespace_rejects_a_pod_that_violates_the_restricted_standard(applied: Client) -> None:
    rejected = applied.try_kubectl("run", "loose", "--image=loose:1", "--restart=Never")

    assert rejected.code != 0
    assert 'violates PodSecurity "restricted' in rejected.err
