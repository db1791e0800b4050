"""The cached list of the API process beside nginx, which serves the very same bytes."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from secrets import token_urlsafe
from statistics import median
from typing import TYPE_CHECKING

import httpx

from bench.command import tool
from bench.errors import BenchError
from bench.figure import Comparison, Figure, Target
from bench.nginx import nginx_serving
from bench.resource_usage import cpu_seconds, memory_of
from bench.stack import product, start_services
from bench.wrk import Load, pause_for, run_load
from dict_rate_limit.adapters.telemetry.prometheus.http_metrics import HttpCollector
from dict_rate_limit.apps.api.request_metrics import Requests
from dict_rate_limit.apps.local.port import LOOPBACK, free_port
from dict_rate_limit.domain.access import Role, new_token_line
from dict_rate_limit.domain.buckets.catalog import PSP_POLICIES
from dict_rate_limit.ports.cache import CacheStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from bench.figure import Result
    from bench.resource_usage import MemoryUsage
    from bench.scale import Scale
    from bench.stack import Services
    from bench.wrk import LoadResult

LIST = "/api/v1/rate-limit/policies"
QUERIES = {"plain": "", "filtered": "?status=OK&min_utilization=0"}
RATIO = Target(limit=0.45, at_least=True)
FULL_P99 = Target(limit=5)
HALF_P99 = Target(limit=4)
MEMORY = Target(limit=110)
COUNTING = Target(limit=0.05)
COUNTED = 200_000
US_PER_SEC = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What serves one list: its URL and its process."""

    url: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedServers:
    """The API and nginx with the same answer, what a request carries, the body's bytes."""

    name: str
    api: Target
    nginx: Target
    headers: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """What a target answered, and the microseconds of processor time each answer took it."""

    result: LoadResult
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The API between two slots of nginx."""

    before: LoadRun
    api: LoadRun
    after: LoadRun

    @property
    def peer_rate(self) -> float:
        """Requests per second of nginx around the slot."""
        return (self.before.result.rate + self.after.result.rate) / 2

    @property
    def ratio(self) -> float:
        """Share of nginx that the API reached."""
        return self.api.result.rate / self.peer_rate


async def measure(size: Scale) -> Sequence[Result]:
    """Run the real API process with tokens and metrics, and load it.

    Raises:
        MissingToolError: there is no wrk, or no nginx.
    """
    for needed in ("wrk", "nginx"):
        tool(needed)
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(start_services(["12345678"]))
        secret = token_urlsafe(32)
        environment = settings(services, secret)
        child = await stack.enter_async_context(
            product("api", services.folder / "api", environment, int(environment["PORT"]))
        )
        idle = memory_of(child.pid)
        found: list[Result] = []
        for name, query in QUERIES.items():
            target = Target(url=f"http://{LOOPBACK}:{environment['PORT']}{LIST}{query}", pid=child.pid)
            servers = await stack.enter_async_context(compared_with_nginx(name, target, secret, services.folder))
            found += await measure_load(servers, size, services.folder)
        return (*found, memory(idle, memory_of(child.pid)))


def settings(services: Services, secret: str) -> dict[str, str]:
    """Return the environment of an API that wants a token; the cache lives longer than the run."""
    tokens = services.folder / "tokens"
    tokens.write_text(new_token_line("bench", Role.VIEWER, None, secret) + "\n")
    return {
        **services.environment(),
        "HOST": LOOPBACK,
        "PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "CACHE_TTL": "1h",
        "API_TOKENS_FILE": str(tokens),
        "AUTH_ANONYMOUS_ROLE": "none",
    }


@asynccontextmanager
async def compared_with_nginx(name: str, api: Target, secret: str, folder: Path) -> AsyncIterator[ComparedServers]:
    """Ask once, see that the answer is what is to be measured, and let nginx serve it."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient() as client:
        refused = await client.get(api.url)
        await client.get(api.url, headers=headers)
        answer = await client.get(api.url, headers=headers)
    if refused.status_code != httpx.codes.UNAUTHORIZED or answer.headers.get("x-cache-status") != "HIT":
        message = f"{api.url}: {refused.status_code} without a token, {answer.status_code} {dict(answer.headers)} with"
        raise BenchError(message)
    if answer.json()["total"] < len(PSP_POLICIES) // 2:
        message = f"{api.url}: only {answer.json()['total']} policies"
        raise BenchError(message)
    async with nginx_serving(answer.content, answer.headers, folder / f"nginx-{name}") as (url, pid):
        nginx = Target(url=url, pid=pid)
        yield ComparedServers(name=name, api=api, nginx=nginx, headers=headers, size=len(answer.content))


async def measure_load(servers: ComparedServers, size: Scale, folder: Path) -> list[Result]:
    """Measure nginx, API, nginx; then both at half the rate the API reached."""

    async def load_run(target: Target, pause_ms: float = 0.0) -> LoadRun:
        load = Load(url=target.url, headers=servers.headers, seconds=size.load_run, pause_ms=pause_ms)
        before = cpu_seconds(target.pid)
        result = await run_load(load, folder)
        return LoadRun(result=result, cpu=(cpu_seconds(target.pid) - before) * US_PER_SEC / result.requests)

    before = await load_run(servers.nginx)
    rounds = []
    for _ in range(size.rounds):
        api, after = await load_run(servers.api), await load_run(servers.nginx)
        rounds.append(Round(before=before, api=api, after=after))
        before = after
    rate = median(pair.api.result.rate for pair in rounds) / 2
    pause = pause_for(rate, median(pair.api.result.p50 for pair in rounds) / 2)
    halves = [(await load_run(servers.api, pause), await load_run(servers.nginx, pause)) for _ in range(size.rounds)]
    return [*full_load(servers, rounds), half_load(servers, halves, rate)]


def full_load(servers: ComparedServers, rounds: Sequence[Round]) -> list[Result]:
    """Make the figures of the pairs."""
    api_cpu, nginx_cpu = median(pair.api.cpu for pair in rounds), median(pair.after.cpu for pair in rounds)
    return [
        Figure(
            group="api",
            name=f"{servers.name} list, share of nginx",
            value=median(pair.ratio for pair in rounds),
            unit="",
            target=RATIO,
            comparisons=(
                Comparison(name="API", value=median(pair.api.result.rate for pair in rounds), unit="req/s"),
                Comparison(name="nginx", value=median(pair.peer_rate for pair in rounds), unit="req/s"),
                Comparison(name="lowest pair", value=min(pair.ratio for pair in rounds), unit=""),
                Comparison(name="CPU per answer: API", value=api_cpu, unit="us"),
                Comparison(name="nginx", value=nginx_cpu, unit="us"),
            ),
            note=f"{servers.size:,} bytes, median of {len(rounds)} pairs",
        ),
        Figure(
            group="api",
            name=f"{servers.name} list, p99 at full load",
            value=median(pair.api.result.p99 for pair in rounds),
            unit="ms",
            target=FULL_P99,
            comparisons=(Comparison(name="nginx", value=median(pair.after.result.p99 for pair in rounds), unit="ms"),),
            note="32 connections that never rest",
        ),
        metrics_overhead(servers, api_cpu),
    ]


def metrics_overhead(servers: ComparedServers, answer_us: float) -> Figure:
    """Make the figure of what counting takes of an answer; the same act as behind the door, alone in a loop."""
    requests = Requests(HttpCollector())
    began = time.process_time()
    for _ in range(COUNTED):
        requests.answered_from_memory(200, 0.00002)
        requests.reads[CacheStatus.HIT] += 1
    each = (time.process_time() - began) * US_PER_SEC / COUNTED
    return Figure(
        group="api",
        name=f"{servers.name} list, counting's share of an answer",
        value=each / answer_us,
        unit="",
        target=COUNTING,
        comparisons=(
            Comparison(name="counting", value=each, unit="us"),
            Comparison(name="answer", value=answer_us, unit="us"),
        ),
        note="processor time; nothing is logged and nothing traced of an answer from memory",
    )


def half_load(servers: ComparedServers, halves: Sequence[tuple[LoadRun, LoadRun]], rate: float) -> Result:
    """Make the figure of both at half the API's rate: the same connections rest before each request."""
    api, nginx = zip(*halves, strict=True)
    return Figure(
        group="api",
        name=f"{servers.name} list, p99 at half load",
        value=median(load_run.result.p99 for load_run in api),
        unit="ms",
        target=HALF_P99,
        comparisons=(
            Comparison(name="nginx", value=median(load_run.result.p99 for load_run in nginx), unit="ms"),
            Comparison(name="reached", value=median(load_run.result.rate for load_run in api), unit="req/s"),
        ),
        note=f"32 connections with random rests, {rate:,.0f} req/s meant",
    )


def memory(idle: MemoryUsage, busy: MemoryUsage) -> Figure:
    """Make the figure of the process that was loaded."""
    return Figure(
        group="memory",
        name="API, peak",
        value=busy.peak,
        unit="MiB",
        target=MEMORY,
        comparisons=(
            Comparison(name="at the end", value=busy.now, unit="MiB"),
            Comparison(name="before any load", value=idle.now, unit="MiB"),
        ),
        note="highest resident size, over all the load above",
    )
