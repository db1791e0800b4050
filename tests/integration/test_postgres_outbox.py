from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from dict_rate_limit.adapters.postgres import pool
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import ParticipantState
from dict_rate_limit.domain.errors import StoreUnavailableError
from dict_rate_limit.texts.alert_lines import alert_events
from postgres_database import END_OTHER_SESSIONS, execute, opened_store, record, rows, values
from samples.domain import NOON, RULES, bucket, snapshot

if TYPE_CHECKING:
    from dict_rate_limit.domain.alerts.state import Evaluation
    from dict_rate_limit.ports.stores import Stores

UNPUBLISHED = "SELECT count(*) FROM dict_rate_limit_alert_events WHERE published_at IS NULL"
ADD_AN_EARLIER_ONE = """
    WITH alert AS (
        INSERT INTO dict_rate_limit_alerts (
            alert_id, participant, policy_name, kind, severity, exhausted, sequence, opened_at, updated_at
        ) VALUES (gen_random_uuid(), '1', 'CLAIMS_READ', 'THRESHOLD', 'WARNING', false, 1, now(), now())
        RETURNING *
    )
    INSERT INTO dict_rate_limit_alert_events (
        event_id, alert_id, sequence, participant, policy_name, kind, transition, severity, exhausted, category,
        opened_at, detected_at, message, message_en
    )
    SELECT
        gen_random_uuid(), alert_id, sequence, participant, policy_name, kind, 'OPENED', severity, exhausted, '',
        opened_at, updated_at, 'earlier', 'earlier'
    FROM alert
"""

PUBLISHED_BEFORE = """
    INSERT INTO dict_rate_limit_alert_events (
        event_id, alert_id, sequence, participant, policy_name, kind, transition, severity, exhausted, category,
        opened_at, detected_at, message, message_en, published_at, routed_at
    )
    SELECT
        gen_random_uuid(), alert_id, 1 + n, participant, policy_name, kind, transition, severity, exhausted, category,
        opened_at, detected_at, message, message_en, now(), now()
    FROM dict_rate_limit_alert_events, generate_series(1, 5000) AS n
"""


async def test_a_lost_reader_releases_its_claim_without_marks(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0), bucket(0, name="KEYS_CHECK")))

        with pytest.raises(StoreUnavailableError):
            await mark_then_lose_session(stores, migrated_database_url)

        assert values(migrated_database_url, UNPUBLISHED) == [2]
        async with stores.outbox.claim_batch(10, NOON) as unit:
            assert len(unit.events) == 2


async def test_marks_are_visible_only_after_the_commit(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0)))

        async with stores.outbox.claim_batch(10, NOON) as unit:
            await unit.mark_published([unit.events[0].event_id], NOON)
            assert values(migrated_database_url, UNPUBLISHED) == [1]

    assert values(migrated_database_url, UNPUBLISHED) == [0]


async def test_a_transition_keeps_the_time_it_was_first_marked(migrated_database_url: str) -> None:
    later = NOON.replace(hour=13)
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0)))

        async with stores.outbox.claim_batch(10, NOON) as unit:
            for at in (NOON, later):
                await unit.mark_published([unit.events[0].event_id], at)

    assert values(migrated_database_url, "SELECT published_at FROM dict_rate_limit_alert_events") == [NOON]


async def test_a_rejection_is_stored_with_its_reason(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        await record(stores, snapshot(bucket(0)))

        async with stores.outbox.claim_batch(10, NOON) as unit:
            await unit.mark_refused(unit.events[0].event_id, "too large\0: 6 MiB", NOON, None)

    (row,) = rows(migrated_database_url, "TABLE dict_rate_limit_alert_events")
    assert (row["refusals"], row["refusal"], row["dead_at"]) == (1, "too large\ufffd: 6 MiB", NOON)
    assert row["published_at"] is None


async def test_a_late_earlier_transition_does_not_release_the_claim(migrated_database_url: str) -> None:
    async with opened_store(migrated_database_url) as stores:
        with psycopg.connect(migrated_database_url) as slow:
            slow.execute(ADD_AN_EARLIER_ONE)
            await record(stores, snapshot(bucket(0)))
            async with stores.outbox.claim_batch(10, NOON) as first:
                slow.commit()
                async with stores.outbox.claim_batch(10, NOON) as second:
                    assert len(first.events) == 1
                    assert list(second.events) == []

        async with stores.outbox.claim_batch(10, NOON) as unit:
            assert [event.participant for event in unit.events] == ["1", first.events[0].participant]


async def test_a_reader_may_idle_longer_than_other_sessions(
    migrated_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_SESSION", b"SELECT set_config('idle_in_transaction_session_timeout', '50ms', false)")
    async with opened_store(migrated_database_url) as stores:
        evaluation = opening()
        async with stores.state.begin(evaluation.poll.participant) as unit:
            await unit.save(evaluation, alert_events(evaluation.changes))

        async with stores.outbox.claim_batch(10, NOON) as reader:
            execute(migrated_database_url, "SELECT pg_sleep(0.3)")
            await reader.mark_published([reader.events[0].event_id], NOON)

    assert values(migrated_database_url, UNPUBLISHED) == [0]


async def test_an_empty_outbox_opens_no_transaction(migrated_database_url: str) -> None:
    sessions = "SELECT state FROM pg_stat_activity WHERE application_name = 'dict-rate-limit' AND query <> ''"
    async with opened_store(migrated_database_url, max_size=1) as stores, stores.outbox.claim_batch(10, NOON):
        assert values(migrated_database_url, sessions) == ["idle"]


@pytest.mark.parametrize("query", ["due", "waiting"])
def test_a_claim_reads_no_published_row(migrated_database_url: str, query: str) -> None:
    execute(migrated_database_url, ADD_AN_EARLIER_ONE)
    execute(migrated_database_url, PUBLISHED_BEFORE)
    execute(migrated_database_url, "ANALYZE dict_rate_limit_alert_events")

    plan = explained(migrated_database_url, query)

    assert "Index Scan using idx_alert_events_waiting" in plan
    assert "Seq Scan on dict_rate_limit_alert_events" not in plan


async def mark_then_lose_session(stores: Stores, url: str) -> None:
    async with stores.outbox.claim_batch(10, NOON) as unit:
        await unit.mark_published([unit.events[0].event_id], NOON)
        execute(url, END_OTHER_SESSIONS)


def opening() -> Evaluation:
    """Evaluate a first poll of an exhausted bucket."""
    poll = snapshot(bucket(0))
    return evaluate_poll(ParticipantState(participant=poll.participant), poll, RULES)[1]


def explained(url: str, query: str) -> str:
    """Return the plan of a query of the outbox."""
    parameters = {"now": NOON, "limit": 500, "policies": ["CLAIMS_READ", "KEYS_CHECK"]}
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        lines = connection.execute(b"EXPLAIN " + statements("outbox")[query], parameters).fetchall()
    return "\n".join(line for (line,) in lines)
