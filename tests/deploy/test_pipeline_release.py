from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.stubs import IMAGES, REFERENCES, Stage, StubAnswer

if TYPE_CHECKING:
    from pathlib import Path

API, WORKER, MIGRATIONS = (reference.split("@")[1] for reference in REFERENCES)
NAMESPACE = "--namespace dict-rate-limit"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.built(tmp_path)


FOUND = StubAnswer(to="kubectl get", stdout="found\n")


def test_preflight_reads_names_but_no_values(stage: Stage) -> None:
    stage.answers(FOUND)

    ran = stage.run("preflight")

    assert ran.code == 0
    assert stage.lines == [
        "kubectl get namespace dict-rate-limit --ignore-not-found --output name",
        f"kubectl get secret dict-secrets {NAMESPACE} --ignore-not-found --output name",
        f"kubectl get secret bridge-tls-certs {NAMESPACE} --ignore-not-found --output name",
    ]


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ("get namespace", "namespace dict-rate-limit is missing: kubectl apply -f k8s/namespace.yaml"),
        ("get secret dict-secrets", "Secret dict-secrets in namespace dict-rate-limit is missing"),
        ("get secret bridge-tls-certs", "Secret bridge-tls-certs in namespace dict-rate-limit is missing"),
    ],
)
def test_preflight_names_missing_objects(stage: Stage, absent: str, message: str) -> None:
    stage.answers(StubAnswer(to=absent), FOUND)

    ran = stage.run("preflight")

    assert ran.code == 78
    assert message in ran.stderr


def test_preflight_does_not_take_an_unreachable_cluster_for_an_empty_one(stage: Stage) -> None:
    stage.answers(StubAnswer(to="kubectl", stderr="connection refused\n", code=1))

    ran = stage.run("preflight")

    assert ran.code == 1
    assert ran.stderr == "connection refused\n"


def test_the_release_passes_the_pushed_digests_to_helm(stage: Stage) -> None:
    ran = stage.run("release", env={**IMAGES, "VERSION": "1.0.1"})

    assert ran.code == 0
    assert stage.lines == [
        (
            f"helm upgrade --install dict-rate-limit ./helm {NAMESPACE} --values helm/values-production.yaml"
            " --set-string image.repository=ghcr.io/lbpay/dict-rate-limit"
            f" --set-string image.dictApi.tag=1.0.1 --set-string image.dictApi.digest={API}"
            " --set-string image.orchestrationWorker.tag=1.0.1"
            f" --set-string image.orchestrationWorker.digest={WORKER}"
            f" --set-string image.migrations.tag=1.0.1 --set-string image.migrations.digest={MIGRATIONS}"
            " --atomic --wait --timeout 10m"
        )
    ]


def test_a_release_that_helm_rolls_back_fails(stage: Stage) -> None:
    stage.answers(StubAnswer(to="helm upgrade", stderr="UPGRADE FAILED\n", code=1))

    ran = stage.run("release", env={**IMAGES, "VERSION": "1.0.1"})

    assert ran.code == 1
    assert "UPGRADE FAILED" in ran.stderr


def test_a_release_without_a_version_changes_nothing(stage: Stage) -> None:
    ran = stage.run("release", env=IMAGES)

    assert ran.code != 0
    assert "VERSION" in ran.stderr
    assert stage.calls == []


ROLLED_OUT = [
    f"kubectl rollout status deployment/dict-api {NAMESPACE} --timeout=300s",
    f"kubectl rollout status deployment/orchestration-worker {NAMESPACE} --timeout=300s",
]
RUNNING = (
    StubAnswer(to="kubectl get deployment/dict-api", stdout=REFERENCES[0]),
    StubAnswer(to="kubectl get deployment/orchestration-worker", stdout=REFERENCES[1]),
)


def test_both_rollouts_and_their_digests_are_verified(stage: Stage) -> None:
    stage.answers(*RUNNING)

    ran = stage.run("verify", env=IMAGES)

    assert ran.code == 0
    assert [line for line in stage.lines if "rollout" in line] == ROLLED_OUT


def test_a_deployment_with_another_image_fails_the_verification(stage: Stage) -> None:
    stage.answers(RUNNING[0], StubAnswer(to="deployment/orchestration-worker", stdout=f"elsewhere/worker@{API}"))

    ran = stage.run("verify", env=IMAGES)

    assert ran.code == 65
    assert f"deployment/orchestration-worker runs elsewhere/worker@{API}, not the pushed {WORKER}" in ran.stderr


def test_a_hanging_rollout_fails_the_verification(stage: Stage) -> None:
    stage.answers(StubAnswer(to="rollout status deployment/dict-api", stderr="timed out\n", code=1))

    ran = stage.run("verify", env=IMAGES)

    assert ran.code == 1
    assert stage.lines == ROLLED_OUT[:1]


def test_an_explanation_shows_everything_and_never_fails(stage: Stage) -> None:
    stage.answers(StubAnswer(to="", stderr="no such thing\n", code=1))

    ran = stage.run("explain")

    assert ran.code == 0
    assert ran.stdout.count("no such thing") == len(stage.calls)
    assert f"kubectl logs job/dict-db-migration {NAMESPACE} --tail 100" in stage.lines
