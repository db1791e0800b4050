"""The job `deploy`, step by step as GitHub runs it, with stubs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from pipeline.stubs import IMAGES, REFERENCES, Stage, StubAnswer
from pipeline.workflow_runner import Runner, workflow

if TYPE_CHECKING:
    from pathlib import Path

PREPARED = ["check-signatures", "setup-kubeconfig", "preflight", "earlier-revision"]
KNOWN = {
    "needs.build-and-push.outputs.version": "1.0.1",
    "needs.build-and-push.outputs.dict-api": IMAGES["DIGEST_DICT_API"],
    "needs.build-and-push.outputs.orchestration-worker": IMAGES["DIGEST_ORCHESTRATION_WORKER"],
    "needs.build-and-push.outputs.migrations": IMAGES["DIGEST_MIGRATIONS"],
    "secrets.KUBECONFIG": base64.b64encode(b"clusters: []\n").decode(),
    "secrets.DICT_API_VIEWER_TOKEN": "drl_token",
}
HISTORY = StubAnswer(
    to="helm history", stdout=json.dumps([{"revision": 7, "status": "deployed", "description": "Upgrade complete"}])
)
FIRST = StubAnswer(to="helm history", stderr="Error: release: not found\n", code=1)
HEALTHY = (
    StubAnswer(to="kubectl get namespace", stdout="found"),
    StubAnswer(to="kubectl get secret", stdout="found"),
    StubAnswer(to="kubectl get deployment/dict-api", stdout=REFERENCES[0]),
    StubAnswer(to="kubectl get deployment/orchestration-worker", stdout=REFERENCES[1]),
    StubAnswer(to="http_code", stdout="401"),
    StubAnswer(to="--config -", stdout='{"total":29}'),
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.built(tmp_path)


def deployed(stage: Stage, *answers: StubAnswer) -> Runner:
    stage.answers(*answers, *HEALTHY)
    whole = workflow("deploy.yml")
    github = {"GITHUB_REPOSITORY": "lbpay/dict-rate-limit", "GITHUB_REF": "refs/tags/v1.0.1"}
    runner = Runner(stage=stage, known=KNOWN)
    runner.run({"env": {**whole["env"], **github}}, whole["jobs"]["deploy"])
    return runner


def test_a_release_runs_its_steps_in_order(stage: Stage) -> None:
    runner = deployed(stage, HISTORY)

    assert not runner.failed
    assert runner.ran == [*PREPARED, "release", "verify", "smoke", "remove-kubeconfig"]


def test_nothing_is_changed_before_the_release(stage: Stage) -> None:
    deployed(stage, HISTORY)

    commands = [" ".join(call[:2]) for call in stage.calls]
    assert set(commands[: commands.index("helm upgrade")]) == {"cosign verify", "kubectl get", "helm history"}
    assert commands.count("helm upgrade") == 1


def test_a_failing_smoke_test_is_explained_and_rolled_back(stage: Stage) -> None:
    runner = deployed(stage, StubAnswer(to="/health", code=22), HISTORY)

    assert runner.failed
    assert runner.ran == [*PREPARED, "release", "verify", "smoke", "explain", "rollback", "remove-kubeconfig"]


def test_a_first_release_that_fails_is_uninstalled(stage: Stage) -> None:
    runner = deployed(stage, FIRST, StubAnswer(to="/health", code=22))

    assert runner.ran[-2:] == ["rollback", "remove-kubeconfig"]
    assert any(line.startswith("helm uninstall dict-rate-limit") for line in stage.lines)


def test_a_release_that_helm_rolled_back_is_verified(stage: Stage) -> None:
    runner = deployed(stage, HISTORY, StubAnswer(to="helm upgrade", code=1))

    assert runner.ran == [*PREPARED, "release", "explain", "rollback", "remove-kubeconfig"]
    assert not any(line.startswith("helm rollback") for line in stage.lines)


@pytest.mark.parametrize(
    ("broken", "ran"),
    [
        (StubAnswer(to="cosign verify", code=1), ["check-signatures"]),
        (StubAnswer(to="kubectl get namespace"), PREPARED[:3]),
        (StubAnswer(to="helm history", stderr="unreachable", code=1), PREPARED),
    ],
)
def test_a_failure_before_the_release_rolls_nothing_back(stage: Stage, broken: StubAnswer, ran: list[str]) -> None:
    runner = deployed(stage, broken, HISTORY)

    assert runner.failed
    assert runner.ran == [*ran, "remove-kubeconfig"]
    assert not any(line.startswith(("helm upgrade", "helm rollback", "helm uninstall")) for line in stage.lines)
