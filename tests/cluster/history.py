"""Changes in a namespace, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.release import MIGRATION, owner, ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.cluster_client import Client


def migrated_at(namespace: Client, since: int) -> int | None:
    """Return the revision at which the migration completed, or None."""
    for change in namespace.changes("apis/batch/v1", "jobs", since):
        conditions = change.item.get("status", {}).get("conditions", ())
        complete = any(entry["type"] == "Complete" and entry["status"] == "True" for entry in conditions)
        if change.item["metadata"]["name"] == MIGRATION and complete:
            return change.revision
    return None


def first_pod_at(namespace: Client, since: int) -> int | None:
    """Return the revision at which the first pod of a Deployment was created, or None."""
    made = (
        change.revision
        for change in namespace.changes("api/v1", "pods", since)
        if change.kind == "ADDED" and owner(change.item) == "ReplicaSet"
    )
    return next(made, None)


def ready_counts(namespace: Client, labels: dict[str, str], before: set[str], since: int) -> Iterator[int]:
    """Yield the number of ready pods with these labels after each change, from the given start."""
    now_ready = set(before)
    for change in namespace.changes("api/v1", "pods", since):
        metadata = change.item["metadata"]
        if labels.items() <= metadata["labels"].items():
            is_ready = change.kind != "DELETED" and ready(change.item)
            (now_ready.add if is_ready else now_ready.discard)(metadata["name"])
            yield len(now_ready)
