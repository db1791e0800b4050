"""Runs the command line in this process and returns its exit code and output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.apps.cli.program import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    code: int
    out: str
    err: str


def run_command(
    capsys: pytest.CaptureFixture[str], *arguments: str, environ: Mapping[str, str] | None = None
) -> CommandResult:
    code = run(arguments, environ or {})
    written = capsys.readouterr()
    return CommandResult(code=code, out=written.out, err=written.err)
