"""Parts the tests of the reading side are made of: a clock moved by hand, sources that count, stores that are away."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn, Protocol

import httpx

from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.adapters.memory.store import MemoryStore
from dict_rate_limit.adapters.telemetry.prometheus.http_metrics import Traffic
from dict_rate_limit.apps.api.access import Access, TokensFile
from dict_rate_limit.apps.api.fast_path import FastPath
from dict_rate_limit.apps.api.request_metrics import Requests
from dict_rate_limit.apps.api.server import ApiDeps, build
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.domain.access import Role
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.buckets.reading import Snapshot, split_valid
from dict_rate_limit.domain.errors import CacheUnavailableError, Outcome, SourceError, StoreUnavailableError
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp
from dict_rate_limit.serving.readiness import Readiness
from dict_rate_limit.serving.rsgi import RsgiApp
from dict_rate_limit.simulator.answer import Listing, Refusal
from dict_rate_limit.texts.alert_lines import alert_events
from dict_rate_limit.usecases.explain import ExplainDeps
from dict_rate_limit.usecases.readings.budget import BudgetConfig
from dict_rate_limit.usecases.readings.reader import Reader, ReaderConfig, ReaderDeps
from samples.domain import NOON, PARTICIPANT, RULES, THRESHOLDS, bucket, snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dict_rate_limit.domain.alerts.alert import Alert, Kind, Severity
    from dict_rate_limit.domain.alerts.state import PolicyOverride
    from dict_rate_limit.domain.buckets.bucket import Bucket
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.cache import CachedSnapshot, RateLimiter, SnapshotCache
    from dict_rate_limit.ports.delivery import Outbox
    from dict_rate_limit.ports.notifications import Notifications
    from dict_rate_limit.ports.stores import Acts, LatestReading, StateStore, StoreHealth
    from dict_rate_limit.serving.asgi import ASGIApp
    from dict_rate_limit.simulator.fake_dict import FakeDict

    class WholeStore(StateStore, StoreHealth, Outbox, Notifications, Acts, Protocol):
        """Every port of a store that readers need."""


OTHER = "87654321"
TTL = timedelta(seconds=60)


class HandClock:
    """Stands still until moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return (self._at - NOON).total_seconds()

    def advance(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)


def policies_list(available: int = 20, capacity: int = 20) -> Bucket:
    """Make the bucket the list itself is charged to."""
    return bucket(available, capacity, "POLICIES_LIST", 6, 60)


class CountingSource:
    """Answers with `buckets`, or fails with `error`, and notes every call."""

    def __init__(self, clock: HandClock, *buckets: Bucket) -> None:
        self.clock = clock
        self.buckets = buckets or (bucket(), policies_list())
        self.error: SourceError | None = None
        self.calls: list[tuple[str, datetime]] = []
        self.hold: asyncio.Event | None = None

    async def list_policies(self, participant: str) -> Snapshot:
        self.calls.append((participant, self.clock.now()))
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return replace(snapshot(*self.buckets, at=self.clock.now()), participant=participant)

    async def get_policy(self, participant: str, policy_name: str) -> NoReturn:
        message = f"nobody should ask for {policy_name} of {participant}"
        raise AssertionError(message)


class SimulatedSource(CountingSource):
    """Asks the fake DICT, which keeps the real budget."""

    def __init__(self, clock: HandClock, fake: FakeDict) -> None:
        super().__init__(clock)
        self._fake = fake
        self.refused = 0

    async def list_policies(self, participant: str) -> Snapshot:
        self.calls.append((participant, self.clock.now()))
        answer = self._fake.list_policies(participant, self.clock.now()).answer
        if isinstance(answer, Refusal):
            self.refused += answer.status == httpx.codes.TOO_MANY_REQUESTS
            outcome = Outcome.RATE_LIMITED if answer.status == httpx.codes.TOO_MANY_REQUESTS else Outcome.UNAVAILABLE
            raise SourceError(outcome, answer.detail, retry_after_sec=answer.retry_after_sec)
        assert isinstance(answer, Listing)
        buckets, rejected = split_valid(answer.policies)
        return replace(
            snapshot(*buckets, at=self.clock.now(), category=answer.category, rejected=rejected),
            participant=participant,
        )


class AbsentCache:
    """Redis that is away: cache and gate."""

    async def get(self, participant: str) -> CachedSnapshot | None:
        raise CacheUnavailableError(participant)

    async def put(self, entry: CachedSnapshot) -> None:
        raise CacheUnavailableError(entry.snapshot.participant)

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        raise CacheUnavailableError(participant, spacing)


class AbsentStore(MemoryStore):
    """PostgreSQL that is away: reads and gate."""

    async def latest(self, participants: Sequence[str]) -> Mapping[str, LatestReading]:
        raise StoreUnavailableError(str(participants))

    async def policy_overrides(self, participant: str) -> Mapping[str, PolicyOverride]:
        raise StoreUnavailableError(participant)

    async def open_alerts(self, participants: Sequence[str]) -> Sequence[Alert]:
        raise StoreUnavailableError(str(participants))

    async def poll_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Outcome], int]:
        raise StoreUnavailableError(str(participants))

    async def open_alert_counts(self, participants: Sequence[str]) -> Mapping[tuple[str, Kind, Severity], int]:
        raise StoreUnavailableError(str(participants))

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        raise StoreUnavailableError(participant, spacing)


class World:
    """Everything around one or more readers; each part may be replaced before `reader` is called."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.source = CountingSource(self.clock)
        self.cache: SnapshotCache = MemoryCache(self.clock)
        self.store: WholeStore = MemoryStore(self.clock)
        self.broker = True
        self.participants: tuple[str, ...] = (PARTICIPANT, OTHER)
        self.budget = BudgetConfig(cache_ttl=TTL)
        self.tokens_path: Path | None = None
        self.anonymous: Role | None = Role.VIEWER
        self.loopback = True
        self.traffic = Traffic()
        self.access_log = False

    @property
    def gates(self) -> Sequence[RateLimiter]:
        return [part for part in (self.cache, self.store) if isinstance(part, (MemoryCache, MemoryStore, AbsentCache))]

    def reader(self) -> Reader:
        """Make a reader, as one more process would have it."""
        return Reader(
            ReaderDeps(source=self.source, cache=self.cache, gates=self.gates, store=self.store, clock=self.clock),
            ReaderConfig(participants=self.participants, thresholds=THRESHOLDS, budget=self.budget),
        )

    def app(self, reader: Reader | None = None) -> ASGIApp:
        """Make the API, as the server runs it."""
        readiness = Readiness({}, self.clock.monotonic)
        readiness.start()
        return build(
            ApiDeps(
                reader=reader or self.reader(),
                store=self.store,
                acts=self.store,
                outbox=self.store,
                clock=self.clock,
                access=Access(TokensFile(self.tokens_path, self.clock), self.anonymous, loopback=self.loopback),
                operations=OperationsApp(readiness),
                requests=Requests(self.traffic, every=self.access_log),
                version="1.2.3",
                broker=self.broker,
                acting=ExplainDeps(
                    store=self.store,
                    acts=self.store,
                    notifications=self.store,
                    clock=self.clock,
                    thresholds=THRESHOLDS,
                    remind_every=timedelta(hours=1),
                ),
            )
        )

    @asynccontextmanager
    async def client(self, app: ASGIApp | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Serve the API on a real port and talk to it."""
        async with serving(app or self.app()) as url, http_client(url) as client:
            yield client


def http_client(url: str) -> httpx.AsyncClient:
    """Make a client without httpx's store of authorities, which takes longer to load than most tests."""
    return httpx.AsyncClient(base_url=url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@asynccontextmanager
async def serving(app: ASGIApp | RsgiApp, host: str = "127.0.0.1", port: int | None = None) -> AsyncIterator[str]:
    """Run Granian in this process until the end of the block."""
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
    message = f"nobody listens on {port}"
    raise AssertionError(message)


async def recorded(store: StateStore, *polls: Poll) -> None:
    """Let the monitor have seen these polls."""
    for poll in polls:
        async with store.begin(poll.participant) as unit:
            state = await unit.load(poll)
            assert state is not None
            _, evaluation = evaluate_poll(state, poll, RULES)
            await unit.save(evaluation, alert_events(evaluation.changes))
