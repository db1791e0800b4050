"""The cached list of the API process, compared with nginx, which serves the same bytes."""

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
from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import HttpCollector
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
METRICS_SHARE = Target(limit=0.05)
COUNTED_REQUESTS = 200_000
US_PER_SEC = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """URL and process id of a server of one list."""

    url: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedServers:
    """The API and nginx with the same response. `headers` are those of a request, `size` is the body in bytes."""

    name: str
    api: Server
    nginx: Server
    headers: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """Result of one load run. `cpu` is the server's processor time per response in microseconds."""

    result: LoadResult
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One load run of the API between two of nginx."""

    before: LoadRun
    api: LoadRun
    after: LoadRun

    @property
    def nginx_rate(self) -> float:
        """Mean requests per second of nginx before and after."""
        return (self.before.result.rate + self.after.result.rate) / 2

    @property
    def ratio(self) -> float:
        """Rate of the API divided by the rate of nginx."""
        return self.api.result.rate / self.nginx_rate


async def measure(scale: Scale) -> Sequence[Result]:
    """Run the real API process with tokens and metrics, and put load on it.

    Raises:
        MissingToolError: wrk or nginx is not installed.
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
            server = Server(url=f"http://{LOOPBACK}:{environment['PORT']}{LIST}{query}", pid=child.pid)
            servers = await stack.enter_async_context(compared_with_nginx(name, server, secret, services.folder))
            found += await measure_load(servers, scale, services.folder)
        return (*found, memory(idle, memory_of(child.pid)))


def settings(services: Services, secret: str) -> dict[str, str]:
    """Return the environment of an API that requires a token. The cache lives longer than the run."""
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
async def compared_with_nginx(name: str, api: Server, secret: str, folder: Path) -> AsyncIterator[ComparedServers]:
    """Check one response of the API, and let nginx serve the same bytes.

    Raises:
        BenchError: the response is not the cached list of all policies.
    """
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient() as client:
        without_token = await client.get(api.url)
        await client.get(api.url, headers=headers)
        answer = await client.get(api.url, headers=headers)
    if without_token.status_code != httpx.codes.UNAUTHORIZED or answer.headers.get("x-cache-status") != "HIT":
        message = (
            f"{api.url}: {without_token.status_code} without a token, {answer.status_code} {dict(answer.headers)} with"
        )
        raise BenchError(message)
    if answer.json()["total"] < len(PSP_POLICIES) // 2:
        message = f"{api.url}: only {answer.json()['total']} policies"
        raise BenchError(message)
    async with nginx_serving(answer.content, answer.headers, folder / f"nginx-{name}") as (url, pid):
        nginx = Server(url=url, pid=pid)
        yield ComparedServers(name=name, api=api, nginx=nginx, headers=headers, size=len(answer.content))


async def measure_load(servers: ComparedServers, scale: Scale, folder: Path) -> list[Result]:
    """Measure nginx, API and nginx in turns, then both at half the rate of the API."""

    async def load_run(server: Server, pause_ms: float = 0.0) -> LoadRun:
        load = Load(url=server.url, headers=servers.headers, seconds=scale.load_seconds, pause_ms=pause_ms)
        before = cpu_seconds(server.pid)
        result = await run_load(load, folder)
        return LoadRun(result=result, cpu=(cpu_seconds(server.pid) - before) * US_PER_SEC / result.requests)

    before = await load_run(servers.nginx)
    rounds = []
    for _ in range(scale.load_rounds):
        api, after = await load_run(servers.api), await load_run(servers.nginx)
        rounds.append(Round(before=before, api=api, after=after))
        before = after
    rate = median(one.api.result.rate for one in rounds) / 2
    pause = pause_for(rate, median(one.api.result.p50 for one in rounds) / 2)
    halves = [
        (await load_run(servers.api, pause), await load_run(servers.nginx, pause)) for _ in range(scale.load_rounds)
    ]
    return [*full_load(servers, rounds), half_load(servers, halves, rate)]


def full_load(servers: ComparedServers, rounds: Sequence[Round]) -> list[Result]:
    """Return the figures at full load."""
    api_cpu, nginx_cpu = median(one.api.cpu for one in rounds), median(one.after.cpu for one in rounds)
    return [
        Figure(
            group="api",
            name=f"{servers.name} list, share of nginx",
            value=median(one.ratio for one in rounds),
            unit="",
            target=RATIO,
            comparisons=(
                Comparison(name="API", value=median(one.api.result.rate for one in rounds), unit="req/s"),
                Comparison(name="nginx", value=median(one.nginx_rate for one in rounds), unit="req/s"),
                Comparison(name="lowest round", value=min(one.ratio for one in rounds), unit=""),
                Comparison(name="CPU per response: API", value=api_cpu, unit="us"),
                Comparison(name="nginx", value=nginx_cpu, unit="us"),
            ),
            note=f"{servers.size:,} bytes, median of {len(rounds)} rounds",
        ),
        Figure(
            group="api",
            name=f"{servers.name} list, p99 at full load",
            value=median(one.api.result.p99 for one in rounds),
            unit="ms",
            target=FULL_P99,
            comparisons=(Comparison(name="nginx", value=median(one.after.result.p99 for one in rounds), unit="ms"),),
            note="32 connections without pauses",
        ),
        metrics_overhead(servers, api_cpu),
    ]


def metrics_overhead(servers: ComparedServers, response_us: float) -> Figure:
    """Return the share of metrics in a response. Only the counting of the request pipeline runs, in a loop."""
    requests = Requests(HttpCollector())
    began = time.process_time()
    for _ in range(COUNTED_REQUESTS):
        requests.answered_from_memory(200, 0.00002)
        requests.reads[CacheStatus.HIT] += 1
    each = (time.process_time() - began) * US_PER_SEC / COUNTED_REQUESTS
    return Figure(
        group="api",
        name=f"{servers.name} list, metrics' share of a response",
        value=each / response_us,
        unit="",
        target=METRICS_SHARE,
        comparisons=(
            Comparison(name="metrics", value=each, unit="us"),
            Comparison(name="response", value=response_us, unit="us"),
        ),
        note="processor time; a response from memory is neither logged nor traced",
    )


def half_load(servers: ComparedServers, halves: Sequence[tuple[LoadRun, LoadRun]], rate: float) -> Result:
    """Return the figure at half the API's rate. The same connections pause before each request."""
    api, nginx = zip(*halves, strict=True)
    return Figure(
        group="api",
        name=f"{servers.name} list, p99 at half load",
        value=median(run.result.p99 for run in api),
        unit="ms",
        target=HALF_P99,
        comparisons=(
            Comparison(name="nginx", value=median(run.result.p99 for run in nginx), unit="ms"),
            Comparison(name="reached", value=median(run.result.rate for run in api), unit="req/s"),
        ),
        note=f"32 connections with random pauses, target {rate:,.0f} req/s",
    )


def memory(idle: MemoryUsage, busy: MemoryUsage) -> Figure:
    """Return the figure of the API process."""
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
        note="highest resident size, over all load of `api`",
    )
