"""Programs that pip cannot give: found in the folder scripts/tools fills, else on the PATH."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from os import environ, pathsep  # noqa: TID251 -- whether a missing tool is a failure is for the machine to say
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@cache
def tools_folder() -> Path:
    """Folder of scripts/tools; beside bin/ lie schemas/, crds/, kwok/ and base/."""
    where = subprocess.run([REPOSITORY / "scripts/tools", "--where"], check=True, capture_output=True, text=True)
    return Path(where.stdout.strip()).parent


def search_path() -> str:
    """A PATH with the tools in front."""
    return f"{tools_folder() / 'bin'}{pathsep}{environ.get('PATH', '')}"


def find_tool(name: str) -> str:
    """Full path of a program. Missing: the test is skipped, or fails where every tool must be present."""
    found = shutil.which(name, path=search_path())
    return found or missing(name)


def find_data(name: str) -> Path:
    """Folder or file that scripts/tools made, named below its folder ("schemas/schemas", "base/base.tar")."""
    found = tools_folder() / name
    return found if found.exists() else Path(missing(name))


def missing(name: str) -> str:
    """Skip, or fail where CI=true or REQUIRE_TOOLS=1."""
    if environ.get("CI") == "true" or environ.get("REQUIRE_TOOLS") == "1":
        pytest.fail(f"{name} is missing: run `make tools` (Debian's packages: see .ci/run)")
    pytest.skip(f"{name} is not installed; `make tools` installs it")
