"""Commands on a terminal of 80 columns, against the real API."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.background_server import BackgroundServer, background_server
from cli_program import CommandResult, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


class Terminal:
    def __init__(self, server: BackgroundServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.server = server
        self._capsys = capsys

    def run(self, *arguments: str, actor: str = "ana") -> CommandResult:
        return run_command(self._capsys, *arguments, "--url", self.server.url, "--token", actor)

    def alert(self) -> str:
        """Open an alert; return its id."""
        return str(self.server.do(self.server.world.alert()).alert_id)


@contextmanager
def open_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """Open a terminal whose environment has no variables of the commands."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DICT_RATE_LIMIT_URL", raising=False)
    monkeypatch.delenv("DICT_RATE_LIMIT_TOKEN", raising=False)
    with background_server(folder) as server:
        yield Terminal(server, capsys)


def lines(result: CommandResult) -> list[str]:
    return [line.rstrip() for line in result.out.splitlines()]
