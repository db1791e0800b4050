"""Tools of the tests that ship the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tool_box import find_data, find_tool

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
