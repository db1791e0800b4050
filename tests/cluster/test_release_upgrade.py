"""Upgrade to the next version and rollback, with successful and failing migrations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cluster.history import first_pod_at, migrated_at, ready_counts
from cluster.release import (
    BROKEN_MIGRATION,
    CHART,
    NAME,
    WAIT_OPTIONS,
    add_secrets,
    images,
    install,
    new_version,
    pods,
    ready_replicas,
    upgrade,
)

if TYPE_CHECKING:
    from cluster.cluster_client import Client

FEW = ("--set=autoscaling.enabled=false,replicaCount.dictApi=2",)
API = {"app.kubernetes.io/component": "dict-api"}


@pytest.fixture
def released(namespace: Client) -> Client:
    install(namespace, *FEW, *new_version("1.0.0"))
    return namespace


def test_an_upgrade_deploys_new_images_and_a_rollback_the_old_ones(released: Client) -> None:
    before = images(released)

    upgraded = upgrade(released, *FEW, *new_version("1.0.1"))
    between = images(released)
    released.helm("rollback", NAME, "--wait", "--timeout=90s")

    assert upgraded.code == 0, upgraded.err
    assert between == {image.replace(":1.0.0", ":1.0.1") for image in before}
    assert images(released) == before


def test_an_upgrade_migrates_first_and_never_serves_with_fewer_pods(released: Client) -> None:
    serving = {pod["metadata"]["name"] for pod in pods(released) if API.items() <= pod["metadata"]["labels"].items()}
    before = released.moment()

    upgraded = upgrade(released, *FEW, *new_version("1.0.1"))
    migrated, first_pod = migrated_at(released, before), first_pod_at(released, before)

    assert upgraded.code == 0, upgraded.err
    assert migrated is not None
    assert first_pod is not None
    assert migrated < first_pod
    assert min(ready_counts(released, API, serving, before)) == len(serving) == 2


def test_a_failing_migration_blocks_the_upgrade_and_leaves_the_old_version_serving(released: Client) -> None:
    serving = {pod["metadata"]["name"] for pod in pods(released)}
    before = released.moment()

    upgraded = upgrade(released, *FEW, *new_version("1.0.1"), *BROKEN_MIGRATION)

    assert upgraded.code != 0
    assert "pre-upgrade hooks failed" in upgraded.err
    assert first_pod_at(released, before) is None
    assert {pod["metadata"]["name"] for pod in pods(released)} == serving
    assert all(ready == wanted for ready, wanted in ready_replicas(released).values())
    assert json.loads(released.helm("status", NAME, "--output=json"))["info"]["status"] == "deployed"


def test_a_release_after_a_failed_one_succeeds(released: Client) -> None:
    failed = upgrade(released, *FEW, *new_version("1.0.1"), *BROKEN_MIGRATION)

    mended = upgrade(released, *FEW, *new_version("1.0.2"))

    assert failed.code != 0
    assert mended.code == 0, mended.err
    assert all(image.endswith(":1.0.2") for image in images(released))


def test_a_failing_migration_of_the_first_release_leaves_no_deployment(namespace: Client) -> None:
    add_secrets(namespace)

    installed = namespace.try_helm("install", NAME, str(CHART), *WAIT_OPTIONS, *FEW, *BROKEN_MIGRATION)

    assert installed.code != 0
    assert "pre-install" in installed.err
    assert namespace.all("deployments") == []
    assert pods(namespace) == []
    assert namespace.names("secrets") >= {"dict-secrets", "bridge-tls-certs"}
