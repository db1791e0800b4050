"""The API on ports that a test replaces, served on a real port."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx

from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import HttpCollector
from dict_rate_limit.apps.api.app import build
from dict_rate_limit.apps.api.dependencies import ApiDeps
from dict_rate_limit.apps.api.fast_path import FastPath
from dict_rate_limit.apps.api.request_metrics import Requests
from dict_rate_limit.apps.api.security import AccessControl, TokensFile
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.domain.access import Role
from dict_rate_limit.domain.buckets.reading import Snapshot, split_valid
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp
from dict_rate_limit.serving.readiness import Readiness
from dict_rate_limit.serving.rsgi import RsgiApp
from dict_rate_limit.simulator.faults import ErrorStatus, Listing
from samples.domain import THRESHOLDS, snapshot
from samples.readings import CountingSource, FakeClock, ReadingWorld

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dict_rate_limit.serving.asgi import ASGIApp
    from dict_rate_limit.simulator.fake_dict import FakeDict
    from dict_rate_limit.usecases.readings.reader import Reader


class SimulatedSource(CountingSource):
    """A source backed by the fake DICT with its real budget."""

    def __init__(self, clock: FakeClock, fake: FakeDict) -> None:
        super().__init__(clock)
        self._fake = fake
        self.refused = 0

    async def list_policies(self, participant: str) -> Snapshot:
        self.calls.append((participant, self.clock.now()))
        answer = self._fake.list_policies(participant, self.clock.now()).answer
        if isinstance(answer, ErrorStatus):
            self.refused += answer.status == httpx.codes.TOO_MANY_REQUESTS
            outcome = Outcome.RATE_LIMITED if answer.status == httpx.codes.TOO_MANY_REQUESTS else Outcome.UNAVAILABLE
            raise SourceError(outcome, answer.detail, retry_after_sec=answer.retry_after_sec)
        assert isinstance(answer, Listing)
        buckets, rejected = split_valid(answer.policies)
        return replace(
            snapshot(*buckets, at=self.clock.now(), category=answer.category, rejected=rejected),
            participant=participant,
        )


class World(ReadingWorld):
    """The API and the ports around it. A test replaces a port before it calls `app` or `client`."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = True
        self.tokens_path: Path | None = None
        self.anonymous: Role | None = Role.VIEWER
        self.loopback = True
        self.traffic = HttpCollector()
        self.access_log = False

    def app(self, reader: Reader | None = None) -> ASGIApp:
        """Build the API as the server does."""
        readiness = Readiness({}, self.clock.monotonic)
        readiness.start()
        return build(
            ApiDeps(
                reader=reader or self.reader(),
                stores=self.stores,
                clock=self.clock,
                access=AccessControl(TokensFile(self.tokens_path, self.clock), self.anonymous, loopback=self.loopback),
                operations=OperationsApp(readiness),
                requests=Requests(self.traffic, every=self.access_log),
                version="1.2.3",
                broker=self.broker,
                thresholds=THRESHOLDS,
                remind_every=timedelta(hours=1),
            )
        )

    @asynccontextmanager
    async def client(self, app: ASGIApp | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Serve the API on a real port and open a client."""
        async with serving(app or self.app()) as url, http_client(url) as client:
            yield client


def http_client(url: str) -> httpx.AsyncClient:
    """Make a client without the system's authorities, whose loading takes longer than most tests."""
    return httpx.AsyncClient(base_url=url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@asynccontextmanager
async def serving(app: ASGIApp | RsgiApp, host: str = "127.0.0.1", port: int | None = None) -> AsyncIterator[str]:
    """Run Granian in this process inside the block."""
    port, shutdown = port or free_port(), asyncio.Event()
    served = RsgiApp(app, app.from_cache) if isinstance(app, FastPath) else app  # as the program does
    task = asyncio.create_task(serve(served, host, port, shutdown))
    try:
        await _listening(host, port)
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        shutdown.set()
        await task


async def _listening(host: str, port: int) -> None:
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            await writer.wait_closed()
            return
    message = f"no server listens on {port}"
    raise AssertionError(message)
