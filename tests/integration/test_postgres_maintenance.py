from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from dict_rate_limit.adapters.postgres.maintenance import Partition, missing_months
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.errors import StoreError, StoreUnavailableError
from postgres_database import execute, opened_store, record, rows, values
from samples.domain import bucket, failure, snapshot

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.reading import Snapshot

NOVEMBER = datetime(2041, 11, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WHERE_STATES_ARE = """
    SELECT tableoid::regclass::text AS month, checked_at, id FROM dict_rate_limit_states ORDER BY checked_at
"""
PLAIN_RECOMPUTATION = """
    SELECT participant, policy_name, date_trunc('hour', checked_at) AS hour, count(*)::integer AS samples,
        min(available_tokens) AS available_min, avg(available_tokens)::float8 AS available_avg,
        max(available_tokens) AS available_max, min(capacity) AS capacity_min, max(capacity) AS capacity_max,
        min(utilization_pct) AS utilization_min, round(avg(utilization_pct), 2) AS utilization_avg,
        max(utilization_pct) AS utilization_max
    FROM dict_rate_limit_states WHERE checked_at < '2041-11-15 06:00+00'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
ROLLED_UP = "SELECT * FROM dict_rate_limit_states_hourly ORDER BY participant, policy_name, hour"


def readings(*moments: datetime) -> list[Snapshot]:
    """Make readings that differ."""
    return [
        snapshot(bucket(number - 3), bucket(number, 0, name="KEYS_CHECK"), at=at) for number, at in enumerate(moments)
    ]


async def test_the_migration_creates_this_month_and_two_ahead(migrated_database_url: str) -> None:
    (bounds,) = rows(
        migrated_database_url,
        """
        SELECT count(*) AS months, min(lower) = date_trunc('month', now(), 'UTC') AS begins_now,
            max(upper) = date_trunc('month', now(), 'UTC') + interval '3 months' AS ends_in_three
        FROM (
            SELECT substring(pg_get_expr(relpartbound, oid) FROM 'FROM \\(''(.+?)''')::timestamptz AS lower,
                substring(pg_get_expr(relpartbound, oid) FROM 'TO \\(''(.+?)''')::timestamptz AS upper
            FROM pg_class WHERE relname ~ '^dict_rate_limit_states_\\d{4}_\\d\\d$'
        ) AS month
        """,
    )

    assert bounds == {"months": 3, "begins_now": True, "ends_in_three": True}


async def test_readings_across_a_month_end_are_in_their_partitions(migrated_database_url: str) -> None:
    december = datetime(2041, 12, 1, tzinfo=UTC)
    async with opened_store(migrated_database_url) as stores:
        await stores.maintenance.make_partitions(NOVEMBER)

        await record(stores, *(snapshot(bucket(), at=at) for at in (december - timedelta(microseconds=1), december)))

    assert [row["month"] for row in rows(migrated_database_url, WHERE_STATES_ARE)] == [
        "dict_rate_limit_states_2041_11",
        "dict_rate_limit_states_2041_12",
    ]


async def test_a_new_partition_takes_its_rows_out_of_default(migrated_database_url: str) -> None:
    moments = [NOVEMBER + timedelta(days=days) for days in (-15, 0, 20, 200)]
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *(snapshot(bucket(), at=at) for at in moments))
        before = rows(migrated_database_url, WHERE_STATES_ARE)

        await stores.maintenance.make_partitions(NOVEMBER)

    after = rows(migrated_database_url, WHERE_STATES_ARE)
    default = "dict_rate_limit_states_default"
    assert {row["month"] for row in before} == {default}
    assert [row["month"] for row in after] == [
        default,
        "dict_rate_limit_states_2041_11",
        "dict_rate_limit_states_2041_12",
        default,
    ]
    assert [row["id"] for row in after] == [row["id"] for row in before]


async def test_a_later_partition_equals_one_of_the_migration(migrated_database_url: str) -> None:
    indexes = """
        SELECT regexp_replace(indexdef, '\\d{4}_\\d\\d', '', 'g') AS index FROM pg_indexes
        WHERE tablename = (
            SELECT %s(relname) FROM pg_class WHERE relname ~ '^dict_rate_limit_states_\\d{4}_\\d\\d$'
        ) ORDER BY 1
    """
    columns = """
        SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns
        WHERE table_name = (
            SELECT %s(relname) FROM pg_class WHERE relname ~ '^dict_rate_limit_states_\\d{4}_\\d\\d$'
        ) ORDER BY ordinal_position
    """

    async with opened_store(migrated_database_url) as stores:
        await stores.maintenance.make_partitions(NOVEMBER)

    for query in (indexes, columns):
        assert rows(migrated_database_url, query % "min") == rows(migrated_database_url, query % "max")


async def test_readings_can_be_recorded_while_a_partition_is_created(migrated_database_url: str) -> None:
    polls = [snapshot(bucket(), at=NOVEMBER + number * MINUTE) for number in range(30)]
    async with opened_store(migrated_database_url) as stores:
        await record(stores, polls[0])

        await asyncio.gather(record(stores, *polls[1:]), stores.maintenance.make_partitions(NOVEMBER))

    found = rows(migrated_database_url, WHERE_STATES_ARE)
    assert len(found) == 30
    assert {row["month"] for row in found} == {"dict_rate_limit_states_2041_11"}


async def test_creating_a_partition_times_out_behind_a_long_reader(
    migrated_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_lock_timeout(monkeypatch)
    async with opened_store(migrated_database_url) as stores:
        with psycopg.connect(migrated_database_url) as reader:
            reader.execute("SELECT count(*) FROM dict_rate_limit_states")

            with pytest.raises(StoreUnavailableError, match="lock timeout"):
                await stores.maintenance.make_partitions(NOVEMBER)

        assert len(await stores.maintenance.make_partitions(NOVEMBER)) == 3


async def test_a_detached_table_of_the_same_name_is_not_changed(migrated_database_url: str) -> None:
    execute(migrated_database_url, "CREATE TABLE dict_rate_limit_states_2041_12 (archived text)")
    async with opened_store(migrated_database_url) as stores:
        with pytest.raises(StoreError, match='"dict_rate_limit_states_2041_12" already exists'):
            await stores.maintenance.make_partitions(NOVEMBER)

    assert rows(migrated_database_url, "TABLE dict_rate_limit_states_2041_12") == []


async def test_partitions_with_other_names_are_recognized(migrated_database_url: str) -> None:
    execute(
        migrated_database_url,
        "CREATE TABLE last_quarter PARTITION OF dict_rate_limit_states"
        " FOR VALUES FROM ('2041-10-01 00:00+00') TO ('2042-01-01 00:00+00')",
    )
    async with opened_store(migrated_database_url) as stores:
        made = await stores.maintenance.make_partitions(NOVEMBER)
        dropped = await stores.maintenance.drop_partitions(datetime(2043, 2, 1, tzinfo=UTC), 13)

    assert made == ["dict_rate_limit_states_2042_01"]
    assert dropped[-1] == "last_quarter"


def test_an_open_bound_covers_its_whole_side() -> None:
    everything = Partition(schema="public", name="everything", lower=None, upper=None)

    assert missing_months([everything], NOVEMBER) == []


async def test_retention_drops_old_states_hours_and_polls(migrated_database_url: str) -> None:
    old, young = NOVEMBER - timedelta(days=400), NOVEMBER - timedelta(days=390)
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *(snapshot(bucket(), at=at) for at in (old, old + HOUR, young)))
        await stores.maintenance.roll_up(NOVEMBER)

        await stores.maintenance.drop_partitions(NOVEMBER, 13)

    for table, column in (("states", "checked_at"), ("states_hourly", "hour"), ("polls", "received_at")):
        assert values(migrated_database_url, f"SELECT {column} FROM dict_rate_limit_{table}") == [young], table  # noqa: S608 -- names of this test


async def test_retention_keeps_the_poll_of_the_last_good_reading(migrated_database_url: str) -> None:
    good, bad = NOVEMBER - timedelta(days=500), NOVEMBER - timedelta(days=450)
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(), at=good), failure(at=bad))

        await stores.maintenance.drop_partitions(NOVEMBER, 13)

    assert values(migrated_database_url, "SELECT received_at FROM dict_rate_limit_polls") == [good]


async def test_retention_keeps_alerts_and_their_transitions(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *(snapshot(bucket(0), at=NOVEMBER - timedelta(days=days)) for days in (500, 499)))

        await stores.maintenance.drop_partitions(NOVEMBER, 13)

    assert values(migrated_database_url, "SELECT count(*) FROM dict_rate_limit_alert_events") == [1]


async def test_the_roll_up_equals_a_plain_recomputation(migrated_database_url: str) -> None:
    moments = [NOVEMBER + number * 7 * MINUTE for number in range(60)]
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *readings(*moments))
        await record(stores, *(replace(reading, participant="00000001") for reading in readings(*moments[::5])))

        for hours in (1, 2, 6):
            await stores.maintenance.roll_up(NOVEMBER + hours * HOUR + 59 * MINUTE)

    rolled_up = rows(migrated_database_url, ROLLED_UP)
    assert rolled_up == rows(migrated_database_url, PLAIN_RECOMPUTATION)
    assert len(rolled_up) == 4 * 6


async def test_the_roll_up_includes_late_states(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *readings(NOVEMBER, NOVEMBER + 5 * HOUR))
        await stores.maintenance.roll_up(NOVEMBER + 6 * HOUR)
        future = replace(readings(NOVEMBER + 5 * HOUR + MINUTE)[0], response_time=NOVEMBER + 20 * HOUR)
        late = replace(readings(NOVEMBER + 5 * HOUR + 2 * MINUTE)[0], response_time=NOVEMBER + HOUR)

        await record(stores, future, late)
        await stores.maintenance.roll_up(NOVEMBER + 6 * HOUR)

    rolled_up = rows(migrated_database_url, ROLLED_UP)
    assert rolled_up == rows(migrated_database_url, PLAIN_RECOMPUTATION)
    assert len(rolled_up) == 2 * 3


async def test_the_roll_up_waits_for_a_running_recording(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *readings(NOVEMBER))
        with psycopg.connect(migrated_database_url) as recording:
            recording.execute("UPDATE dict_rate_limit_participants SET last_outcome = 'OK'")
            recording.execute(
                "INSERT INTO dict_rate_limit_states (participant, policy_name, available_tokens, capacity,"
                " refill_tokens, refill_period_sec, category, policy_category, checked_at, received_at)"
                " SELECT participant, policy_name, 900, 1000, 1, 1, '', '', checked_at + interval '1 minute', now()"
                " FROM dict_rate_limit_states"
            )
            rolling = asyncio.create_task(stores.maintenance.roll_up(NOVEMBER + 6 * HOUR))
            await waiting_for_a_lock(migrated_database_url)
        await rolling

    assert values(migrated_database_url, "SELECT samples FROM dict_rate_limit_states_hourly") == [2, 2]


async def test_two_concurrent_roll_ups_write_the_same(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *readings(*(NOVEMBER + number * 20 * MINUTE for number in range(9))))

        written = await asyncio.gather(*(stores.maintenance.roll_up(NOVEMBER + 6 * HOUR) for _ in range(3)))

    assert sorted(written) == [0, 0, 2 * 3]
    assert rows(migrated_database_url, ROLLED_UP) == rows(migrated_database_url, PLAIN_RECOMPUTATION)


async def test_a_participant_without_states_is_not_rolled_up(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, failure())

        assert await stores.maintenance.roll_up(NOVEMBER) == 0


async def waiting_for_a_lock(url: str) -> None:
    """Return once some session waits for another."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(1000):
        if values(url, query) != [0]:
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody waits")


def shorten_lock_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    short = {**statements("maintenance"), "patience": b"SELECT set_config('lock_timeout', '50ms', true)"}
    monkeypatch.setattr("dict_rate_limit.adapters.postgres.maintenance.statements", lambda _: short)
