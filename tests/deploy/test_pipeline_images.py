from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from pipeline.stubs import REPOSITORY, Stage, StubAnswer

if TYPE_CHECKING:
    from pathlib import Path

STRICT = "--read-only --tmpfs /tmp --user 1000:1000 --cap-drop ALL --security-opt no-new-privileges"
STARTED = StubAnswer(to="docker run --detach", stdout="c1\n")
HEALTHY = StubAnswer(to="State.Health", stdout="healthy\n")
IMPATIENT = {"PAUSE": "0"}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.built(tmp_path)


def test_the_api_becomes_healthy_without_privileges_and_ends_on_sigterm(stage: Stage) -> None:
    stage.answers(STARTED, HEALTHY, StubAnswer(to="State.ExitCode", stdout="0\n"))

    ran = stage.run("try-image", "dict-api", "dict-api:ci")

    assert ran.code == 0
    assert stage.lines[0].startswith(f"docker run --detach {STRICT} --env DATABASE_URL=")
    assert [" ".join(call[1:2]) for call in stage.calls] == ["run", "inspect", "stop", "inspect", "rm"]


def test_an_unhealthy_api_is_reported_and_removed(stage: Stage) -> None:
    stage.answers(
        STARTED,
        StubAnswer(to="State.Health", stdout="starting\n"),
        StubAnswer(to="docker logs", stderr="no port\n"),
    )

    ran = stage.run("try-image", "dict-api", "dict-api:ci", env=IMPATIENT)

    assert ran.code == 1
    assert "no port" in ran.stderr
    assert "dict-api:ci is starting, not healthy" in ran.stderr
    assert stage.lines[-1] == "docker rm --force c1"


def test_an_api_that_ignores_sigterm_is_rejected(stage: Stage) -> None:
    stage.answers(STARTED, HEALTHY, StubAnswer(to="State.ExitCode", stdout="137\n"))

    ran = stage.run("try-image", "dict-api", "dict-api:ci")

    assert ran.code == 1
    assert "dict-api:ci ended with 137 on SIGTERM instead of 0" in ran.stderr
    assert stage.lines[-1] == "docker rm --force c1"


@pytest.mark.parametrize(
    ("name", "words"),
    [("orchestration-worker", "an-image --help"), ("dict-migrations", "--entrypoint goose an-image --version")],
)
def test_the_other_images_start_without_privileges(stage: Stage, name: str, words: str) -> None:
    ran = stage.run("try-image", name, "an-image")

    assert ran.code == 0
    assert stage.lines == [f"docker run --rm {STRICT} {words}"]


def test_an_image_that_does_not_start_is_rejected(stage: Stage) -> None:
    stage.answers(StubAnswer(to="docker run", code=126))

    ran = stage.run("try-image", "dict-migrations", "an-image")

    assert ran.code == 126


def test_an_unknown_image_is_rejected_with_the_known_ones(stage: Stage) -> None:
    ran = stage.run("try-image", "dict", "an-image")

    assert ran.code == 64
    assert "expected dict-api, orchestration-worker or dict-migrations" in ran.stderr


def test_images_are_built_with_every_argument_of_their_dockerfiles(stage: Stage) -> None:
    ran = stage.run("build-arguments")

    text = (stage.folder / "output").read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    files = [file.read_text(encoding="utf-8") for file in REPOSITORY.glob("apps/*/Dockerfile")]
    needed = {name for file in files for name in re.findall(r"^ARG (\w+)", file, re.MULTILINE)}
    assert ran.code == 0
    assert set(given) == needed - {"PIP_NO_INDEX", "PIP_FIND_LINKS"}  # only for builds without a network
    assert given["VERSION"] == tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert re.fullmatch(r"[0-9a-f]{40}", given["REVISION"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", given["CREATED"])
    assert "@sha256:" in given["PYTHON_IMAGE"]


def test_the_arguments_are_one_output_of_several_lines(stage: Stage) -> None:
    stage.run("build-arguments")

    lines = (stage.folder / "output").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("arguments<<END", "END")
