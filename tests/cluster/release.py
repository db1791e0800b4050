"""The chart as a release in a namespace of the test cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tool_box import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.cluster_client import Client, Ended, Json


CHART = REPOSITORY / "helm"
MANIFESTS = REPOSITORY / "k8s"
SECRETS = MANIFESTS / "examples" / "secrets.yaml"
NAME = "dict-rate-limit"
PROGRAMS = ("dict-api", "orchestration-worker")
MIGRATION = "dict-db-migration"
WAIT_OPTIONS = ("--atomic", "--wait", "--timeout=90s")
BROKEN_MIGRATION = ("--set=podLabels.simulated-end=failure", "--set=migration.backoffLimit=0")


def add_secrets(namespace: Client) -> None:
    """Create the example Secrets in the namespace, as an operator does before the first release."""
    shape = namespace.kubectl("create", "--dry-run=client", "--output=json", f"--filename={SECRETS}", "--namespace=")
    for secret in documents(shape):
        secret["metadata"]["namespace"] = namespace.namespace
        namespace.apply(secret)


def documents(text: str) -> list[Json]:
    """Parse consecutive JSON documents."""
    decoder, rest = json.JSONDecoder(), text.strip()
    found: list[Json] = []
    while rest:
        item, end = decoder.raw_decode(rest)
        found += item["items"] if item["kind"] == "List" else [item]
        rest = rest[end:].lstrip()
    return found


def install(namespace: Client, *options: str) -> None:
    """Install the first release.

    Raises:
        AssertionError: helm rejected it, or timed out.
    """
    add_secrets(namespace)
    before = namespace.moment()
    installed = namespace.try_helm("install", NAME, str(CHART), *WAIT_OPTIONS, *options)
    assert installed.code == 0, "\n".join([installed.err, *story(namespace, before)])


def story(namespace: Client, since: int) -> Iterator[str]:
    """Yield a line for each change of a pod. After --atomic no other information is left."""
    for change in namespace.changes("api/v1", "pods", since):
        name, status = change.item["metadata"]["name"], change.item.get("status", {})
        node = change.item["spec"].get("nodeName", "no node")
        yield f"{change.revision} {change.kind} {name} on {node}: {status.get('phase')}, ready: {ready(change.item)}"


def upgrade(namespace: Client, *options: str) -> Ended:
    return namespace.try_helm("upgrade", NAME, str(CHART), *WAIT_OPTIONS, *options)


def new_version(tag: str) -> tuple[str, ...]:
    """Return the options with the images of a version."""
    return tuple(f"--set-string=image.{image}.tag={tag}" for image in ("dictApi", "orchestrationWorker", "migrations"))


def images(namespace: Client) -> set[str]:
    """Return the images of the running pods of the Deployments."""
    return {container["image"] for pod in pods(namespace) for container in pod["spec"]["containers"]}


def pods(namespace: Client) -> list[Json]:
    """Return the pods of the Deployments that are not terminating."""
    return [
        pod
        for pod in namespace.all("pods")
        if owner(pod) == "ReplicaSet" and "deletionTimestamp" not in pod["metadata"]
    ]


def owner(item: Json) -> str:
    """Return the kind of the object's owner, or an empty text without an owner."""
    return str(next((entry["kind"] for entry in item["metadata"].get("ownerReferences", ())), ""))


def ready(pod: Json) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return "deletionTimestamp" not in pod["metadata"] and any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions
    )


def ready_replicas(namespace: Client) -> dict[str, tuple[int, int]]:
    """Return the ready and the desired number of pods of each Deployment."""
    return {
        item["metadata"]["name"]: (item["status"].get("readyReplicas", 0), item["spec"]["replicas"])
        for item in namespace.all("deployments")
    }
