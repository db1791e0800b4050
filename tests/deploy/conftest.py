"""Fixtures of the deployment tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from containers import build
from tool_box import find_data, find_tool, missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Return the path of a program: `tool("helm")`. If it is missing, skip the test, or fail it in CI."""
    return find_tool


@pytest.fixture(scope="session")
def tool_data() -> Callable[[str], Path]:
    """Return the path of other files of scripts/tools: `tool_data("schemas/schemas")`."""
    return find_data


@pytest.fixture(scope="session")
def images() -> None:
    """Build the images of this work tree on a base without a registry."""
    if os.geteuid() != 0:
        missing("root, who may build images,")
    find_tool("buildah")
    find_data("base/base.tar")
    build()
