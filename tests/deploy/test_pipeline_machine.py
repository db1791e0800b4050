"""Scripts that change the pipeline's own machine: packages, root, audits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.stubs import REPOSITORY, Stage, StubAnswer

if TYPE_CHECKING:
    from pathlib import Path

UNPRIVILEGED = StubAnswer(to="id -u", stdout="1000\n")
ROOT = StubAnswer(to="id -u", stdout="0\n")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.built(tmp_path)


def test_root_runs_a_command_unchanged(stage: Stage) -> None:
    stage.answers(ROOT)

    ran = stage.run("as-root", "helm", "version")

    assert ran.code == 0
    assert stage.lines == ["id -u", "helm version"]


def test_other_users_run_it_with_sudo_and_their_path_and_home(stage: Stage) -> None:
    stage.answers(UNPRIVILEGED)

    stage.run("as-root", "helm", "version", env={"CI": "true"})

    call = stage.calls[-1]
    assert call[:2] == ["sudo", "env"]
    assert call[2].startswith(f"PATH={stage.folder}/bin:")
    assert call[3:] == [f"HOME={stage.folder}", "CI=true", "helm", "version"]


def test_packages_are_installed_without_recommended_packages(stage: Stage) -> None:
    stage.answers(ROOT)

    ran = stage.run("packages", "jq", "shellcheck")

    assert ran.code == 0
    assert [line for line in stage.lines if line.startswith("apt-get")] == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends jq shellcheck",
    ]


def test_a_missing_package_stops_the_pipeline(stage: Stage) -> None:
    stage.answers(ROOT, StubAnswer(to="apt-get install", stderr="no such package\n", code=100))

    ran = stage.run("packages", "jq")

    assert ran.code == 100


def test_every_locked_version_is_audited_without_installing_it(stage: Stage) -> None:
    record = '#!/bin/sh\necho "${0##*/} $*" >>' + str(stage.folder / "audit") + "\n"
    stage.program("record", record)
    stage.program(
        "python3", '#!/bin/sh\nmkdir -p "$3/bin"\nfor p in python pip-audit; do cp "${0%/*}/record" "$3/bin/$p"; done\n'
    )

    ran = stage.run("audit-dependencies")

    install, audit = (stage.folder / "audit").read_text(encoding="utf-8").splitlines()
    files = sorted(str(file.relative_to(REPOSITORY)) for file in REPOSITORY.glob("requirements/*.txt"))
    assert ran.code == 0
    assert "pip install" in install
    assert "--require-hashes -r requirements/audit.txt" in install
    assert audit == "pip-audit --strict --disable-pip --require-hashes --progress-spinner off " + " ".join(
        f"--requirement {file}" for file in files
    )


def test_a_known_vulnerability_fails_the_audit(stage: Stage) -> None:
    stage.program("pip-audit", "#!/bin/sh\necho found >&2\nexit 1\n")
    stage.program(
        "python3", '#!/bin/sh\nmkdir -p "$3/bin"\nln -s /bin/true "$3/bin/python"\ncp "${0%/*}/pip-audit" "$3/bin/"\n'
    )

    ran = stage.run("audit-dependencies")

    assert ran.code == 1
    assert "found" in ran.stderr
