"""The cached list of the API process beside nginx, which serves the very same bytes."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from secrets import token_urlsafe
from statistics import median
from typing import TYPE_CHECKING

import httpx

from bench.command import tool
from bench.errors import BenchError
from bench.figure import Bar, Figure, Peer
from bench.ground import ground, product
from bench.memory import held_by
from bench.nginx import nginx_serving
from bench.wrk import Load, pause_for, put_load
from dict_rate_limit.apps.embedded.port import LOOPBACK, free_port
from dict_rate_limit.domain.catalog import PSP_POLICIES
from dict_rate_limit.usecases.tokens import Role, new_token_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from bench.figure import Result
    from bench.ground import Ground
    from bench.memory import Held
    from bench.size import Size
    from bench.wrk import Answered

LIST = "/api/v1/rate-limit/policies"
QUERIES = {"plain": "", "filtered": "?status=OK&min_utilization=0"}
RATIO = Bar(limit=0.45, at_least=True)
FULL_P99 = Bar(limit=5)
HALF_P99 = Bar(limit=4)
MEMORY = Bar(limit=110)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One URL of the API, what a request carries, and nginx with the same answer."""

    name: str
    url: str
    headers: Mapping[str, str]
    nginx: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The API between two slots of nginx."""

    before: Answered
    api: Answered
    after: Answered

    @property
    def peer_rate(self) -> float:
        """Requests per second of nginx around the slot."""
        return (self.before.rate + self.after.rate) / 2

    @property
    def ratio(self) -> float:
        """Share of nginx that the API reached."""
        return self.api.rate / self.peer_rate


async def measure(size: Size) -> Sequence[Result]:
    """Run the real API process with tokens and metrics, and load it.

    Raises:
        MissingToolError: there is no wrk, or no nginx.
    """
    for needed in ("wrk", "nginx"):
        tool(needed)
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(ground(["12345678"]))
        secret = token_urlsafe(32)
        environment = settings(parts, secret)
        child = await stack.enter_async_context(
            product("api", parts.folder / "api", environment, int(environment["PORT"]))
        )
        idle = held_by(child.pid)
        found: list[Result] = []
        for name, query in QUERIES.items():
            url = f"http://{LOOPBACK}:{environment['PORT']}{LIST}{query}"
            target = await stack.enter_async_context(beside_nginx(name, url, secret, parts.folder))
            found += await loaded(target, size, parts.folder)
        return (*found, memory(idle, held_by(child.pid)))


def settings(parts: Ground, secret: str) -> dict[str, str]:
    """Return the environment of an API that wants a token; the cache lives longer than the run."""
    tokens = parts.folder / "tokens"
    tokens.write_text(new_token_line("bench", Role.VIEWER, None, secret) + "\n")
    return {
        **parts.environment(),
        "HOST": LOOPBACK,
        "PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "CACHE_TTL": "1h",
        "API_TOKENS_FILE": str(tokens),
        "AUTH_ANONYMOUS_ROLE": "none",
    }


@asynccontextmanager
async def beside_nginx(name: str, url: str, secret: str, folder: Path) -> AsyncIterator[Target]:
    """Ask once, see that the answer is what is to be measured, and let nginx serve it."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient() as client:
        refused = await client.get(url)
        await client.get(url, headers=headers)
        answer = await client.get(url, headers=headers)
    if refused.status_code != httpx.codes.UNAUTHORIZED or answer.headers.get("x-cache-status") != "HIT":
        message = f"{url}: {refused.status_code} without a token, {answer.status_code} {dict(answer.headers)} with one"
        raise BenchError(message)
    if answer.json()["total"] < len(PSP_POLICIES) // 2:
        message = f"{url}: only {answer.json()['total']} policies"
        raise BenchError(message)
    async with nginx_serving(answer.content, answer.headers, folder / f"nginx-{name}") as nginx:
        yield Target(name=name, url=url, headers=headers, nginx=nginx, size=len(answer.content))


async def loaded(target: Target, size: Size, folder: Path) -> list[Result]:
    """Measure nginx, API, nginx; then both at half the rate the API reached."""
    api = Load(url=target.url, headers=target.headers, seconds=size.slot)
    nginx = Load(url=target.nginx, headers=target.headers, seconds=size.slot)
    before = await put_load(nginx, folder)
    pairs = []
    for _ in range(size.pairs):
        slot = await put_load(api, folder)
        after = await put_load(nginx, folder)
        pairs.append(Pair(before=before, api=slot, after=after))
        before = after
    return [*full_load(target, pairs), *await half_load(target, pairs, size, folder)]


def full_load(target: Target, pairs: Sequence[Pair]) -> list[Result]:
    """Make the figures of the pairs."""
    rate = median(pair.api.rate for pair in pairs)
    return [
        Figure(
            group="api",
            name=f"{target.name} list, share of nginx",
            value=median(pair.ratio for pair in pairs),
            unit="",
            bar=RATIO,
            peers=(
                Peer(name="API", value=rate, unit="req/s"),
                Peer(name="nginx", value=median(pair.peer_rate for pair in pairs), unit="req/s"),
                Peer(name="lowest pair", value=min(pair.ratio for pair in pairs), unit=""),
            ),
            note=f"{target.size:,} bytes, median of {len(pairs)} pairs",
        ),
        Figure(
            group="api",
            name=f"{target.name} list, p99 at full load",
            value=median(pair.api.p99 for pair in pairs),
            unit="ms",
            bar=FULL_P99,
            peers=(Peer(name="nginx", value=median(pair.after.p99 for pair in pairs), unit="ms"),),
            note="32 connections that never rest",
        ),
    ]


async def half_load(target: Target, pairs: Sequence[Pair], size: Size, folder: Path) -> list[Result]:
    """Measure both at half the API's rate: the same connections rest before each request."""
    rate = median(pair.api.rate for pair in pairs) / 2
    pause = pause_for(rate, median(pair.api.p50 for pair in pairs) / 2)
    api: list[Answered] = []
    nginx: list[Answered] = []
    for _ in range(size.pairs):
        for url, answers in ((target.url, api), (target.nginx, nginx)):
            load = Load(url=url, headers=target.headers, seconds=size.slot, pause_ms=pause)
            answers.append(await put_load(load, folder))
    return [
        Figure(
            group="api",
            name=f"{target.name} list, p99 at half load",
            value=median(answer.p99 for answer in api),
            unit="ms",
            bar=HALF_P99,
            peers=(
                Peer(name="nginx", value=median(answer.p99 for answer in nginx), unit="ms"),
                Peer(name="reached", value=median(answer.rate for answer in api), unit="req/s"),
            ),
            note=f"32 connections with random rests, {rate:,.0f} req/s meant",
        )
    ]


def memory(idle: Held, busy: Held) -> Figure:
    """Make the figure of the process that was loaded."""
    return Figure(
        group="memory",
        name="API, peak",
        value=busy.peak,
        unit="MiB",
        bar=MEMORY,
        peers=(
            Peer(name="at the end", value=busy.now, unit="MiB"),
            Peer(name="before any load", value=idle.now, unit="MiB"),
        ),
        note="highest resident size, over all the load above",
    )
