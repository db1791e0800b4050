"""The worker while Temporal goes and comes back."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.temporal import TemporalAddress
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.apps.local.process import running_process
from dict_rate_limit.apps.local.temporal import is_serving, program
from samples.worker import Stage, eventually, running_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SECONDLY = "@every 1s"


class TemporalThatComesAndGoes:
    """A dev server on one address and one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = free_port(), free_port()

    @property
    def address(self) -> TemporalAddress:
        return TemporalAddress(host=f"127.0.0.1:{self._ports[0]}", namespace="dict")

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        port, http_port = self._ports
        async with running_process(program(self._folder, port, http_port), lambda _: is_serving(http_port)):
            yield

    def forget(self) -> None:
        """Lose the file."""
        for file in self._folder.glob("temporal.db*"):
            file.unlink()


@pytest.fixture
def server(data_folder: Path) -> TemporalThatComesAndGoes:
    return TemporalThatComesAndGoes(data_folder)


async def test_after_a_temporal_outage_the_cycle_completes_and_polls_continue(
    server: TemporalThatComesAndGoes,
) -> None:
    stage = Stage()
    stage.source.gate.clear()

    async with running_worker(stage.parts(server.address, SECONDLY)):
        async with server.up():
            await stage.source.asked.wait()
        await eventually(lambda: says_temporal(stage, "unavailable"))
        stage.source.gate.set()
        async with server.up():
            await eventually(lambda: stage.has_recorded(3))

    assert await stage.progress.worker() == "ok"


async def says_temporal(stage: Stage, word: str) -> bool:
    return await stage.progress.temporal() == word


async def test_lost_schedules_are_created_again(server: TemporalThatComesAndGoes) -> None:
    stage = Stage()
    async with running_worker(stage.parts(server.address)):
        async with server.up():
            await eventually(stage.has_recorded)
        server.forget()

        async with server.up():
            await eventually(lambda: stage.has_recorded(2))


async def test_the_worker_stops_while_temporal_is_unavailable(server: TemporalThatComesAndGoes) -> None:
    stage = Stage()

    async with running_worker(stage.parts(server.address)) as shutdown:
        async with server.up():
            await eventually(stage.has_recorded)
        shutdown.set()
