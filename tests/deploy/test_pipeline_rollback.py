from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline.stubs import Stage, StubAnswer

if TYPE_CHECKING:
    from pathlib import Path

ROLLED_OUT = [
    "kubectl rollout status deployment/dict-api --namespace dict-rate-limit --timeout=300s",
    "kubectl rollout status deployment/orchestration-worker --namespace dict-rate-limit --timeout=300s",
]
GO_BACK = "helm rollback dict-rate-limit 4 --namespace dict-rate-limit --cleanup-on-fail --wait --timeout 10m"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.built(tmp_path)


def history(*revisions: tuple[int, str, str]) -> StubAnswer:
    revisions_json = [{"revision": number, "status": state, "description": text} for number, state, text in revisions]
    return StubAnswer(to="helm history", stdout=json.dumps(revisions_json))


@pytest.mark.parametrize(
    ("states", "earlier"),
    [
        (["deployed"], "1"),
        (["superseded", "deployed"], "2"),
        (["superseded", "deployed", "failed"], "2"),
        (["superseded", "failed"], "1"),
        (["failed"], "0"),
        (["uninstalled"], "0"),
    ],
)
def test_the_rollback_revision_is_the_last_good_one(stage: Stage, states: list[str], earlier: str) -> None:
    stage.answers(history(*((number, state, "") for number, state in enumerate(states, start=1))))

    ran = stage.run("earlier-revision")

    assert ran.code == 0
    assert stage.outputs == {"earlier": earlier}


def test_before_the_first_release_there_is_no_earlier_revision(stage: Stage) -> None:
    stage.answers(StubAnswer(to="helm history", stderr="Error: release: not found\n", code=1))

    ran = stage.run("earlier-revision")

    assert ran.code == 0
    assert stage.outputs == {"earlier": "0"}


def test_an_unreachable_cluster_is_not_taken_for_a_first_release(stage: Stage) -> None:
    stage.answers(StubAnswer(to="helm history", stderr="Error: Kubernetes cluster unreachable\n", code=1))

    ran = stage.run("earlier-revision")

    assert ran.code == 69
    assert "Kubernetes cluster unreachable" in ran.stderr
    assert stage.outputs == {}


def test_an_interrupted_deployment_is_reported_with_its_fix(stage: Stage) -> None:
    stage.answers(history((3, "deployed", ""), (4, "pending-upgrade", "")))

    ran = stage.run("earlier-revision")

    assert ran.code == 75
    assert "is pending-upgrade" in ran.stderr
    assert "helm rollback dict-rate-limit 3 --namespace dict-rate-limit" in ran.stderr


@pytest.mark.parametrize(
    "newest", [(5, "deployed", "Upgrade complete"), (5, "failed", "Upgrade failed"), (6, "deployed", "Rollback to 3")]
)
def test_a_failed_release_is_rolled_back_to_the_previous_revision(stage: Stage, newest: tuple[int, str, str]) -> None:
    stage.answers(history(newest))

    ran = stage.run("rollback", env={"EARLIER_REVISION": "4"})

    assert ran.code == 0
    assert stage.lines[1:] == [GO_BACK, *ROLLED_OUT]


@pytest.mark.parametrize("newest", [(6, "deployed", "Rollback to 4"), (4, "deployed", "Upgrade complete")])
def test_a_rollback_by_helm_is_only_verified(stage: Stage, newest: tuple[int, str, str]) -> None:
    stage.answers(history(newest))

    ran = stage.run("rollback", env={"EARLIER_REVISION": "4"})

    assert ran.code == 0
    assert "helm is back at revision 4 already" in ran.stdout
    assert stage.lines[1:] == ROLLED_OUT


def test_a_failed_first_release_is_uninstalled_without_its_secrets_and_data(stage: Stage) -> None:
    ran = stage.run("rollback", env={"EARLIER_REVISION": "0"})

    assert ran.code == 0
    assert stage.lines == [
        "helm uninstall dict-rate-limit --namespace dict-rate-limit --ignore-not-found --wait --timeout 10m"
    ]
    assert "Secrets and data stay" in ran.stdout


def test_a_failed_rollback_is_reported(stage: Stage) -> None:
    stage.answers(history((5, "failed", "")), StubAnswer(to="helm rollback", stderr="ROLLBACK FAILED\n", code=1))

    ran = stage.run("rollback", env={"EARLIER_REVISION": "4"})

    assert ran.code == 1
    assert "ROLLBACK FAILED" in ran.stderr
    assert stage.lines[-1] == GO_BACK


@pytest.mark.parametrize("earlier", ["", "latest", "-1", "4; helm uninstall"])
def test_an_unknown_earlier_revision_removes_nothing(stage: Stage, earlier: str) -> None:
    ran = stage.run("rollback", env={"EARLIER_REVISION": earlier})

    assert ran.code != 0
    assert "EARLIER_REVISION" in ran.stderr
    assert stage.calls == []
