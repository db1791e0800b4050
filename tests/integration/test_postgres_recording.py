from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest

from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import ParticipantState
from dict_rate_limit.domain.buckets.reading import FailedPoll, RejectedItem
from dict_rate_limit.domain.errors import Outcome, StoreError, StoreUnavailableError
from dict_rate_limit.texts.alert_lines import alert_events
from postgres_database import END_OTHER_SESSIONS, execute, opened_store, record, rows, values
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, RULES, bucket, failure, snapshot, ticks

if TYPE_CHECKING:
    from dict_rate_limit.domain.buckets.bucket import Bucket
    from dict_rate_limit.domain.buckets.reading import Poll
    from dict_rate_limit.ports.stores import Stores

TABLES = ("polls", "participants", "poll_counts", "policies", "states", "latest", "alerts", "alert_events")


async def test_a_state_has_every_field_of_its_reading(migrated_database_url: str) -> None:
    reading = replace(
        snapshot(replace(bucket(250), policy_category="b"), response_time=NOON - FIVE_MINUTES), correlation_id="abc"
    )

    async with opened_store(migrated_database_url) as stores:
        await record(stores, reading)

    (state,) = rows(migrated_database_url, "SELECT * FROM dict_rate_limit_states")
    assert state.pop("id") == 1
    assert state == {
        "participant": PARTICIPANT,
        "policy_name": "CLAIMS_READ",
        "available_tokens": 250,
        "capacity": 1000,
        "refill_tokens": 60,
        "refill_period_sec": 60,
        "utilization_pct": Decimal("75.00"),
        "category": "C",
        "policy_category": "b",
        "checked_at": NOON - FIVE_MINUTES,
        "received_at": NOON,
        "correlation_id": "abc",
    }


@pytest.mark.parametrize(
    ("edge", "utilization"),
    [
        (bucket(0, 0, refill_tokens=0, refill_period_sec=0), None),
        (bucket(5, 0), None),
        (bucket(-15), Decimal("100.00")),
        (bucket(-2_147_483_648), Decimal("100.00")),
        (bucket(1001), Decimal("0.00")),
        (bucket(2_147_483_647, 2_147_483_647), Decimal("0.00")),
        (bucket(1, 3), Decimal("66.67")),
    ],
    ids=["zeros", "no capacity", "negative", "the most negative", "above the capacity", "the largest", "a third"],
)
async def test_numbers_are_stored_raw(migrated_database_url: str, edge: Bucket, utilization: Decimal | None) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(edge))

    for table in ("states", "latest"):
        (row,) = rows(migrated_database_url, f"TABLE dict_rate_limit_{table}")
        assert (row["available_tokens"], row["capacity"]) == (edge.available_tokens, edge.capacity)
    assert values(migrated_database_url, "SELECT utilization_pct FROM dict_rate_limit_states") == [utilization]


@pytest.mark.parametrize(
    ("raw", "letter"),
    [("C", "C"), ("", None), ("c", None), ("Z", None), (" A", None), ("Categoria não publicada", None)],
)
async def test_a_category_is_stored_raw_and_as_a_letter_for_policies(
    migrated_database_url: str, raw: str, letter: str | None
) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(), category=raw))

    assert values(migrated_database_url, "SELECT category FROM dict_rate_limit_states") == [raw]
    assert values(migrated_database_url, "SELECT category FROM dict_rate_limit_polls") == [raw]
    assert values(migrated_database_url, "SELECT category FROM dict_rate_limit_policies") == [letter]


async def test_rejected_items_are_stored_with_the_poll(migrated_database_url: str) -> None:
    item = RejectedItem(position=3, name="lower_case", reason="name: 'lower_case', expected …")

    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(), rejected=[item]))

    (poll,) = rows(migrated_database_url, "TABLE dict_rate_limit_polls")
    assert poll["rejected"] == [{"position": 3, "name": "lower_case", "reason": "name: 'lower_case', expected …"}]
    assert (poll["outcome"], poll["advanced"], poll["buckets"]) == ("OK", True, 1)


async def test_a_failure_is_stored_with_its_detail(migrated_database_url: str) -> None:
    poll = FailedPoll(
        participant=PARTICIPANT,
        source="bridge",
        outcome=Outcome.RATE_LIMITED,
        detail="429",
        received_at=NOON,
        retry_after_sec=30,
        correlation_id="abc",
    )

    async with opened_store(migrated_database_url) as stores:
        await record(stores, poll)

    (row,) = rows(migrated_database_url, "TABLE dict_rate_limit_polls")
    assert row == {
        "participant": PARTICIPANT,
        "received_at": NOON,
        "source": "bridge",
        "outcome": "RATE_LIMITED",
        "advanced": False,
        "response_time": None,
        "checked_at": None,
        "category": None,
        "correlation_id": "abc",
        "buckets": 0,
        "rejected": None,
        "detail": "429",
        "retry_after_sec": 30,
    }


@pytest.mark.parametrize(
    "poll",
    [
        snapshot(bucket(1), at=NOON + FIVE_MINUTES, response_time=NOON),
        snapshot(at=NOON + FIVE_MINUTES),
        failure(at=NOON + FIVE_MINUTES),
    ],
    ids=["time repeats", "empty", "failed"],
)
async def test_a_poll_without_changes_is_a_row_without_states(migrated_database_url: str, poll: Poll) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket()), poll)

    assert values(migrated_database_url, "SELECT advanced FROM dict_rate_limit_polls ORDER BY received_at") == [
        True,
        False,
    ]
    assert values(migrated_database_url, "SELECT count(*) FROM dict_rate_limit_states") == [1]
    assert values(migrated_database_url, "SELECT available_tokens FROM dict_rate_limit_latest") == [1000]


async def test_a_vanished_policy_stays_in_the_table_of_policies(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, *ticks((bucket(), bucket(name="KEYS_CHECK")), bucket()))

    assert values(migrated_database_url, "SELECT policy_name FROM dict_rate_limit_latest") == ["CLAIMS_READ"]
    assert values(migrated_database_url, "SELECT count(*) FROM dict_rate_limit_policies") == [2]


async def test_a_policy_row_changes_only_when_its_limits_do(migrated_database_url: str) -> None:
    versions = "SELECT xmin::text FROM dict_rate_limit_policies"
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket()))
        first = values(migrated_database_url, versions)
        await record(stores, snapshot(bucket(1), at=NOON + FIVE_MINUTES))
        second = values(migrated_database_url, versions)
        await record(stores, snapshot(bucket(1, 500), at=NOON + 2 * FIVE_MINUTES, category="D"))

    assert first == second
    (policy,) = rows(
        migrated_database_url, "SELECT *, updated_at > created_at AS changed FROM dict_rate_limit_policies"
    )
    assert (policy["capacity_max"], policy["category"], policy["changed"]) == (500, "D", True)


async def test_operator_settings_survive_a_change_of_limits(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket()))
        execute(
            migrated_database_url, "UPDATE dict_rate_limit_policies SET warning_threshold_pct = 33.33, enabled = false"
        )
        await record(stores, snapshot(bucket(1, 500), at=NOON + FIVE_MINUTES))

    (policy,) = rows(migrated_database_url, "TABLE dict_rate_limit_policies")
    assert (policy["warning_threshold_pct"], policy["enabled"]) == (Decimal("33.33"), False)


async def test_text_that_postgresql_cannot_store_loses_no_reading(migrated_database_url: str) -> None:
    reading = replace(
        snapshot(
            replace(bucket(0), policy_category="\0"),
            category="C\0",
            rejected=[RejectedItem(position=1, name="\0", reason="\0")],
        ),
        correlation_id="a\0b",
    )

    async with opened_store(migrated_database_url) as stores:
        await record(stores, reading, replace(failure(at=NOON + FIVE_MINUTES), detail="\0"))

    assert values(migrated_database_url, "SELECT correlation_id FROM dict_rate_limit_states") == ["a\ufffdb"]
    assert values(migrated_database_url, "SELECT category FROM dict_rate_limit_alert_events") == ["C\ufffd"]


async def test_a_killed_connection_stores_nothing(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        with pytest.raises(StoreUnavailableError):
            await save_and_kill(stores, migrated_database_url)

        for table in TABLES:
            assert rows(migrated_database_url, f"TABLE dict_rate_limit_{table}") == [], table


async def test_after_a_killed_connection_the_same_poll_can_be_recorded(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        with suppress(StoreUnavailableError):
            await save_and_kill(stores, migrated_database_url)

        await record(stores, snapshot(bucket(0)))

    assert values(migrated_database_url, "SELECT count(*) FROM dict_rate_limit_alert_events") == [1]


async def test_saving_a_stored_poll_is_rejected(migrated_database_url: str) -> None:
    poll = snapshot(bucket())
    async with opened_store(migrated_database_url) as stores:
        await record(stores, poll)

        with pytest.raises(StoreError, match="duplicate key"):
            await save_without_asking(stores, poll)


async def test_a_second_open_alert_of_one_kind_is_rejected(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0)))

        with pytest.raises(StoreError, match="idx_alerts_open"):
            await save_without_asking(stores, snapshot(bucket(0), at=NOON + FIVE_MINUTES))


@pytest.mark.parametrize(
    ("warning", "critical"), [(10, 25), (-1, None), (Decimal("100.01"), None), (None, 101), (None, Decimal("-0.01"))]
)
async def test_invalid_thresholds_are_rejected(
    migrated_database_url: str, warning: float | None, critical: float | None
) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket()))

    with psycopg.connect(migrated_database_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "UPDATE dict_rate_limit_policies SET warning_threshold_pct = %s, critical_threshold_pct = %s",
            [warning, critical],
        )


async def save_and_kill(stores: Stores, url: str) -> None:
    poll = snapshot(bucket(0))
    async with stores.state.begin(PARTICIPANT) as unit:
        state = await unit.load(poll)
        assert state is not None
        _, evaluation = evaluate_poll(state, poll, RULES)
        await unit.save(evaluation, alert_events(evaluation.changes))
        execute(url, END_OTHER_SESSIONS)


async def save_without_asking(stores: Stores, poll: Poll) -> None:
    _, evaluation = evaluate_poll(ParticipantState(participant=PARTICIPANT), poll, RULES)
    async with stores.state.begin(PARTICIPANT) as unit:
        await unit.save(evaluation, alert_events(evaluation.changes))
