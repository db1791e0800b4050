from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.stubs import Stage, StubAnswer

if TYPE_CHECKING:
    from pathlib import Path

BASE = "https://dict-api.lbpay.com"
POLICIES = f"{BASE}/api/v1/rate-limit/policies"
TOKEN = "drl_very-secret"  # noqa: S105 -- what must not be printed
HEALTHY = StubAnswer(to="/health", stdout='{"status":"ok"}')
VIEWED = StubAnswer(to="--config -", stdin=f'"Authorization: Bearer {TOKEN}"', stdout='{"policies":[{}],"total":29}')
CLOSED = StubAnswer(to="http_code", stdout="401")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.built(tmp_path)


def test_the_smoke_test_checks_health_authentication_and_policies(stage: Stage) -> None:
    stage.answers(HEALTHY, VIEWED, CLOSED)

    ran = stage.run("smoke", env={"VIEWER_TOKEN": TOKEN})

    assert ran.code == 0
    assert ran.stdout == "alive, requests without a token are rejected, 29 policies\n"
    assert [call[-1] for call in stage.calls] == [f"{BASE}/health", POLICIES, POLICIES]


def test_the_token_is_in_no_argument_and_no_output(stage: Stage) -> None:
    stage.answers(HEALTHY, VIEWED, CLOSED)

    ran = stage.run("smoke", env={"VIEWER_TOKEN": TOKEN})

    assert TOKEN not in " ".join(stage.lines) + ran.stdout + ran.stderr
    assert TOKEN in stage.stdin


def test_every_request_has_a_timeout_and_is_retried(stage: Stage) -> None:
    stage.answers(HEALTHY, VIEWED, CLOSED)

    stage.run("smoke", env={"VIEWER_TOKEN": TOKEN})

    assert all("--max-time 10 --retry 10" in line for line in stage.lines)


def test_another_url_can_be_checked(stage: Stage) -> None:
    stage.answers(HEALTHY, VIEWED, CLOSED)

    stage.run("smoke", env={"VIEWER_TOKEN": TOKEN, "BASE_URL": "http://127.0.0.1:8080"})

    assert stage.calls[0][-1] == "http://127.0.0.1:8080/health"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ((StubAnswer(to="/health", code=22),), f"{BASE}/health does not answer"),
        ((HEALTHY, StubAnswer(to="http_code", code=7)), f"{POLICIES} does not answer"),
        (
            (HEALTHY, StubAnswer(to="http_code", stdout="200")),
            f"{POLICIES} without a token answers 200 instead of 401",
        ),
        ((HEALTHY, CLOSED, StubAnswer(to="--config", code=22)), f"{POLICIES} does not answer the viewer's token"),
        ((HEALTHY, CLOSED, StubAnswer(to="--config", stdout="<html>")), f"{POLICIES} answers no JSON"),
        ((HEALTHY, CLOSED, StubAnswer(to="--config", stdout='{"total":0}')), f"{POLICIES} lists no policy"),
        ((HEALTHY, CLOSED, StubAnswer(to="--config", stdout="{}")), f"{POLICIES} lists no policy"),
    ],
)
def test_a_failed_smoke_test_reports_the_cause(stage: Stage, answers: tuple[StubAnswer, ...], message: str) -> None:
    stage.answers(*answers)

    ran = stage.run("smoke", env={"VIEWER_TOKEN": TOKEN})

    assert ran.code == 1
    assert f"smoke test: {message}\n" in ran.stderr
    assert TOKEN not in ran.stdout + ran.stderr


def test_a_missing_viewer_token_is_reported_without_a_request(stage: Stage) -> None:
    ran = stage.run("smoke", env={"VIEWER_TOKEN": ""})

    assert ran.code != 0
    assert "the secret DICT_API_VIEWER_TOKEN is missing: add a token of role viewer" in ran.stderr
    assert stage.calls == []
