"""Limits of the cluster apply to the release: quotas, and disruption budgets during a node drain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster.history import ready_counts
from cluster.release import CHART, NAME, WAIT_OPTIONS, add_secrets, install, pods, ready_replicas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.cluster_client import Client

DRAIN = (f"--pod-selector=app.kubernetes.io/instance={NAME}", "--delete-emptydir-data", "--timeout=90s")
BUDGETED = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def quota(hard: dict[str, str]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"}, "spec": {"hard": hard}}


@pytest.fixture
def emptied_node(namespace: Client) -> Iterator[str]:
    """Yield the name of a node, which accepts pods again at the end."""
    yield "node-a"
    namespace.kubectl("uncordon", "node-a")


@pytest.fixture
def cordoned_node(namespace: Client) -> Iterator[str]:
    """Yield the name of a node that accepts no pods until the end, so that all run on the other one."""
    namespace.kubectl("cordon", "node-b")
    yield "node-b"
    namespace.kubectl("uncordon", "node-b")


def test_every_pod_sets_the_resources_that_a_quota_counts(namespace: Client) -> None:
    namespace.apply(quota({name: "64Gi" if "memory" in name else "32" for name in BUDGETED}))

    install(namespace)

    used = namespace.get("resourcequota", "quota")["status"]["used"]
    assert all(used[name] not in {"0", "0Gi"} for name in BUDGETED), used


def test_a_quota_that_is_too_small_stops_the_release_and_leaves_no_objects(namespace: Client) -> None:
    namespace.apply(quota({"pods": "1"}))
    add_secrets(namespace)

    installed = namespace.try_helm("install", NAME, str(CHART), *WAIT_OPTIONS, "--timeout=8s")

    assert installed.code != 0
    assert namespace.all("deployments") == []


def test_a_node_drain_evicts_one_pod_of_each_program_at_a_time(namespace: Client, emptied_node: str) -> None:
    install(namespace, "--set=autoscaling.enabled=false,replicaCount.dictApi=4,replicaCount.orchestrationWorker=2")
    before = namespace.moment()
    serving = [pod["metadata"] for pod in pods(namespace)]

    namespace.kubectl("drain", emptied_node, *DRAIN)

    for component, wanted in (("dict-api", 4), ("orchestration-worker", 2)):
        labels = {"app.kubernetes.io/component": component}
        names = {metadata["name"] for metadata in serving if labels.items() <= metadata["labels"].items()}
        assert len(names) == wanted
        assert min(ready_counts(namespace, labels, names, before)) == wanted - 1
    assert all(pod["spec"]["nodeName"] != emptied_node for pod in pods(namespace))


def test_a_single_pod_does_not_block_a_node_drain(namespace: Client, emptied_node: str, cordoned_node: str) -> None:
    install(namespace, "--set=autoscaling.enabled=false,replicaCount.dictApi=1,replicaCount.orchestrationWorker=1")
    namespace.kubectl("uncordon", cordoned_node)

    namespace.kubectl("drain", emptied_node, *DRAIN)
    namespace.kubectl("rollout", "status", "deployment/dict-api", "--timeout=60s")
    namespace.kubectl("rollout", "status", "deployment/orchestration-worker", "--timeout=60s")

    assert {pod["spec"]["nodeName"] for pod in pods(namespace)} == {cordoned_node}
    assert ready_replicas(namespace) == {"dict-api": (1, 1), "orchestration-worker": (1, 1)}
