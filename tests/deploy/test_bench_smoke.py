from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
GROUPS = ("api", "cycle", "delivery", "scrape", "sql", "memory", "up")


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_an_unknown_measurement_is_rejected_with_the_known_ones() -> None:
    done = bench("speed")

    assert done.returncode == 2
    assert f"speed: expected some of {', '.join(GROUPS)}" in done.stderr


def test_every_measurement_is_documented() -> None:
    text = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")

    unexplained = [group for group in GROUPS if f"## `{group}`" not in text]

    assert unexplained == []
