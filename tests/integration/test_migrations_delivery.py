"""Migration 009 on a database that is in use, and beside the release before it."""

from __future__ import annotations

import pytest

from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.adapters.postgres.migrations.runner import down, up
from dict_rate_limit.domain.alerts.alert import TransitionKind
from dict_rate_limit.domain.errors import SchemaError
from postgres_database import execute, opened_store, values
from samples.domain import NOON

BEFORE, EXTENDED = shipped_migrations()[:8], shipped_migrations()[:9]
UNROUTED = "SELECT sequence FROM dict_rate_limit_alert_events WHERE routed_at IS NULL ORDER BY position"
ADD_AN_ALERT = """
    INSERT INTO dict_rate_limit_alerts (
        alert_id, participant, policy_name, kind, severity, exhausted, sequence, opened_at, updated_at
    ) VALUES ('00000000-0000-0000-0000-00000000000a', '1', '*', 'RATE_LIMITED', 'WARNING', false, 1, now(), now())
"""
ADD_A_TRANSITION = """
    INSERT INTO dict_rate_limit_alert_events (
        event_id, alert_id, sequence, participant, policy_name, kind, transition, severity, exhausted, category,
        opened_at, detected_at, message, message_en
    )
    SELECT
        gen_random_uuid(), alert_id, sequence, participant, policy_name, kind, 'OPENED', severity, exhausted, '',
        opened_at, updated_at, 'pt', 'en'
    FROM dict_rate_limit_alerts
"""
"""As the release before writes them."""


async def test_existing_transitions_are_not_notified(database_url: str) -> None:
    await up(database_url, BEFORE)
    execute(database_url, ADD_AN_ALERT)
    execute(database_url, ADD_A_TRANSITION)

    await up(database_url)

    assert values(database_url, UNROUTED) == []


async def test_pending_transitions_stay_pending(database_url: str) -> None:
    await up(database_url, BEFORE)
    execute(database_url, ADD_AN_ALERT)
    execute(database_url, ADD_A_TRANSITION)

    await up(database_url)

    async with opened_store(database_url) as stores, stores.outbox.claim_batch(10, NOON) as unit:
        assert [event.transition for event in unit.events] == [TransitionKind.OPENED]


async def test_transitions_of_the_previous_release_are_published_and_routed(migrated_database_url: str) -> None:
    execute(migrated_database_url, ADD_AN_ALERT)
    execute(migrated_database_url, ADD_A_TRANSITION)

    async with opened_store(migrated_database_url) as stores:
        async with stores.outbox.claim_batch(10, NOON) as unit:
            published = list(unit.events)
        async with stores.notifications.routing(10) as router:
            assert list(router.events) == published
    assert [event.message for event in published] == ["pt"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE dict_rate_limit_alerts SET acknowledgement = '{}'",
        "UPDATE dict_rate_limit_alert_events SET acknowledgement = '{}'",
        "UPDATE dict_rate_limit_alert_events SET outlook = '{}'",
        "UPDATE dict_rate_limit_alert_events SET refusals = 1",
        "UPDATE dict_rate_limit_alert_events SET routed_at = NULL",
    ],
)
async def test_down_does_not_delete_data(database_url: str, change: str) -> None:
    await up(database_url, EXTENDED)
    execute(database_url, ADD_AN_ALERT)
    execute(database_url, ADD_A_TRANSITION)
    execute(database_url, "UPDATE dict_rate_limit_alert_events SET routed_at = now()")
    execute(database_url, change)

    with pytest.raises(SchemaError, match=r"columns that going down would delete.*allow_data_loss to on"):
        await down(database_url)


async def test_down_deletes_data_when_allowed(database_url: str) -> None:
    await up(database_url, EXTENDED)
    execute(database_url, ADD_AN_ALERT)
    execute(database_url, ADD_A_TRANSITION)

    name = await down(database_url, allow_data_loss=True)

    assert name == EXTENDED[-1].name
    assert values(database_url, "SELECT count(*) FROM dict_rate_limit_alert_events") == [1]


async def test_down_drops_columns_without_pending_data(database_url: str) -> None:
    await up(database_url, EXTENDED)
    execute(database_url, ADD_AN_ALERT)
    execute(database_url, ADD_A_TRANSITION)
    execute(database_url, "UPDATE dict_rate_limit_alert_events SET routed_at = now(), published_at = now()")

    assert await down(database_url) == EXTENDED[-1].name


async def test_up_rewrites_no_row(database_url: str) -> None:
    await up(database_url, BEFORE)
    execute(database_url, ADD_AN_ALERT)
    execute(database_url, ADD_A_TRANSITION)
    before = values(database_url, "SELECT ctid::text || xmin::text FROM dict_rate_limit_alert_events")

    await up(database_url)

    assert values(database_url, "SELECT ctid::text || xmin::text FROM dict_rate_limit_alert_events") == before
