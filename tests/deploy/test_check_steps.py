"""The hooks of pre-commit run every step of `make check`, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_the_hooks_are_the_steps_of_make_check() -> None:
    script = (ROOT / "scripts/check").read_text(encoding="utf-8")
    steps = re.search(r'^all="(.+)"$', script, re.MULTILINE)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]

    assert steps is not None
    assert [hook["entry"] for hook in hooks] == [f"scripts/check {step}" for step in steps[1].split()]
