"""The migration runs first, with objects that exist before the release."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.rendered_chart import containers, pod, release

Json = dict[str, Any]

OWN_KINDS = {"ServiceAccount", "NetworkPolicy", "ExternalSecret"}


def hooks(found: tuple[Json, ...], event: str) -> list[Json]:
    return [item for item in found if event in item["metadata"].get("annotations", {}).get("helm.sh/hook", "")]


@pytest.mark.parametrize("event", ["pre-install", "pre-upgrade"])
def test_migration_runs_after_its_own_objects_and_before_all_others(event: str) -> None:
    found = sorted(hooks(release("everything").objects, event), key=weight)

    assert [item["kind"] for item in found[-1:]] == ["Job"]
    assert {item["kind"] for item in found[:-1]} == OWN_KINDS | {"PersistentVolumeClaim"}  # of the backup
    assert all(weight(item) < weight(found[-1]) for item in found[:-1])


def weight(item: Json) -> int:
    return int(item["metadata"]["annotations"]["helm.sh/hook-weight"])


def test_migration_uses_only_what_exists_before_the_release() -> None:
    found = release("everything")
    there = {(item["kind"], item["metadata"]["name"]) for item in hooks(found.objects, "pre-install")}

    spec = pod(found.one("Job", "dict-db-migration"))

    mine = {"dict-db-migration"}
    assert {(kind, *mine) for kind in OWN_KINDS} <= there
    assert spec["serviceAccountName"] in mine
    assert {variable["valueFrom"]["secretKeyRef"]["name"] for c in containers(spec) for variable in c["env"]} == mine
    assert [volume.keys() - {"name"} for volume in spec["volumes"]] == [{"emptyDir"}]


def test_successful_hooks_are_deleted_and_failed_ones_remain() -> None:
    policies = {
        item["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
        for item in hooks(release("everything").objects, "pre-install")
        if item["metadata"]["name"] == "dict-db-migration"
    }

    assert policies == {"before-hook-creation,hook-succeeded"}


def test_migration_waits_for_the_database_first() -> None:
    (waiting,) = pod(release("default").one("Job", "dict-db-migration"))["initContainers"]

    assert 'pg_isready --timeout=3 --dbname="${DATABASE_URL}"' in waiting["args"][0]


def test_migration_can_be_disabled() -> None:
    assert release("minimal").all("Job") == {}
