from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
DOCKERFILES = sorted(REPOSITORY.glob("apps/*/Dockerfile"))


def complaints(*command: str) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def shell_scripts() -> list[str]:
    candidates = [
        *REPOSITORY.glob("scripts/**/*"),
        *REPOSITORY.glob("apps/**/*"),
        *REPOSITORY.glob("db/**/*.sh"),
        REPOSITORY / ".ci/run",
    ]
    return sorted(str(file.relative_to(REPOSITORY)) for file in candidates if file.is_file() and _is_shell(file))


def _is_shell(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.readline().rstrip().endswith((b"/sh", b"bash")) and file.suffix != ".py"


def test_actionlint_finds_no_problem_in_the_workflows(tool: Callable[[str], str]) -> None:
    assert complaints(tool("actionlint"), "-color=false") == ""


def test_zizmor_finds_no_vulnerability_in_the_workflows(tool: Callable[[str], str]) -> None:
    assert complaints(tool("zizmor"), "--offline", "--quiet", "--persona", "pedantic", ".") == ""


@pytest.mark.parametrize("script", shell_scripts())
def test_shellcheck_finds_no_problem_in_a_script(tool: Callable[[str], str], script: str) -> None:
    assert complaints(tool("shellcheck"), "--external-sources", "--source-path", ".", script) == ""


@pytest.mark.parametrize("script", shell_scripts())
def test_a_script_stops_at_its_first_error(script: str) -> None:
    lines = (REPOSITORY / script).read_text(encoding="utf-8").splitlines()

    code = [line for line in lines if line and not line.startswith("#")]
    assert code[0].startswith(("set -eu", "exec "))


@pytest.mark.parametrize("dockerfile", [str(file.relative_to(REPOSITORY)) for file in DOCKERFILES])
def test_hadolint_finds_no_problem_in_a_dockerfile(tool: Callable[[str], str], dockerfile: str) -> None:
    assert complaints(tool("hadolint"), dockerfile) == ""


def test_three_images_are_linted() -> None:
    assert [file.parent.name for file in DOCKERFILES] == ["dict", "migrations", "orchestration-worker"]
