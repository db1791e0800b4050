"""Maintenance and RateLimiter, tested with memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.memory.stores import MemoryStores
from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.domain.errors import Outcome
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, snapshot

if TYPE_CHECKING:
    from store_harness import Harness
HOUR = timedelta(hours=1)


async def test_only_the_first_caller_is_admitted_within_the_spacing(harness: Harness) -> None:
    answers = [await harness.stores.rate_limiter.acquire(PARTICIPANT, HOUR) for _ in range(3)]

    assert answers == [True, False, False]


async def test_only_one_of_many_concurrent_callers_is_admitted(harness: Harness) -> None:
    answers = await asyncio.gather(*(harness.stores.rate_limiter.acquire(PARTICIPANT, HOUR) for _ in range(20)))

    assert sorted(answers) == [False] * 19 + [True]


async def test_a_caller_is_admitted_after_the_spacing(harness: Harness) -> None:
    await harness.stores.rate_limiter.acquire(PARTICIPANT, HOUR)

    assert await harness.stores.rate_limiter.acquire(PARTICIPANT, timedelta(0))


async def test_participants_do_not_block_one_another(harness: Harness) -> None:
    await harness.stores.rate_limiter.acquire(PARTICIPANT, HOUR)

    assert await harness.stores.rate_limiter.acquire("00000001", HOUR)


async def test_partitions_are_created_from_this_month_to_two_ahead(harness: Harness) -> None:
    today = datetime(2041, 11, 30, 23, 59, tzinfo=UTC)

    made = await harness.stores.maintenance.make_partitions(today)

    assert made == [f"dict_rate_limit_states_{month}" for month in ("2041_11", "2041_12", "2042_01")]


async def test_partitions_are_created_once(harness: Harness) -> None:
    today = datetime(2041, 11, 30, tzinfo=UTC)
    await harness.stores.maintenance.make_partitions(today)

    assert await harness.stores.maintenance.make_partitions(today) == []
    assert await harness.stores.maintenance.make_partitions(today + timedelta(days=1)) == [
        "dict_rate_limit_states_2042_02"
    ]


@pytest.mark.parametrize(
    ("today", "dropped"),
    [
        (datetime(2043, 1, 31, 23, 59, tzinfo=UTC), []),
        (datetime(2043, 2, 1, tzinfo=UTC), ["2041_11"]),
        (datetime(2043, 3, 31, tzinfo=UTC), ["2041_11", "2041_12"]),
    ],
    ids=["not yet", "to the second", "a short month"],
)
async def test_a_partition_is_dropped_after_the_retention(
    harness: Harness, today: datetime, dropped: list[str]
) -> None:
    await harness.stores.maintenance.drop_partitions(datetime(2041, 1, 1, tzinfo=UTC), 0)
    await harness.stores.maintenance.make_partitions(datetime(2041, 11, 15, tzinfo=UTC))

    names = await harness.stores.maintenance.drop_partitions(today, 14)

    assert names == [f"dict_rate_limit_states_{month}" for month in dropped]
    assert await harness.stores.maintenance.drop_partitions(today, 14) == []


async def test_the_current_state_survives_the_retention(harness: Harness) -> None:
    after = await harness.record(snapshot(bucket(0)))
    latest = await harness.stores.state.latest([PARTICIPANT])

    await harness.stores.maintenance.drop_partitions(NOON + timedelta(days=1000), 1)

    assert await harness.stores.state.latest([PARTICIPANT]) == latest
    assert await harness.load(snapshot(at=NOON + FIVE_MINUTES)) == after
    assert await harness.stores.state.poll_counts([PARTICIPANT]) == {(PARTICIPANT, Outcome.OK): 1}
    assert len(await harness.unpublished()) == 1


async def test_only_full_hours_are_rolled_up_once(harness: Harness) -> None:
    await harness.record_all(*(snapshot(bucket(), at=NOON + number * 6 * FIVE_MINUTES) for number in range(6)))

    before = await harness.stores.maintenance.roll_up(NOON + 2 * HOUR + timedelta(minutes=59))
    again = await harness.stores.maintenance.roll_up(NOON + 2 * HOUR + timedelta(minutes=59))
    after = await harness.stores.maintenance.roll_up(NOON + 3 * HOUR)

    assert (before, again, after) == (2, 0, 1)


async def test_a_late_state_has_its_hours_rolled_up_again(harness: Harness) -> None:
    await harness.record(snapshot(bucket()))
    await harness.stores.maintenance.roll_up(NOON + 5 * HOUR)

    await harness.record(snapshot(bucket(1), at=NOON + 5 * HOUR, response_time=NOON + FIVE_MINUTES))

    assert await harness.stores.maintenance.roll_up(NOON + 5 * HOUR) == 1


async def test_partitions_ahead_are_counted_from_the_current_month(harness: Harness) -> None:
    today = datetime(2041, 11, 30, 23, 59, tzinfo=UTC)
    before = await harness.stores.health.partitions_ahead(today)
    await harness.stores.maintenance.make_partitions(today)

    later = [await harness.stores.health.partitions_ahead(today + timedelta(days=days)) for days in (0, 1, 32, 63)]

    assert (before, later) == (0, [2, 1, 0, 0])


async def test_partitions_after_a_gap_are_not_counted(harness: Harness) -> None:
    today = datetime(2041, 11, 30, tzinfo=UTC)
    await harness.stores.maintenance.make_partitions(today)
    await harness.stores.maintenance.make_partitions(datetime(2042, 3, 1, tzinfo=UTC))

    assert await harness.stores.health.partitions_ahead(today) == 2


async def test_the_schema_version_is_that_of_the_newest_migration(harness: Harness) -> None:
    newest = max(migration.version for migration in shipped_migrations())

    version = await harness.stores.health.schema_version()

    assert version == (None if isinstance(harness.stores, MemoryStores) else newest)
