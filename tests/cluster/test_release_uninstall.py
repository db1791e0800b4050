"""Objects that remain after `helm uninstall`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster.release import CHART, NAME, WAIT_OPTIONS, install, upgrade
from deploy.rendered_chart import RELEASES

if TYPE_CHECKING:
    from cluster.cluster_client import Client

PRODUCTION = RELEASES["production"]
PASSING = {"events", "events.events.k8s.io", "pods.metrics.k8s.io", "controllerrevisions.apps"}
STAYING = {
    "secret/dict-secrets",
    "secret/bridge-tls-certs",
    "serviceaccount/default",
    "configmap/kube-root-ca.crt",
}


def everything(namespace: Client) -> set[str]:
    """Return "kind/name" of each object in the namespace, of all kinds of the cluster."""
    kinds = set(namespace.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()) - PASSING
    return {f"{item['kind'].lower()}/{item['metadata']['name']}" for item in namespace.all(*kinds)}


@pytest.fixture
def released(namespace: Client) -> Client:
    install(namespace, *PRODUCTION)
    return namespace


def claims(namespace: Client) -> dict[str, str]:
    """Return the uid of each claim by name."""
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in namespace.all("persistentvolumeclaims")}


def test_only_secrets_and_backups_remain(released: Client) -> None:
    released.helm("test", NAME, "--timeout=60s")
    before = claims(released)

    released.helm("uninstall", NAME, "--wait", "--timeout=60s")
    released.kubectl("wait", "pods", "--all", "--for=delete", "--timeout=30s")

    assert len(before) == 1
    assert claims(released) == before
    assert everything(released) == {*STAYING, *(f"persistentvolumeclaim/{name}" for name in before)}
    assert released.get("namespace", released.namespace)["status"]["phase"] == "Active"


def test_backups_remain_after_upgrade_uninstall_and_a_new_release(released: Client) -> None:
    before = claims(released)

    upgraded = upgrade(released, *PRODUCTION)
    released.helm("uninstall", NAME, "--wait", "--timeout=60s")
    released.helm("install", NAME, str(CHART), *WAIT_OPTIONS, *PRODUCTION)

    assert upgraded.code == 0, upgraded.err
    assert len(before) == 1
    assert claims(released) == before
