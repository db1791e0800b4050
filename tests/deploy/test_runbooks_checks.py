"""The runbook checks detect wrong output and unknown commands and options."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runbooks.known_options import rejected_calls
from runbooks.pages import REPOSITORY, Page
from runbooks.stage import Stage, shows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OUTPUT = "NAME   READY\ndict-api-1   1/1\n\nworker-1     1/1\n"
REJECTED = [
    "kubectl get pods --namespac=dict-rate-limit",
    "kubectl frobnicate pods",
    "kubectl logs deployment/dict-apy -n dict-rate-limit",
    "kubectl rollout status deployment/dict-api -n dict-rate-limit --time-out=5s",
    "kubectl apply -f k8s/migration.yaml",
    "kubectl get secret dict-secret -n dict-rate-limit -o jsonpath={.data.x}",
    "helm rollback dict-rate-limits -n dict-rate-limit",
    "helm rollback dict-rate-limit",
    "helm upgrade dict-rate-limit ./chart -n dict-rate-limit",
    "pulsar-admin namespaces make lb-conn/dict",
    "pulsar-admin tenants create lb-conn",
]


@pytest.mark.parametrize(
    ("expected", "matches"),
    [
        ("NAME READY\ndict-api-… 1/1\nworker-… 1/1\n", True),
        ("worker-1 1/1\n", True),
        ("worker-1 1/1\ndict-api-1 1/1\n", False),
        ("dict-api-1\n", False),
        ("worker-2 1/1\n", False),
    ],
)
def test_expected_lines_must_be_complete_and_in_order(expected: str, *, matches: bool) -> None:
    assert shows(OUTPUT, expected) is matches


def test_blocks_are_parsed_with_their_marks(tmp_path: Path) -> None:
    text = "# A\n\n1. b\n\n   ```sh run=psql exit=2\n   echo 1\n     echo 2\n   ```\n\n```text expect\n1\n```\n"

    first, second = Page(path=tmp_path, text=text).blocks

    assert (first.run, first.marks["exit"], first.text, first.line) == ("psql", "2", "echo 1\n  echo 2\n", 5)
    assert (second.run, second.marks, second.text) == (None, {"expect": ""}, "1\n")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    url = "postgresql://dict@/dict?host=/nowhere"
    made = Stage(folder=tmp_path_factory.mktemp("stage"), database_url=url, admin_url=url)
    made.set()
    return made


@pytest.mark.parametrize("command", REJECTED)
def test_stubs_reject_what_the_real_programs_reject(stage: Stage, command: str) -> None:
    result = run_stub(stage, command)

    assert result.returncode == 1
    assert result.stderr.startswith("error: ")


def test_stubs_know_the_objects_of_the_manifests(stage: Stage) -> None:
    result = run_stub(stage, "kubectl get configmap dict-config -n dict-rate-limit -o jsonpath={.data.cache\\.ttl}")

    assert (result.returncode, result.stdout) == (0, "60s\n")


def run_stub(stage: Stage, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runbooks.stubs", *command.split()],
        check=False,
        cwd=stage.folder / "clone",
        env=os.environ | {"RUNBOOK_STAGE": str(stage.folder), "PYTHONPATH": f"{REPOSITORY}/tests"},  # noqa: TID251 -- a program of its own
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pods -n dict-rate-limit --nonsense",
        "kubectl frobnicate pods",
        "helm rollback dict-rate-limit --nonsense",
        "helm rolback dict-rate-limit",
    ],
)
def test_options_unknown_to_the_real_program_are_reported(command: str, tool: Callable[[str], str]) -> None:
    tool(command.split(maxsplit=1)[0])

    assert len(rejected_calls([command.split()])) == 1


def test_options_known_to_the_real_program_are_accepted(tool: Callable[[str], str]) -> None:
    tool("kubectl")

    assert rejected_calls([["kubectl", "logs", "-f", "deployment/dict-api", "-n", "dict-rate-limit"]]) == []
