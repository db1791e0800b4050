"""Finds programs that pip cannot install, in the folder of scripts/tools, then on the PATH."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from os import environ, pathsep  # noqa: TID251 -- the environment decides whether a missing tool is a failure
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@cache
def tools_folder() -> Path:
    """Return the folder of scripts/tools. It contains bin/, schemas/, crds/, kwok/ and base/."""
    where = subprocess.run([REPOSITORY / "scripts/tools", "--where"], check=True, capture_output=True, text=True)
    return Path(where.stdout.strip()).parent


def search_path() -> str:
    """Return a PATH that begins with the tools."""
    return f"{tools_folder() / 'bin'}{pathsep}{environ.get('PATH', '')}"


def find_tool(name: str) -> str:
    """Return the full path of a program. If it is missing, the test is skipped, or fails where CI needs every tool."""
    found = shutil.which(name, path=search_path())
    return found or missing(name)


def find_data(name: str) -> Path:
    """Return a folder or file of scripts/tools, relative to its folder ("schemas/schemas", "base/base.tar")."""
    found = tools_folder() / name
    return found if found.exists() else Path(missing(name))


def missing(name: str) -> str:
    """Skip the test, or fail it where CI=true or REQUIRE_TOOLS=1."""
    if environ.get("CI") == "true" or environ.get("REQUIRE_TOOLS") == "1":
        pytest.fail(f"{name} is missing: run `make tools` (Debian's packages: see .ci/run)")
    pytest.skip(f"{name} is not installed; `make tools` installs it")
