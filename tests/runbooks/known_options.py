"""Checks the options of a runbook's commands against the real kubectl and helm, where they are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from tool_box import search_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNREACHABLE_CLUSTER = {
    "kubectl": ("--server", "http://127.0.0.1:9"),
    "helm": ("--kube-apiserver", "http://127.0.0.1:9"),
}
UNKNOWN = re.compile(
    r"unknown (flag|shorthand|command)|invalid argument|requires (at least|exactly)|accepts \d|usage:", re.IGNORECASE
)


def rejected_calls(calls: Iterable[Sequence[str]]) -> list[str]:
    """Return the calls with options that the real program does not know. Other errors do not count."""
    found = []
    for program, verb, *words in sorted({tuple(call) for call in calls if call[0] in UNREACHABLE_CLUSTER}):
        path = shutil.which(program, path=search_path())
        if path is not None and UNKNOWN.search(said := stderr_of(path, verb, *UNREACHABLE_CLUSTER[program], *words)):
            found.append(f"{program} {verb} {' '.join(words)}: {said}")
    return found


def stderr_of(*command: str) -> str:
    """Return stderr of a program."""
    ended = subprocess.run(  # noqa: S603 -- by full path
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    return ended.stderr
