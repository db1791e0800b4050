"""No request pattern makes the source pay: ten thousand varied requests, and what they cost."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from api.world import SimulatedSource, World
from dict_rate_limit.adapters.memory.cache import MemoryCache
from dict_rate_limit.domain.buckets.catalog import POLICIES_LIST
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.simulator.fake_dict import FakeDict
from dict_rate_limit.simulator.fake_dict import World as FakeWorld
from dict_rate_limit.simulator.scenario import SCENARIOS
from dict_rate_limit.usecases.readings.budget import BudgetConfig
from samples.domain import NOON, PARTICIPANT
from samples.readings import OTHER, AbsentCache, FakeClock, absent_stores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dict_rate_limit.serving.asgi import ASGIApp, Message, Scope
    from samples.readings import CountingSource

REQUESTS = 10_000
FEWER = 3_000
LIST = "/api/v1/rate-limit/policies"

TARGETS = (
    LIST,
    f"{LIST}?status=OK",
    f"{LIST}?status=CRITICAL&min_utilization=12.5",
    f"{LIST}?category=C",
    f"{LIST}?category=Z",
    f"{LIST}?min_utilization=nan",
    f"{LIST}?participant={PARTICIPANT}",
    f"{LIST}?participant={OTHER}",
    f"{LIST}?participant={OTHER}&status=WARNING",
    f"{LIST}?participant=00000000",
    f"{LIST}?nocache=1",
    f"{LIST}/",
    f"{LIST}/POLICIES_LIST",
    f"{LIST}/CLAIMS_READ?participant={OTHER}",
    f"{LIST}/NO_SUCH_POLICY",
    f"{LIST}/../x",
    "/",
    f"/?participant={OTHER}&lang=en",
    "/schema",
    "/ready",
    "/nope",
)
WEIGHTS = tuple(5 if target.startswith(LIST) else 1 for target in TARGETS)
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"cache-control", b"no-cache"),
    (b"cache-control", b"max-age=0"),
    (b"pragma", b"no-cache"),
    (b"if-none-match", b'"x"'),
    (b"if-none-match", b"*"),
    (b"if-modified-since", b"Thu, 01 Jan 1970 00:00:00 GMT"),
    (b"authorization", b"Bearer nobody"),
    (b"x-forwarded-for", b"10.0.0.1"),
    (b"accept", b"text/html"),
)
METHODS = ("GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PURGE")


class Requests:
    """An endless row of requests, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- no secret

    def scope(self) -> Scope:
        target = self._random.choices(TARGETS, WEIGHTS)[0]
        if target == LIST and self._random.random() < 0.2:
            target = f"{LIST}?min_utilization={self._random.randrange(100)}.{self._random.randrange(10**6)}"
        path, _, query = target.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._random.choice(METHODS),
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"localhost"), *self._random.sample(HEADERS, self._random.randrange(3))],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "state": {},
        }

    def choice(self, apps: Sequence[ASGIApp]) -> ASGIApp:
        return self._random.choice(apps)

    def pause(self, longest: float) -> float:
        return self._random.uniform(0, longest)


async def answered(app: ASGIApp, scope: Scope) -> int:
    """Call the application as the server would; a real socket for each of so many would only test the socket."""
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def fire(world: World, *, replicas: int, number: int = FEWER) -> Counter[int]:
    """Send that many requests to several replicas within about 40 minutes."""
    apps = [world.app() for _ in range(replicas)]
    requests, statuses = Requests(seed=7), Counter[int]()
    for _ in range(number):
        statuses[await answered(requests.choice(apps), requests.scope())] += 1
        world.clock.advance(requests.pause(5_000 / number))
    return statuses


def calls(source: CountingSource) -> Mapping[str, list[float]]:
    by_participant: dict[str, list[float]] = {}
    for participant, at in source.calls:
        by_participant.setdefault(participant, []).append((at - NOON).total_seconds())
    return by_participant


def simulated(clock: FakeClock) -> tuple[SimulatedSource, FakeDict]:
    fake = FakeDict(FakeWorld(scenario=SCENARIOS["calm-day"], start=NOON, participants=(PARTICIPANT, OTHER)))
    return SimulatedSource(clock, fake), fake


@pytest.fixture
def world() -> World:
    world = World()
    world.source, _ = simulated(world.clock)
    return world


def spaced(world: World, seconds: float) -> bool:
    """Return whether no two calls for a participant are closer than this."""
    return all(after - before >= seconds for row in calls(world.source).values() for before, after in pairwise(row))


async def test_the_cache_ttl_limits_the_calls_of_all_replicas(world: World) -> None:
    statuses = await fire(world, replicas=3, number=REQUESTS)

    elapsed = world.clock.monotonic()
    assert spaced(world, 60)
    assert all(2 <= len(row) <= 1 + elapsed / 60 for row in calls(world.source).values())
    assert calls(world.source).keys() == {PARTICIPANT, OTHER}
    assert {200, 204, 304, 400, 401, 403, 404} <= statuses.keys()
    assert 500 not in statuses


async def test_the_budget_limits_the_calls_with_a_short_cache_ttl(world: World) -> None:
    world.budget = BudgetConfig(cache_ttl=timedelta(seconds=1))
    source, fake = simulated(world.clock)
    world.source = source

    await fire(world, replicas=3)

    left = fake.list_policies(PARTICIPANT, world.clock.now()).answer
    tokens = next(policy.available_tokens for policy in left.policies if policy.name == POLICIES_LIST)  # type: ignore[union-attr] # not refused
    assert spaced(world, 20)
    assert source.refused == 0
    assert tokens > 5


async def test_an_exhausted_bucket_is_not_called(world: World) -> None:
    world.budget = BudgetConfig(cache_ttl=timedelta(seconds=1))
    source, fake = simulated(world.clock)
    world.source = source
    drained = Requests(seed=1)
    app = world.app()
    for _ in range(1000):
        fake.spend(PARTICIPANT, POLICIES_LIST, 1, world.clock.now())
        await answered(app, drained.scope())
        world.clock.advance(drained.pause(1.0))

    assert len(calls(source)[PARTICIPANT]) <= 1 + world.clock.monotonic() / 60


async def test_a_rejecting_source_is_not_called_more_often(world: World) -> None:
    source = World().source
    source.clock = world.clock
    world.source = source
    source.error = SourceError(Outcome.RATE_LIMITED, "429", retry_after_sec=5)

    statuses = await fire(world, replicas=1)

    assert spaced(world, 60)
    assert statuses[503] > 500


async def test_without_redis_the_database_limits_the_calls(world: World) -> None:
    world.cache = AbsentCache()

    await fire(world, replicas=3)

    assert spaced(world, 60)
    assert all(len(row) >= 2 for row in calls(world.source).values())


async def test_without_redis_and_database_the_source_is_not_called(world: World) -> None:
    world.cache, world.stores = AbsentCache(), absent_stores(world.clock)

    statuses = await fire(world, replicas=2)

    assert world.source.calls == []
    assert (statuses[500], statuses[503] > 500) == (0, True)


async def test_after_losing_both_the_last_readings_are_served(world: World) -> None:
    cache = world.cache
    assert isinstance(cache, MemoryCache)
    app = world.app()
    requests = Requests(seed=3)
    for target in (PARTICIPANT, OTHER):
        await answered(
            app,
            {
                **requests.scope(),
                "method": "GET",
                "path": LIST,
                "query_string": f"participant={target}".encode(),
                "headers": [],
            },
        )
    absent, away = AbsentCache(), absent_stores(world.clock)
    cache.get, cache.put, cache.acquire = absent.get, absent.put, absent.acquire  # type: ignore[method-assign]
    for name in ("latest", "policy_overrides", "open_alerts"):
        setattr(world.stores.state, name, getattr(away.state, name))
    world.stores.rate_limiter.acquire = away.rate_limiter.acquire  # type: ignore[method-assign]

    statuses = Counter[int]()
    for _ in range(2000):
        statuses[await answered(app, requests.scope())] += 1
        world.clock.advance(requests.pause(0.5))

    assert len(world.source.calls) == 2
    assert (statuses[500], statuses[503]) == (0, 0)
