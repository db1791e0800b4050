"""k8s/ matches the rendered chart, without the fields that only Helm reads."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cluster.references import dangling
from deploy.rendered_chart import release
from tool_box import REPOSITORY, find_tool

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

MANIFESTS = REPOSITORY / "k8s"
SECRETS = MANIFESTS / "examples/secrets.yaml"


def documents(path: Path) -> list[Json]:
    return [item for item in yaml.safe_load_all(path.read_text(encoding="utf-8")) if item]


@cache
def applied() -> tuple[Json, ...]:
    """Return the documents that `kubectl apply -f k8s/` reads: the files of the folder itself."""
    return tuple(item for path in sorted(MANIFESTS.glob("*.yaml")) for item in documents(path))


def check(repository: Path) -> subprocess.CompletedProcess[str]:
    find_tool("helm")
    command = [str(repository / "scripts/manifests"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def repository_copy(tmp_path: Path) -> Path:
    for folder in ("helm", "k8s", "scripts", "tools"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    return tmp_path


def test_manifests_match_the_rendered_chart() -> None:
    done = check(REPOSITORY)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["configmap.yaml", "migration-job.yaml", "dict-api-deployment.yaml"])
def test_a_changed_file_is_reported(repository_copy: Path, name: str) -> None:
    path = repository_copy / "k8s" / name
    path.write_text(path.read_text(encoding="utf-8").replace("dict-", "pix-"), encoding="utf-8")

    done = check(repository_copy)

    assert done.returncode == 1
    assert f"k8s/{name} differs" in done.stderr
    assert "scripts/manifests" in done.stderr


def test_a_changed_chart_is_reported(repository_copy: Path) -> None:
    values = repository_copy / "helm/values.yaml"
    values.write_text(
        values.read_text(encoding="utf-8").replace('cacheTTL: "60s"', 'cacheTTL: "30s"'), encoding="utf-8"
    )

    assert "k8s/configmap.yaml differs" in check(repository_copy).stderr


def test_a_file_without_a_template_is_reported(repository_copy: Path) -> None:
    (repository_copy / "k8s/hpa.yaml").write_text("kind: HorizontalPodAutoscaler\n", encoding="utf-8")

    assert "k8s/hpa.yaml differs" in check(repository_copy).stderr


def test_the_files_of_the_specification_exist() -> None:
    names = {str(path.relative_to(MANIFESTS)) for path in MANIFESTS.rglob("*.yaml")}

    assert names == {
        "namespace.yaml",
        "configmap.yaml",
        "dict-api-deployment.yaml",
        "orchestration-worker-deployment.yaml",
        "migration-job.yaml",
        "pdb.yaml",
        "serviceaccount.yaml",
        "examples/secrets.yaml",
    }


def test_files_contain_the_objects_of_the_specification() -> None:
    held = {
        name: [(item["kind"], item["metadata"]["name"]) for item in documents(MANIFESTS / name)]
        for name in ("dict-api-deployment.yaml", "orchestration-worker-deployment.yaml", "migration-job.yaml")
    }

    assert held["dict-api-deployment.yaml"] == [("Deployment", "dict-api"), ("Service", "dict-api")]
    assert ("Deployment", "orchestration-worker") in held["orchestration-worker-deployment.yaml"]
    assert ("Job", "dict-db-migration") in held["migration-job.yaml"]


def test_the_files_contain_exactly_the_objects_of_the_release() -> None:
    wanted = {(item["kind"], item["metadata"]["name"]) for item in release("fixed number of pods").objects}

    found = {(item["kind"], item["metadata"]["name"]) for item in applied()}

    assert found == wanted - {("Pod", "dict-test")} | {("Namespace", "dict-rate-limit")}


def test_the_namespace_enforces_the_restricted_standard() -> None:
    (namespace,) = documents(MANIFESTS / "namespace.yaml")

    labels = namespace["metadata"]["labels"]

    assert namespace["metadata"]["name"] == "dict-rate-limit"
    assert (labels["app"], labels["environment"]) == ("dict-rate-limit", "production")
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_manifests_contain_no_fields_for_helm() -> None:
    texts = [path.read_text(encoding="utf-8") for path in MANIFESTS.glob("*.yaml")]

    assert not any("helm.sh/" in text or "managed-by" in text or "# Source" in text for text in texts)


def test_the_job_deletes_itself() -> None:
    (job,) = (item for item in applied() if item["kind"] == "Job")

    assert job["spec"]["ttlSecondsAfterFinished"] == 3600


def test_the_number_of_pods_is_fixed() -> None:
    replicas = {
        item["metadata"]["name"]: item["spec"]["replicas"] for item in applied() if item["kind"] == "Deployment"
    }

    assert replicas == {"dict-api": 3, "orchestration-worker": 2}


def test_example_secrets_are_not_applied_and_match_the_pods() -> None:
    examples = documents(SECRETS)

    assert "Secret" not in {item["kind"] for item in applied()}
    assert {item["metadata"]["name"]: item["type"] for item in examples} == {
        "dict-secrets": "Opaque",
        "bridge-tls-certs": "kubernetes.io/tls",
    }
    assert dangling([*applied(), *examples]) == []


def test_all_objects_are_in_the_namespace() -> None:
    objects = [item for item in (*applied(), *documents(SECRETS)) if item["kind"] != "Namespace"]

    assert {item["metadata"]["namespace"] for item in objects} == {"dict-rate-limit"}
