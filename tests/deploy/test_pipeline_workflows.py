from __future__ import annotations

import os
import re
import shlex
from typing import Any

import pytest
import yaml

from pipeline.workflow_runner import REPOSITORY, WORKFLOWS, Job, steps, workflow

NAMES = sorted(file.name for file in WORKFLOWS.iterdir())
JOBS = [(name, job) for name in NAMES for job in workflow(name)["jobs"]]
IMAGES = {"dict-api": "dictApi", "orchestration-worker": "orchestrationWorker", "migrations": "migrations"}
WRITES = {
    ("deploy.yml", "build-and-push"): {"packages": "write", "id-token": "write"},
    ("security-scan.yml", "code"): {"security-events": "write"},
}


def job(name: str, key: str) -> Job:
    found: Job = workflow(name)["jobs"][key]
    return found


def every_step() -> list[tuple[str, dict[str, Any]]]:
    return [(f"{name}: {key}", step) for name, key in JOBS for step in steps(job(name, key))]


def pinned_versions() -> dict[str, str]:
    lines = (REPOSITORY / "tools/versions.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_the_workflows_are_those_of_the_specification() -> None:
    assert NAMES == ["ci.yml", "deploy.yml", "security-scan.yml"]
    assert workflow("deploy.yml")["name"] == "Deploy to Production"
    assert workflow("deploy.yml")["on"] == {"push": {"tags": ["v*"]}}
    assert workflow("deploy.yml")["env"] == {"REGISTRY": "ghcr.io", "IMAGE_NAME": "lbpay/dict-rate-limit"}


def test_every_shell_step_is_one_script_or_one_verb_of_make() -> None:
    verbs = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    wrong = []
    for place, step in every_step():
        words = shlex.split(step.get("run", "make help").removeprefix("scripts/deploy/as-root "))
        script = words[0].startswith("scripts/") and os.access(REPOSITORY / words[0], os.X_OK)
        if not script and not (words[0] == "make" and words[1:] and set(words[1:]) <= set(verbs)):
            wrong.append(f"{place}: {step['run']}")

    assert wrong == []


def test_every_script_of_the_pipeline_is_used() -> None:
    called = " ".join(file.read_text(encoding="utf-8") for file in WORKFLOWS.iterdir())
    helpers = {"images"}  # called by other scripts

    unused = [
        file.name
        for file in (REPOSITORY / "scripts/deploy").iterdir()
        if f"scripts/deploy/{file.name}" not in called and file.name not in helpers
    ]

    assert unused == []


def test_no_command_contains_an_expression() -> None:
    assert [place for place, step in every_step() if "${{" in step.get("run", "")] == []


def test_every_action_is_pinned_to_a_commit_with_its_tag() -> None:
    lines = [line for name in NAMES for line in (WORKFLOWS / name).read_text(encoding="utf-8").splitlines()]
    uses = [line.split("uses:")[1].strip() for line in lines if "uses:" in line and "uses: ./" not in line]

    unpinned = [use for use in uses if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)]
    versions: dict[str, set[str]] = {}
    for use in uses:
        action, commit = use.split("@")
        versions.setdefault(action, set()).add(commit)

    assert unpinned == []
    assert {action for action, commits in versions.items() if len(commits) > 1} == set()


def test_no_checkout_persists_its_credentials() -> None:
    checkouts = [step for _, step in every_step() if "checkout" in step.get("uses", "")]

    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_grants_no_permissions_and_sets_concurrency(name: str) -> None:
    whole = workflow(name)

    assert whole["permissions"] == {}
    assert whole["concurrency"]["group"]


@pytest.mark.parametrize(("name", "key"), JOBS)
def test_a_job_has_the_least_permissions_and_a_time_limit(name: str, key: str) -> None:
    found = job(name, key)
    writes = {scope: grant for scope, grant in found["permissions"].items() if grant != "read"}

    assert writes == WRITES.get((name, key), {})
    assert "uses" in found or found["timeout-minutes"] <= 90


def test_a_release_is_tested_and_built_before_its_approval() -> None:
    jobs = workflow("deploy.yml")["jobs"]

    assert list(jobs) == ["test", "build-and-push", "deploy"]
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert jobs["build-and-push"]["needs"] == "test"
    assert jobs["deploy"]["needs"] == "build-and-push"
    assert [key for key in jobs if "environment" in jobs[key]] == ["deploy"]
    assert jobs["deploy"]["environment"]["name"] == "production"


def test_a_running_release_is_never_cancelled() -> None:
    assert workflow("deploy.yml")["concurrency"] == {"group": "production", "cancel-in-progress": False}


def test_only_the_approved_job_sees_the_secrets_of_production() -> None:
    text = (WORKFLOWS / "deploy.yml").read_text(encoding="utf-8")
    before, gated = text.split("\n  deploy:\n")

    assert set(re.findall(r"secrets\.(\w+)", before)) == {"GITHUB_TOKEN"}
    assert set(re.findall(r"secrets\.(\w+)", gated)) == {"GITHUB_TOKEN", "KUBECONFIG", "DICT_API_VIEWER_TOKEN"}


def pushes() -> dict[str, dict[str, Any]]:
    built = [step for step in steps(job("deploy.yml", "build-and-push")) if "build-push-action" in step.get("uses", "")]
    return {step["id"]: step["with"] for step in built}


def test_three_images_are_pushed_with_one_version_and_one_set_of_arguments() -> None:
    pushed = pushes()

    assert list(pushed) == list(IMAGES)
    names = [image["tags"].split("/")[-1].split(":")[0] for image in pushed.values()]
    assert names == ["dict-api", "orchestration-worker", "dict-migrations"]
    assert {image["tags"].split(":")[-1] for image in pushed.values()} == {"${{ steps.meta.outputs.version }}"}
    assert {image["build-args"] for image in pushed.values()} == {"${{ steps.build.outputs.arguments }}"}
    assert all((REPOSITORY / image["file"]).is_file() for image in pushed.values())


def test_every_pushed_image_has_cache_sbom_and_provenance() -> None:
    for image in pushes().values():
        assert image["push"] is True
        assert image["sbom"] is True
        assert image["provenance"] == "mode=max"
        assert image["cache-from"].startswith("type=gha,scope=")
        assert image["cache-to"] == f"{image['cache-from']},mode=max"


def test_images_are_signed_after_the_last_push() -> None:
    runs = [step.get("run", step.get("id", "")) for step in steps(job("deploy.yml", "build-and-push"))]

    assert runs[-1] == "scripts/deploy/sign-images"
    assert runs.index("migrations") < len(runs) - 1


def test_the_pushed_digests_reach_helm_by_keys_that_the_chart_has() -> None:
    outputs = job("deploy.yml", "build-and-push")["outputs"]
    environment = job("deploy.yml", "deploy")["env"]
    release = (REPOSITORY / "scripts/deploy/release").read_text(encoding="utf-8")
    values = yaml.safe_load((REPOSITORY / "helm/values.yaml").read_text(encoding="utf-8"))

    for image, key in IMAGES.items():
        variable = f"DIGEST_{image.replace('-', '_').upper()}"
        assert outputs[image] == f"${{{{ steps.{image}.outputs.digest }}}}"
        assert environment[variable] == f"${{{{ needs.build-and-push.outputs.{image} }}}}"
        assert f'image.{key}.digest=${variable}"' in release
        assert set(values["image"][key]) == {"tag", "digest"}


def test_preflight_checks_the_secrets_of_the_chart() -> None:
    preflight = (REPOSITORY / "scripts/deploy/preflight").read_text(encoding="utf-8")
    values = yaml.safe_load((REPOSITORY / "helm/values.yaml").read_text(encoding="utf-8"))

    assert f"for secret in {values['existingSecret']['name']} {values['bridge']['tls']['existingSecret']};" in preflight


def test_the_pipeline_uses_the_tested_versions() -> None:
    given = {step["uses"].split("@")[0]: step["with"] for _, step in every_step() if "version" in step.get("with", {})}
    pinned = pinned_versions()

    assert given["azure/setup-helm"]["version"] == f"v{pinned['HELM_VERSION']}"
    assert given["azure/setup-kubectl"]["version"] == f"v{pinned['KUBERNETES_VERSION']}"


@pytest.mark.parametrize("name", ["ci.yml", "security-scan.yml"])
def test_every_image_is_built_and_scanned_before_it_is_released(name: str) -> None:
    images = {row["file"] for row in job(name, "images")["strategy"]["matrix"]["include"]}

    assert images == {image["file"] for image in pushes().values()}


def test_pull_requests_run_every_check_and_test() -> None:
    runs = " ".join(step.get("run", "") for key in workflow("ci.yml")["jobs"] for step in steps(job("ci.yml", key)))

    assert "pull_request" in workflow("ci.yml")["on"]
    assert [verb for verb in ("check", "test", "test-deploy", "test-cluster") if f"make {verb}" not in runs] == []


def test_everything_is_scanned_every_week() -> None:
    scan = workflow("security-scan.yml")

    assert list(scan["jobs"]) == ["dependencies", "code", "images", "workflows"]
    assert [entry["cron"].split()[-1] for entry in scan["on"]["schedule"]] == ["1"]
    assert "pull_request" in scan["on"]


def test_every_secret_and_workflow_is_documented() -> None:
    text = (REPOSITORY / "docs/pipeline.md").read_text(encoding="utf-8")
    used = {secret for name in NAMES for secret in re.findall(r"secrets\.(\w+)", (WORKFLOWS / name).read_text("utf-8"))}

    assert [name for name in [*used, *NAMES] if f"`{name}`" not in text] == []
