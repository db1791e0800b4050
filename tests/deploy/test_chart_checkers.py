"""The chart passes helm lint, kubeconform, kube-score and helm-docs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from deploy.rendered_chart import CHART, RELEASES, release
from tool_box import REPOSITORY, find_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Checks of kube-score that the deployment specification decides otherwise, each with its reason.
LEFT_OUT = {
    "container-image-pull-policy": "the specification requires IfNotPresent; tags are versions and never move",
    "container-security-context-user-group-id": "the specification requires user and group 1000",
    "container-ephemeral-storage-request-and-limit": "the specification's resources have none; /tmp has a size limit",
    "deployment-has-host-podantiaffinity": "topology spread constraints do the same more softly",
}


def succeeded(command: list[str], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", RELEASES)
def test_helm_lint_finds_no_problem(name: str) -> None:
    said = succeeded([find_tool("helm"), "lint", "--strict", str(CHART), *RELEASES[name]])

    assert "0 chart(s) failed" in said


@pytest.mark.parametrize("name", RELEASES)
def test_every_object_matches_the_schema_of_its_kind(name: str, tool_data: Callable[[str], Path]) -> None:
    places = [f"{tool_data(folder)}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json" for folder in SCHEMAS]
    found = release(name)

    said = succeeded(
        [find_tool("kubeconform"), "-strict", "-summary", *(f"-schema-location={place}" for place in places)],
        found.text,
    )

    assert f"Summary: {len(found.objects)} resources found parsing stdin - Valid: {len(found.objects)}, " in said


SCHEMAS = ("schemas/schemas", "crds/schemas")


def test_a_misspelt_field_does_not_match(tool_data: Callable[[str], Path]) -> None:
    place = f"{tool_data(SCHEMAS[0])}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    text = release("default").text.replace("terminationGracePeriodSeconds", "terminationGraceSeconds")

    done = subprocess.run(
        [find_tool("kubeconform"), "-strict", f"-schema-location={place}"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "terminationGraceSeconds" in done.stdout


@pytest.mark.parametrize("name", ["default", "production", "fixed number of pods", "everything"])
def test_kube_score_finds_no_problem(name: str) -> None:
    # The plain releases have no network policies.
    without = [*LEFT_OUT, *([] if release(name).all("NetworkPolicy") else ["pod-networkpolicy"])]
    command = [find_tool("kube-score"), "score", "--exit-one-on-warning", "--kubernetes-version=v1.30"]

    said = succeeded(
        [*command, *(f"--ignore-test={check}" for check in without), "--output-format=ci", "-"], release(name).text
    )

    assert [line for line in said.splitlines() if not line.startswith(("[OK]", "[SKIPPED]"))] == []


def test_the_readme_matches_the_values() -> None:
    find_tool("helm-docs")

    succeeded([str(REPOSITORY / "scripts/chart-readme"), "--check"])


def test_every_value_is_described() -> None:
    readme = (CHART / "README.md").read_text(encoding="utf-8")

    assert [line for line in readme.splitlines() if line.startswith("| ") and line.endswith("|  |")] == []
