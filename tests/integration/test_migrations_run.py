from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from dict_rate_limit.adapters.postgres.migrations.goose import Migration, shipped_migrations
from dict_rate_limit.adapters.postgres.migrations.runner import down, redo, status, up
from dict_rate_limit.domain.errors import SchemaError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

ADD_A_POLICY = """
    INSERT INTO dict_rate_limit_policies (participant, policy_name, capacity_max, refill_tokens, refill_period_sec)
    VALUES ('12345678', 'CLAIMS_READ', 0, 0, 0)
"""

TABLES = (
    "policies",
    "states",
    "polls",
    "latest",
    "alerts",
    "states_hourly",
    "silences",
    "notifications",
    "audit",
)
"""Those whose rows a way down would delete, each by the name of its migration."""


def execute(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(statement.encode())


def rows(database_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(query.encode()).fetchall()


def migration(version: int, *up_statements: str, transactional: bool = True) -> Migration:
    return Migration(
        version=version,
        name=f"{version:03d}_test.sql",
        transactional=transactional,
        up=up_statements,
        down=("DROP TABLE test_things",),
    )


async def test_up_applies_every_migration_in_order(database_url: str) -> None:
    applied = await up(database_url)

    assert applied == [m.name for m in shipped_migrations()]
    assert applied[:2] == ["001_create_dict_rate_limit_policies.sql", "002_create_dict_rate_limit_states.sql"]


async def test_up_a_second_time_applies_nothing(migrated_database_url: str) -> None:
    applied = await up(migrated_database_url)

    assert applied == []


async def test_the_table_of_versions_has_the_rows_of_goose(migrated_database_url: str) -> None:
    written = rows(migrated_database_url, "SELECT id, version_id, is_applied FROM goose_db_version ORDER BY id")

    assert written == [(number + 1, number, True) for number in range(len(shipped_migrations()) + 1)]


async def test_the_table_of_versions_has_the_columns_of_goose(migrated_database_url: str) -> None:
    columns = rows(
        migrated_database_url,
        "SELECT column_name, data_type, is_nullable, column_default, is_identity, identity_generation"
        " FROM information_schema.columns WHERE table_name = 'goose_db_version' ORDER BY ordinal_position",
    )

    assert columns == [
        ("id", "integer", "NO", None, "YES", "BY DEFAULT"),
        ("version_id", "bigint", "NO", None, "NO", None),
        ("is_applied", "boolean", "NO", None, "NO", None),
        ("tstamp", "timestamp without time zone", "NO", "now()", "NO", None),
    ]


async def test_all_migrations_can_be_reverted_and_applied_again(migrated_database_url: str) -> None:
    names = [m.name for m in shipped_migrations()]

    taken_back = [await down(migrated_database_url) for _ in names]
    nothing = await down(migrated_database_url)
    applied = await up(migrated_database_url)

    assert taken_back == names[::-1]
    assert nothing is None
    assert applied == names


async def test_reverting_all_leaves_only_the_table_of_versions(migrated_database_url: str) -> None:
    for _ in shipped_migrations():
        await down(migrated_database_url)

    tables = rows(migrated_database_url, "SELECT relname FROM pg_class WHERE relname ~ '^dict_' OR relname ~ '^goose'")
    assert set(tables) == {("goose_db_version",), ("goose_db_version_pkey",), ("goose_db_version_id_seq",)}


async def test_redo_reverts_and_applies_the_last_migration(migrated_database_url: str) -> None:
    last = shipped_migrations()[-1]

    name = await redo(migrated_database_url)

    versions = rows(migrated_database_url, "SELECT version_id FROM goose_db_version ORDER BY id")
    assert name == last.name
    assert versions[-1] == (last.version,)
    assert len(versions) == len(shipped_migrations()) + 1


async def test_redo_on_an_empty_database_does_nothing(database_url: str) -> None:
    assert await redo(database_url) is None


async def test_a_foreign_table_of_the_same_name_fails_with_its_name(database_url: str) -> None:
    execute(database_url, "CREATE TABLE dict_rate_limit_states (something text)")

    with pytest.raises(SchemaError, match=r'002_create.*: relation "dict_rate_limit_states" already exists'):
        await up(database_url)

    assert rows(database_url, "SELECT max(version_id) FROM goose_db_version") == [(1,)]


@pytest.mark.parametrize("table", TABLES)
async def test_down_is_rejected_while_there_are_rows(migrated_database_url: str, table: str) -> None:
    fill_every_table(migrated_database_url)

    with pytest.raises(SchemaError, match=f"dict_rate_limit_{table} has rows .*allow_data_loss to on"):
        await down_through(migrated_database_url, table)


@pytest.mark.parametrize("table", TABLES)
async def test_down_deletes_rows_when_allowed(migrated_database_url: str, table: str) -> None:
    fill_every_table(migrated_database_url)

    name = await down_through(migrated_database_url, table, allow_data_loss=True)

    assert name is not None
    assert name.endswith(f"_create_dict_rate_limit_{table}.sql")
    assert rows(migrated_database_url, f"SELECT to_regclass('dict_rate_limit_{table}')") == [(None,)]


async def test_redo_is_rejected_while_there_are_rows(migrated_database_url: str) -> None:
    only_policies = shipped_migrations()[:1]
    for _ in shipped_migrations()[1:]:
        await down(migrated_database_url)
    execute(migrated_database_url, ADD_A_POLICY)

    with pytest.raises(SchemaError, match="has rows"):
        await redo(migrated_database_url, only_policies)

    assert rows(migrated_database_url, "SELECT count(*) FROM dict_rate_limit_policies") == [(1,)]


async def test_the_session_setting_allows_goose_to_delete_rows(migrated_database_url: str) -> None:
    for _ in shipped_migrations()[1:]:
        await down(migrated_database_url)
    execute(migrated_database_url, ADD_A_POLICY)

    name = await down(f"{migrated_database_url}&options=-c%20dict_rate_limit.allow_data_loss%3Don")

    assert name == "001_create_dict_rate_limit_policies.sql"


async def test_two_concurrent_runners_apply_each_migration_once(database_url: str) -> None:
    first, second = await asyncio.gather(up(database_url), up(database_url))

    assert sorted([first, second]) == [[], [m.name for m in shipped_migrations()]]


async def test_a_runner_times_out_behind_another(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dict_rate_limit.adapters.postgres.migrations.runner._LOCK_SECONDS", 0.5)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT pg_advisory_lock(4097083626)")

        with pytest.raises(SchemaError, match="another migration has been running"):
            await up(database_url)


async def test_a_failed_migration_changes_nothing(database_url: str) -> None:
    broken = migration(1, "CREATE TABLE test_things ()", "CREATE TABLE test_things ()")

    with pytest.raises(SchemaError, match=r'001_test.sql: relation "test_things" already exists'):
        await up(database_url, [broken])

    assert rows(database_url, "SELECT to_regclass('test_things')") == [(None,)]
    assert rows(database_url, "SELECT max(version_id) FROM goose_db_version") == [(0,)]


async def test_a_migration_without_transaction_runs_outside_one(database_url: str) -> None:
    table = migration(1, "CREATE TABLE test_things (thing int)")
    index = migration(2, "CREATE INDEX CONCURRENTLY test_index ON test_things (thing)", transactional=False)

    applied = await up(database_url, [table, index])

    assert applied == ["001_test.sql", "002_test.sql"]


async def test_a_migration_below_an_applied_one_is_rejected(database_url: str) -> None:
    await up(database_url, [migration(2, "CREATE TABLE test_things ()")])

    with pytest.raises(SchemaError, match=r"001_test.sql: not applied, but version 2 is"):
        await up(database_url, [migration(1, "SELECT 1"), migration(2, "SELECT 1")])


async def test_a_version_of_newer_code_cannot_be_reverted(database_url: str) -> None:
    await up(database_url, [migration(2, "CREATE TABLE test_things ()")])

    with pytest.raises(SchemaError, match="version 2: this code does not know it"):
        await down(database_url, [migration(1, "SELECT 1")])


async def test_a_revert_stored_as_a_row_counts(migrated_database_url: str) -> None:
    last = shipped_migrations()[-1]
    for statement in last.down:
        execute(migrated_database_url, statement)
    execute(
        migrated_database_url,
        "INSERT INTO goose_db_version (version_id, is_applied) SELECT max(version_id), false FROM goose_db_version",
    )

    applied = await up(migrated_database_url)

    assert applied == [last.name]


async def test_status_lists_applied_and_missing_migrations(database_url: str) -> None:
    await up(database_url, shipped_migrations()[:2])

    states = await status(database_url)

    assert [state.name for state in states] == [m.name for m in shipped_migrations()]
    assert [state.applied_at is not None for state in states[:3]] == [True, True, False]


async def test_status_of_an_empty_database_changes_nothing(database_url: str) -> None:
    states = await status(database_url)

    assert {state.applied_at for state in states} == {None}
    assert rows(database_url, "SELECT to_regclass('goose_db_version')") == [(None,)]


async def test_status_shows_versions_of_newer_code_without_a_name(migrated_database_url: str) -> None:
    execute(migrated_database_url, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)")

    last = (await status(migrated_database_url))[-1]

    assert (last.version, last.name) == (999, None)
    assert last.applied_at is not None


async def test_a_runner_with_a_lost_session_can_run_again(database_url: str) -> None:
    fatal = migration(1, "CREATE TABLE test_things ()", "SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreUnavailableError):
        await up(database_url, [fatal])

    assert await up(database_url, [migration(1, "CREATE TABLE test_things ()")]) == ["001_test.sql"]


async def test_a_runner_reports_an_unreachable_database() -> None:
    with pytest.raises(StoreUnavailableError):
        await up("postgresql://nobody:secret@127.0.0.1:1/nothing")


async def down_through(database_url: str, table: str, *, allow_data_loss: bool = False) -> str | None:
    """Go down to the table's migration, and through it; what lies above is emptied first."""
    above: Sequence[Migration] = [m for m in shipped_migrations() if not m.name.endswith(f"_rate_limit_{table}.sql")]
    for newer in reversed(above):
        if newer.version < next(m.version for m in shipped_migrations() if m not in above):
            break
        await down(database_url, allow_data_loss=True)
    return await down(database_url, allow_data_loss=allow_data_loss)


def fill_every_table(database_url: str) -> None:
    execute(database_url, ADD_A_POLICY)
    execute(
        database_url,
        """
        INSERT INTO dict_rate_limit_states (participant, policy_name, available_tokens, capacity, refill_tokens,
            refill_period_sec, category, policy_category, checked_at, received_at)
        VALUES ('12345678', 'CLAIMS_READ', -15, 0, 0, 0, 'z', '', now(), now());
        INSERT INTO dict_rate_limit_polls (participant, received_at, source, outcome, advanced, buckets)
        VALUES ('12345678', now(), 'test', 'OK', true, 1);
        INSERT INTO dict_rate_limit_latest (participant, policy_name, available_tokens, capacity, refill_tokens,
            refill_period_sec, policy_category, place, checked_at, received_at)
        VALUES ('12345678', 'CLAIMS_READ', -15, 0, 0, 0, '', 0, now(), now());
        INSERT INTO dict_rate_limit_alerts
        VALUES (gen_random_uuid(), '12345678', '*', 'RATE_LIMITED', 'WARNING', false, 1, now(), now());
        INSERT INTO dict_rate_limit_states_hourly VALUES ('12345678', 'CLAIMS_READ', now(), 1, 0, 0, 0, 0, 0);
        INSERT INTO dict_rate_limit_alert_events (event_id, alert_id, sequence, participant, policy_name, kind,
            transition, severity, exhausted, category, opened_at, detected_at, message, message_en)
        SELECT gen_random_uuid(), alert_id, 1, participant, '*', kind, 'OPENED', severity, false, '', now(), now(),
            '', ''
        FROM dict_rate_limit_alerts;
        INSERT INTO dict_rate_limit_notifications (notification_id, event_id, position, channel, status, created_at,
            next_try_at)
        SELECT gen_random_uuid(), event_id, position, 'slack', 'PENDING', now(), now()
        FROM dict_rate_limit_alert_events;
        INSERT INTO dict_rate_limit_deliveries (notification_id, message_id, attempted_at, channel, ok, refused, answer,
            status)
        SELECT notification_id, gen_random_uuid(), now(), channel, false, false, '', status
        FROM dict_rate_limit_notifications;
        INSERT INTO dict_rate_limit_silences (silence_id, purpose, policy, kind, severity, participant, starts_at,
            ends_at, actor, reason, created_at)
        VALUES (gen_random_uuid(), 'SILENCE', '*', '*', '*', '*', now(), now() + '1h', 'ana', 'why', now());
        INSERT INTO dict_rate_limit_audit (at, actor, act, subject_id, detail, reason)
        VALUES (now(), 'ana', 'SILENCE_CREATED', gen_random_uuid(), '', 'why');
        """,
    )
