"""What `helm uninstall` leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.release import CHART, NAME, add_volume, install

if TYPE_CHECKING:
    from cluster.cluster_client import Client

PASSING = {"events", "events.events.k8s.io", "pods.metrics.k8s.io", "controllerrevisions.apps"}
STAYING = {
    "secret/dict-secrets",
    "secret/bridge-tls-certs",
    "serviceaccount/default",
    "configmap/kube-root-ca.crt",
}


def everything(namespace: Client) -> set[str]:
    """Return "kind/name" of each object in the namespace, of whatever kind the cluster knows."""
    kinds = set(namespace.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()) - PASSING
    return {f"{item['kind'].lower()}/{item['metadata']['name']}" for item in namespace.all(*kinds)}


def test_secrets_and_backups_stay_and_nothing_else(namespace: Client) -> None:
    add_volume(namespace)
    install(namespace, f"--values={CHART / 'values-production.yaml'}", "--set=backup.enabled=true")
    claims = namespace.names("persistentvolumeclaims")

    namespace.helm("uninstall", NAME, "--wait", "--timeout=60s")
    namespace.kubectl("wait", "pods", "--all", "--for=delete", "--timeout=30s")

    assert len(claims) == 1
    assert everything(namespace) == {*STAYING, *(f"persistentvolumeclaim/{name}" for name in claims)}
    assert namespace.get("namespace", namespace.namespace)["status"]["phase"] == "Active"
