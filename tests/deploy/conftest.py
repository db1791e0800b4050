"""Tools of the tests that ship the product."""

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
    """Look a program up: `tool("helm")` is its full path; missing skips the test, or fails it in CI."""
    return find_tool


@pytest.fixture(scope="session")
def tool_data() -> Callable[[str], Path]:
    """Look up what scripts/tools made besides programs: `tool_data("schemas/schemas")`."""
    return find_data


@pytest.fixture(scope="session")
def images() -> None:
    """Build the images of this work tree, on a base that needs no registry."""
    if os.geteuid() != 0:
        missing("root, who may build images,")
    find_tool("buildah")
    find_data("base/base.tar")
    build()
