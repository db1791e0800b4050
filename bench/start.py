"""Start and stop of `dict-rate-limit up`: time until the first policies, and until all processes ended."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx

from bench.api import LIST
from bench.command import PRODUCT, start, stop, until_ready
from bench.errors import BenchError
from bench.figure import Comparison, Figure, Target
from bench.resource_usage import descendants, memory_of_process
from bench.tempdir import open_folder
from dict_rate_limit.apps.local.port import LOOPBACK, free_port
from dict_rate_limit.domain.buckets.catalog import PSP_POLICIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.figure import Result
    from bench.scale import Scale

EXIT_TIMEOUT_SEC = 10.0
CHECK_INTERVAL_SEC = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Seconds until the first policies, seconds from SIGINT until all processes ended, MiB of `up` itself."""

    first: float
    stopped: float
    own: float
    processes: int


async def measure(scale: Scale) -> Sequence[Result]:
    """Start on an empty folder, stop, start on the same folder, stop. Repeat `starts` times."""
    fresh, again = [], []
    for _ in range(scale.starts):
        with open_folder() as folder:
            fresh.append(await one_run(folder))
            again.append(await one_run(folder))
    both = (*fresh, *again)
    return (
        seconds("first policies, empty folder", [run.first for run in fresh], 6, "from the command to 29 policies"),
        seconds("first policies, next time", [run.first for run in again], 4, "on the folder of the run before"),
        seconds(
            "stop after Ctrl-C", [run.stopped for run in both], 3, f"until all {both[0].processes} processes ended"
        ),
        Figure(
            group="up",
            name="memory of `up` itself",
            value=max(run.own for run in both),
            unit="MiB",
            note="worker, API and simulator in one process",
        ),
    )


async def one_run(folder: Path) -> Run:
    """Start, wait for the policies, stop."""
    port = free_port()
    environment = {"HOST": LOOPBACK, "PORT": str(port), "METRICS_PORT": str(free_port())}
    began = time.monotonic()
    child = start((*PRODUCT, "up", "--data", str(folder / "data")), folder, environment)
    try:
        async with httpx.AsyncClient() as client:
            await until_ready(child, folder, lambda: has_policies(client, f"http://{LOOPBACK}:{port}{LIST}"))
        first = time.monotonic() - began
        children = descendants(child.pid)
        own = memory_of_process(child.pid).now
        took = await asyncio.to_thread(stop, child, signal.SIGINT)
    finally:
        await asyncio.to_thread(stop, child)
    return Run(first=first, stopped=took + await until_gone(children), own=own, processes=len(children) + 1)


async def has_policies(client: httpx.AsyncClient, url: str) -> bool:
    """Return whether the list has all policies."""
    try:
        answer = await client.get(url)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK and answer.json()["total"] >= len(PSP_POLICIES)


async def until_gone(processes: Sequence[int]) -> float:
    """Return the seconds until all processes ended.

    Raises:
        BenchError: one did not end in time.
    """
    began = time.monotonic()
    while left := [pid for pid in processes if runs(pid)]:
        if time.monotonic() - began > EXIT_TIMEOUT_SEC:
            message = f"processes {left} still run after the stop"
            raise BenchError(message)
        await asyncio.sleep(CHECK_INTERVAL_SEC)
    return time.monotonic() - began


def runs(pid: int) -> bool:
    """Return whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def seconds(name: str, values: Sequence[float], limit: float, note: str) -> Figure:
    """Return a figure of starts or stops."""
    return Figure(
        group="up",
        name=name,
        value=median(values),
        unit="s",
        target=Target(limit=limit),
        comparisons=(Comparison(name="slowest", value=max(values), unit="s"),),
        note=f"{note}; median of {len(values)}",
    )
