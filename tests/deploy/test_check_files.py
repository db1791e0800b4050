"""`make check` rejects tracked files that are large or built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tool_box import find_tool

SCRIPT = Path(__file__).parents[2] / "scripts/files.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    subprocess.run([find_tool("git"), "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def violations(tree: Path, name: str, size: int) -> list[str]:
    file = tree / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    subprocess.run([find_tool("git"), "-C", str(tree), "add", name], check=True)
    done = subprocess.run([sys.executable, str(SCRIPT)], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr.splitlines()


def test_a_file_at_the_limit_passes(tree: Path) -> None:
    assert violations(tree, "data.json", 500_000) == []


def test_a_file_above_the_limit_fails(tree: Path) -> None:
    assert violations(tree, "data.json", 500_001) == ["data.json: 500,001 bytes, at most 500,000"]


def test_a_picture_of_the_docs_may_be_larger(tree: Path) -> None:
    assert violations(tree, "docs/images/page.png", 500_001) == []


def test_a_wheel_fails(tree: Path) -> None:
    assert violations(tree, "profiler-1.0-py3-none-any.whl", 1) == [
        "profiler-1.0-py3-none-any.whl: built, must not be tracked"
    ]
