"""The product under every scenario at once, two replicas of its API, and a Prometheus that scrapes all of it."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from os import environ  # noqa: TID251 -- coverage hands its own variables down
from typing import TYPE_CHECKING, Any

import httpx
import yaml
from temporalio.client import Client
from temporalio.service import RPCError

from bridge_server import Authority
from deploy.dashboard_bridge import PARTICIPANTS, PLAYERS, Orders
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.workflows.names import monitor_schedule_id
from http_receiver import http_receiver
from tool_box import REPOSITORY, find_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

SCRAPES = 20
"""Number of seconds with one scrape each. With SPEED this is more than six minutes of the scenarios."""
SPEED = 20.0
PATIENCE_SEC = 60
KEYS = "KEYS_CHECK"
ANTISCAN = "ENTRIES_READ_PARTICIPANT_ANTISCAN"
POLICIES = {name: KEYS if name in {"lively", "runaway-job"} else ANTISCAN for name in PLAYERS}
"""The checked policy of each scenario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Services of the product."""

    database_url: str
    redis: str
    temporal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """Scraped data from `start` to `end`. `exposed` are the names of all exported metrics."""

    http: httpx.Client
    start: float
    end: float
    exposed: frozenset[str]

    def values(self, **chosen: str) -> dict[str, str]:
        """Return the values of Grafana's variables. `chosen` are those of the dashboard."""
        length = f"{math.ceil(self.end - self.start)}s"
        return {"__interval": "5s", "__rate_interval": "10s", "__range": length} | chosen

    def ask(self, expr: str, *, now: bool) -> list[dict[str, Any]]:
        """Query as a panel does; return the series with numbers."""
        if now:
            return self._answer("query", query=expr, time=self.end)
        return self._answer("query_range", query=expr, start=self.start, end=self.end, step=2)

    def label_values(self, label: str, selector: str) -> list[str]:
        """Query as a variable does."""
        answer = self.http.get(f"/api/v1/label/{label}/values", params={"match[]": selector}).json()
        assert answer["status"] == "success", answer
        found: list[str] = answer["data"]
        return found

    def _answer(self, what: str, **params: str | float) -> list[dict[str, Any]]:
        answer = self.http.post(f"/api/v1/{what}", data=params).json()
        assert answer["status"] == "success", (params["query"], answer)
        return [series for series in answer["data"]["result"] if has_number(series)]


def has_number(series: Mapping[str, Any]) -> bool:
    """Return whether a series has a value that can be shown: infinity counts, NaN does not."""
    samples = series["values"] if "values" in series else [series["value"]]
    return any(text != "NaN" for _, text in samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process of the product with its output file."""

    job: str
    port: int
    metrics_port: int
    process: subprocess.Popen[bytes]
    words: Path


@contextmanager
def scraped(servers: Servers, folder: Path) -> Iterator[Prometheus]:
    """Run everything for SCRAPES seconds, then only Prometheus for queries."""
    with ExitStack() as left:
        port = free_port()
        with ExitStack() as playing:
            programs = _product(servers, folder, playing)
            command = _prometheus(folder, programs, port)
            left.enter_context(_running(command, folder / "prometheus.txt"))
            begun, exposed = asyncio.run(_lived(servers, folder, programs, f"http://127.0.0.1:{port}"))
            end = time.time()  # noqa: TID251 -- what Prometheus is asked for is its own time
        http = left.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SEC))
        yield Prometheus(http=http, start=begun, end=end, exposed=exposed)


def _product(servers: Servers, folder: Path, stack: ExitStack) -> list[Program]:
    authority, bridge = Authority(folder / "certs", name="bridge"), free_port()
    tls, client = authority.server(), authority.client()
    orders = Orders(
        port=bridge,
        speed=SPEED,
        cert_file=str(tls.cert_file),
        key_file=str(tls.key_file),
        client_ca_file=str(tls.client_ca_file),
    )
    script = REPOSITORY / "tests/deploy/dashboard_bridge.py"
    stack.enter_context(_running([sys.executable, str(script), orders.text()], folder / "bridge.txt"))
    settings = {
        "DATABASE_URL": servers.database_url,
        "REDIS_ADDR": servers.redis,
        "TEMPORAL_HOST": servers.temporal,
        "TEMPORAL_TASK_QUEUE": "dashboards",
        "WORKFLOW_CRON_SCHEDULE": "@every 2m",  # longer than the smallest buckets take to fill
        "CACHE_TTL": "2s",
        "PARTICIPANTS": ",".join(PARTICIPANTS),
        "BRIDGE_GRPC_ADDRESS": f"127.0.0.1:{bridge}",
        "BRIDGE_TLS_CERT_FILE": str(client.cert_file),
        "BRIDGE_TLS_KEY_FILE": str(client.key_file),
        "BRIDGE_TLS_CA_FILE": str(client.ca_file),
        "NOTIFY_URLS_FILE": str(folder / "channels.toml"),
        "NOTIFY_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    (folder / "channels.toml").write_text("", encoding="utf-8")
    programs = []
    for job, command in (("orchestration-worker", "worker"), ("dict-api", "api"), ("dict-api", "api")):
        port, metrics_port = free_port(), free_port()
        words = folder / f"{job}-{port}.txt"
        environment = {**environ, **settings, "PORT": str(port), "METRICS_PORT": str(metrics_port)}
        running = _running([sys.executable, "-m", "dict_rate_limit", command], words, environment)
        process = stack.enter_context(running)
        programs.append(Program(job=job, port=port, metrics_port=metrics_port, process=process, words=words))
    return programs


def _prometheus(folder: Path, programs: list[Program], port: int) -> list[str]:
    """Write the configuration of Prometheus; return its command."""
    targets: dict[str, list[str]] = {}
    for program in programs:
        targets.setdefault(program.job, []).append(f"127.0.0.1:{program.metrics_port}")
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": addresses, "labels": {"namespace": "stage"}}]}
            for job, addresses in targets.items()
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return [
        find_tool("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]


async def _lived(
    servers: Servers, folder: Path, programs: list[Program], prometheus: str
) -> tuple[float, frozenset[str]]:
    """Run cycles, API calls and notifications; return the start time and the names of all metrics."""
    async with http_receiver() as people, httpx.AsyncClient(timeout=PATIENCE_SEC) as http:
        (folder / "channels.toml").write_text(_channels(people.port), encoding="utf-8")
        for program in programs:
            await _ready(http, program)
        begun = time.time()  # noqa: TID251 -- as above
        async with _busy(_cycles(servers.temporal), *(_readers(http, program.port) for program in programs[1:])):
            await _seen(http, prometheus)
        texts = [(await http.get(f"http://127.0.0.1:{program.metrics_port}/metrics")).text for program in programs]
    lines = [line.split() for text in texts for line in text.splitlines()]
    named = {words[2] for words in lines if words[:2] == ["#", "TYPE"]}
    return begun, frozenset(named | {words[0].partition("{")[0] for words in lines if words and words[0] != "#"})


def _channels(port: int) -> str:
    return (
        f'[channels.heard]\nurl = "http://127.0.0.1:{port}/"\nformat = "alertmanager"\ngroup_wait = "1s"\n'
        f'[channels.unheard]\nurl = "http://127.0.0.1:{free_port()}/"\nformat = "alertmanager"\ngroup_wait = "1s"\n'
    )


async def _ready(http: httpx.AsyncClient, program: Program) -> None:
    """Wait until the product is ready."""
    async with asyncio.timeout(PATIENCE_SEC):
        while True:
            assert program.process.poll() is None, program.words.read_text(encoding="utf-8")
            with suppress(httpx.TransportError):
                if (await http.get(f"http://127.0.0.1:{program.metrics_port}/metrics")).is_success:
                    return
            await asyncio.sleep(0.1)


async def _seen(http: httpx.AsyncClient, prometheus: str) -> None:
    """Wait until Prometheus has scraped often enough."""
    query = {"query": f"min(sum_over_time(up[{PATIENCE_SEC}s]))"}
    async with asyncio.timeout(PATIENCE_SEC + SCRAPES):
        while True:
            with suppress(httpx.TransportError):  # it may not have started yet
                result = (await http.get(f"{prometheus}/api/v1/query", params=query)).json()["data"]["result"]
                if result and float(result[0]["value"][1]) >= SCRAPES:
                    return
            await asyncio.sleep(0.5)


@asynccontextmanager
async def _busy(*works: Any) -> AsyncIterator[None]:  # noqa: ANN401 -- coroutines that never end
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
        assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _cycles(temporal: str) -> None:
    """Start a cycle every second if none is running, because the schedule is slower."""
    client = await Client.connect(temporal, namespace="dict")
    schedule = client.get_schedule_handle(monitor_schedule_id(1))
    while True:
        with suppress(RPCError):
            await schedule.trigger()
        await asyncio.sleep(1)


async def _readers(http: httpx.AsyncClient, port: int) -> None:
    """Call the API repeatedly, sometimes with unknown names."""
    api = f"http://127.0.0.1:{port}/api/v1/rate-limit/policies"
    while True:
        for participant in PARTICIPANTS:
            for url in (api, api, f"{api}/{KEYS}", f"{api}/NO_SUCH_POLICY"):
                await http.get(url, params={"participant": participant})
        await asyncio.sleep(0.2)


@contextmanager
def _running(
    command: list[str], words: Path, environment: Mapping[str, str] = environ
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program. Its output goes to the file, and is shown if it ends too early."""
    with words.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=dict(environment))
    try:
        yield process
        assert process.poll() is None, words.read_text(encoding="utf-8")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
