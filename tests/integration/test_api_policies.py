"""The two addresses of the policies, over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api.world import World
from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.alerts.state import PolicyOverride
from dict_rate_limit.domain.buckets.reading import RejectedItem
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.ports.cache import CachedSnapshot
from samples.domain import NOON, PARTICIPANT, bucket, snapshot
from samples.readings import OTHER, TTL, absent_stores, policies_list

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

LIST = "/api/v1/rate-limit/policies"
BUCKETS = (
    bucket(1000, 1000, "FULL"),
    bucket(250, 1000, "LOW"),
    bucket(-15, 1000, "NEGATIVE"),
    bucket(1500, 1000, "ABOVE"),
    bucket(0, 0, "VOID"),
    policies_list(),
)


@pytest.fixture
def world() -> World:
    world = World()
    world.source.buckets = BUCKETS
    return world


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client


async def names(client: httpx.AsyncClient, query: str) -> list[str]:
    answer = (await client.get(f"{LIST}?{query}")).json()
    assert answer["total"] == len(answer["policies"])
    return [policy["policy_name"] for policy in answer["policies"]]


async def test_a_policy_has_every_frozen_name(client: httpx.AsyncClient) -> None:
    answer = (await client.get(LIST)).json()

    assert answer["policies"][1] == {
        "policy_name": "LOW",
        "participant": PARTICIPANT,
        "category": "C",
        "capacity_max": 1000,
        "refill_tokens": 60,
        "refill_period_sec": 60,
        "available_tokens": 250,
        "utilization_pct": 75.0,
        "warning_threshold_pct": 25.0,
        "critical_threshold_pct": 10.0,
        "status": "WARNING",
        "exhausted": False,
        "enabled": True,
        "checked_at": "2026-11-23T12:00:00Z",
    }


async def test_the_list_has_its_count_and_age(world: World, client: httpx.AsyncClient) -> None:
    await client.get(LIST)
    world.clock.advance(0.75)

    answer = (await client.get(LIST)).json()

    del answer["policies"]
    assert answer == {
        "total": 6,
        "participant": PARTICIPANT,
        "category": "C",
        "source": "test",
        "correlation_id": None,
        "checked_at": "2026-11-23T12:00:00Z",
        "fetched_at": "2026-11-23T12:00:00Z",
        "rejected": [],
        "age_seconds": 0,
        "cached": True,
        "cache_expires_in": 60,
    }


async def test_unusual_buckets_are_returned_raw_and_evaluated(client: httpx.AsyncClient) -> None:
    policies = {policy["policy_name"]: policy for policy in (await client.get(LIST)).json()["policies"]}

    told = {
        name: (policy["available_tokens"], policy["utilization_pct"], policy["status"], policy["exhausted"])
        for name, policy in policies.items()
    }
    assert told == {
        "FULL": (1000, 0.0, "OK", False),
        "LOW": (250, 75.0, "WARNING", False),
        "NEGATIVE": (-15, 100.0, "CRITICAL", True),
        "ABOVE": (1500, 0.0, "OK", False),
        "VOID": (0, None, "UNKNOWN", False),
        "POLICIES_LIST": (20, 0.0, "OK", False),
    }


async def test_rejected_items_are_returned(world: World, client: httpx.AsyncClient) -> None:
    rejected = RejectedItem(position=3, name="bad name", reason="name: …")
    await world.cache.put(CachedSnapshot(snapshot=snapshot(bucket(), rejected=[rejected]), fetched_at=NOON))

    answer = (await client.get(LIST)).json()

    assert answer["rejected"] == [{"position": 3, "name": "bad name", "reason": "name: …"}]


async def test_a_missing_category_is_null(world: World, client: httpx.AsyncClient) -> None:
    await world.cache.put(CachedSnapshot(snapshot=snapshot(bucket(), category=""), fetched_at=NOON))

    answer = (await client.get(LIST)).json()

    assert (answer["category"], answer["policies"][0]["category"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=OK", ["FULL", "ABOVE", "POLICIES_LIST"]),
        ("status=WARNING", ["LOW"]),
        ("status=CRITICAL", ["NEGATIVE"]),
        ("status=UNKNOWN", ["VOID"]),
        ("min_utilization=75", ["LOW", "NEGATIVE"]),
        ("min_utilization=75.000001", ["NEGATIVE"]),
        ("min_utilization=100", ["NEGATIVE"]),
        ("min_utilization=0", ["FULL", "LOW", "NEGATIVE", "ABOVE", "POLICIES_LIST"]),
        ("category=A", []),
        ("category=C&status=WARNING&min_utilization=10", ["LOW"]),
    ],
)
async def test_filters_select_policies_of_the_reading(
    client: httpx.AsyncClient, query: str, expected: list[str]
) -> None:
    assert await names(client, query) == expected


async def test_filters_cause_no_call_to_the_source(world: World, client: httpx.AsyncClient) -> None:
    for query in ("", "status=OK", "min_utilization=3", "category=B", f"participant={PARTICIPANT}"):
        await client.get(f"{LIST}?{query}")

    assert len(world.source.calls) == 1


async def test_another_participant_has_its_own_reading(world: World, client: httpx.AsyncClient) -> None:
    answer = (await client.get(LIST, params={"participant": OTHER})).json()

    assert (answer["participant"], [name for name, _ in world.source.calls]) == (OTHER, [OTHER])


async def test_the_headers_follow_the_age_of_a_reading(world: World, client: httpx.AsyncClient) -> None:
    told = []
    for seconds in (0, 15, 45):
        world.clock.advance(seconds)
        world.source.error = SourceError(Outcome.UNAVAILABLE, "away") if seconds else None
        answer = await client.get(LIST)
        told.append((answer.headers["X-Cache-Status"], answer.headers["X-Cache-TTL"], answer.json()["cached"]))

    assert told == [("MISS", "60", False), ("HIT", "45", True), ("STALE", "0", True)]


async def test_a_known_snapshot_is_not_sent_again(world: World, client: httpx.AsyncClient) -> None:
    etag = (await client.get(LIST)).headers["ETag"]
    world.clock.advance(0.5)

    answers = [
        await client.get(LIST, headers={"If-None-Match": tags}) for tags in (etag, f'"x", {etag}', "*", etag[2:], '"x"')
    ]

    assert [answer.status_code for answer in answers] == [304, 304, 304, 304, 200]
    assert (answers[0].content, answers[0].headers["ETag"], answers[0].headers["X-Cache-TTL"]) == (b"", etag, "60")


async def test_the_etag_depends_on_snapshot_and_request(world: World, client: httpx.AsyncClient) -> None:
    first = (await client.get(LIST)).headers["ETag"]
    filtered = (await client.get(f"{LIST}?status=OK")).headers["ETag"]
    world.clock.advance(2)
    later = (await client.get(LIST)).headers["ETag"]
    world.clock.advance(TTL.total_seconds())
    renewed = (await client.get(LIST)).headers["ETag"]

    assert first == later
    assert len({first, filtered, renewed}) == 3
    assert first.startswith('W/"')


async def test_changed_thresholds_change_the_etag(world: World) -> None:
    stores = memory_stores(world.clock)
    world.stores = stores
    async with world.client() as client:
        before = (await client.get(LIST)).headers["ETag"]
        stores.database.set_policy_override(PARTICIPANT, "FULL", PolicyOverride(warning=10_000))
        world.clock.advance(10)

        after = await client.get(LIST, headers={"If-None-Match": before})

    assert (after.status_code, after.json()["policies"][0]["status"]) == (200, "WARNING")


async def test_one_policy_is_answered_from_the_list(world: World, client: httpx.AsyncClient) -> None:
    listed = (await client.get(LIST)).json()

    answer = await client.get(f"{LIST}/LOW")

    freshness = {name: answer.json().pop(name) for name in ("age_seconds", "cached", "cache_expires_in")}
    assert {**listed["policies"][1], **freshness} == answer.json()
    assert (answer.headers["X-Cache-Status"], len(world.source.calls)) == ("HIT", 1)


async def test_one_policy_has_an_etag(client: httpx.AsyncClient) -> None:
    etag = (await client.get(f"{LIST}/LOW")).headers["ETag"]

    assert (await client.get(f"{LIST}/LOW", headers={"If-None-Match": etag})).status_code == 304


async def test_a_disabled_policy_is_still_returned(world: World) -> None:
    stores = memory_stores(world.clock)
    stores.database.set_policy_override(PARTICIPANT, "LOW", PolicyOverride(enabled=False))
    world.stores = stores
    async with world.client() as client:
        answer = (await client.get(f"{LIST}/LOW")).json()

    assert (answer["enabled"], answer["status"]) == (False, "WARNING")


async def test_a_policy_of_another_participant_comes_from_its_reading(client: httpx.AsyncClient) -> None:
    answer = (await client.get(f"{LIST}/LOW", params={"participant": OTHER})).json()

    assert answer["participant"] == OTHER


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    whole = await client.get(LIST)

    head = await client.head(LIST)

    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])


async def test_without_any_reading_the_list_is_503_with_retry_after(world: World) -> None:
    world.source.error = SourceError(Outcome.UNAVAILABLE, "secret address 10.0.0.1")
    world.stores = absent_stores(world.clock)
    async with world.client() as client:
        answer = await client.get(LIST)

    assert (answer.status_code, answer.json()["type"], answer.headers["Retry-After"]) == (
        503,
        "bridge-unavailable",
        "5",
    )
    assert "10.0.0.1" not in answer.text


async def test_many_different_requests_do_not_fill_the_cache(world: World) -> None:
    app = world.app()
    async with world.client(app) as client:
        for number in range(300):
            assert (await client.get(f"{LIST}?min_utilization=0.{number}")).status_code == 200

    answers = app._answers  # type: ignore[attr-defined]
    assert len(answers._memo) == 256


async def test_many_repeated_requests_do_not_fill_the_cache(world: World) -> None:
    app = world.app()
    async with world.client(app) as client:
        await client.get(LIST)
        for number in range(300):
            await client.get(LIST, headers={"If-None-Match": f'"{number}"'})

    assert 0 < len(app._recent) <= 256  # type: ignore[attr-defined]


async def test_a_cached_response_expires_after_a_second(world: World, client: httpx.AsyncClient) -> None:
    ages = []
    for _ in range(3):
        ages += [(await client.get(LIST)).json()["age_seconds"] for _ in range(3)]
        world.clock.advance(1)

    assert ages == [0, 0, 0, 1, 1, 1, 2, 2, 2]


async def test_cached_and_fresh_responses_are_identical(client: httpx.AsyncClient) -> None:
    await client.get(LIST)
    slow = await client.get(f"{LIST}/")  # the door does not know this spelling
    fast = await client.get(LIST)

    assert slow.content == fast.content
    assert sorted(slow.headers.items()) == sorted(fast.headers.items())
