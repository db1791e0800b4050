from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from cli_program import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def received() -> Iterator[list[int]]:
    """Signals this very process got."""
    numbers: list[int] = []
    before = {one: signal.signal(one, lambda got, _: numbers.append(got)) for one in (signal.SIGUSR1, signal.SIGUSR2)}
    yield numbers
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize(("wanted", "number"), [("debug", signal.SIGUSR1), ("usual", signal.SIGUSR2)])
def test_the_level_of_a_running_program_changes(
    wanted: str, number: int, received: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_command(capsys, "log-level", wanted, "--pid", str(os.getpid()))

    assert (result.code, received) == (0, [number])


def test_a_missing_process_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "log-level", "debug", "--pid", str(2**22 + 1))

    assert (result.code, result.err) == (69, f"error: pid: {2**22 + 1}, expected a running process\n")


def test_a_process_of_another_user_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refused)

    result = run_command(capsys, "log-level", "debug")

    assert (result.code, result.err) == (71, "error: pid: 1, expected a process of this account\n")
