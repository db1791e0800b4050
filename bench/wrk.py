"""Load on one URL with wrk."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.command import tool
from bench.errors import BenchError
from bench.stats import MS_PER_SEC

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONNECTIONS = 32
GRACE_SEC = 20.0
US_PER_MS = 1000.0

# wrk has no option for a rate. A random pause before each request sets one, without connections in step.
PAUSE = """
function delay()
  return math.floor(-math.log(1 - math.random()) * {pause_ms} + math.random())
end
"""
SUMMARY = """
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"us":%d,"p50":%d,"p99":%d,"bytes":%d,"errors":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """URL, headers and duration of the load. `pause_ms` is the mean pause of each connection before a request."""

    url: str
    headers: Mapping[str, str]
    seconds: float
    pause_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """Requests, requests per second and latencies in ms, of 32 connections in one thread."""

    requests: int
    rate: float
    p50: float
    p99: float


async def run_load(load: Load, folder: Path) -> LoadResult:
    """Run wrk.

    Raises:
        MissingToolError: wrk is not installed.
        BenchError: a response was an error, or there was none.
    """
    script = folder / "wrk.lua"
    script.write_text((PAUSE.replace("{pause_ms}", f"{load.pause_ms:.3f}") if load.pause_ms else "") + SUMMARY)
    headers = [word for name, value in load.headers.items() for word in ("-H", f"{name}: {value}")]
    # wrk accepts whole seconds only.
    span = f"{max(1, round(load.seconds))}s"
    words = ("-t1", f"-c{CONNECTIONS}", f"-d{span}", "--timeout", "5s", "-s", str(script), *headers, load.url)
    return _answered(await _output(tool("wrk"), words, load.seconds + GRACE_SEC))


def pause_for(rate: float, latency_ms: float) -> float:
    """Return the mean pause in ms with which all connections together reach this rate."""
    return max(0.1, CONNECTIONS * MS_PER_SEC / rate - latency_ms)


async def _output(program: str, words: tuple[str, ...], seconds: float) -> str:
    child = await asyncio.create_subprocess_exec(
        program, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(child.communicate(), seconds)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return output.decode(errors="replace")


def _answered(output: str) -> LoadResult:
    try:
        figures = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        message = f"wrk: {output.strip()[-300:]}"
        raise BenchError(message) from error
    if figures["errors"] or not figures["requests"]:
        message = f"wrk: {figures['errors']} of {figures['requests']} responses were errors"
        raise BenchError(message)
    return LoadResult(
        requests=figures["requests"],
        rate=figures["requests"] * US_PER_MS * MS_PER_SEC / figures["us"],
        p50=figures["p50"] / US_PER_MS,
        p99=figures["p99"] / US_PER_MS,
    )
