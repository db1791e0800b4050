from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from cli_program import CommandResult, run_command
from dict_rate_limit.apps.local.port import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    Migrate = Callable[..., CommandResult]


@pytest.fixture
def migrate(database_url: str, capsys: pytest.CaptureFixture[str]) -> Migrate:
    return lambda *arguments: run_command(capsys, "migrate", *arguments, environ={"DATABASE_URL": database_url})


def test_up_lists_the_applied_migrations(migrate: Migrate) -> None:
    first, second = migrate("up"), migrate("up")

    assert (first.code, second.code) == (0, 0)
    assert first.out.splitlines()[0].startswith("001_")
    assert (second.out, second.err) == ("", "nothing to apply: the schema is up to date\n")


def test_status_lists_applied_and_missing_migrations(migrate: Migrate) -> None:
    before = migrate("status")
    migrate("up")
    after = migrate("status")

    assert "not applied" in before.out
    assert "not applied" not in after.out
    assert after.out.splitlines()[1].startswith("001")


def test_status_prints_json(migrate: Migrate) -> None:
    migrate("up")

    rows = json.loads(migrate("status", "--output", "json").out)

    assert rows[0]["version"] == 1
    assert rows[0]["applied_at"] is not None


def test_down_and_redo_name_the_last_migration(migrate: Migrate) -> None:
    last = migrate("up").out.splitlines()[-1]

    redone, taken_back = migrate("redo"), migrate("down")

    assert (redone.out, taken_back.out) == (f"{last}\n", f"{last}\n")
    assert json.loads(migrate("status", "--output", "json").out)[-1]["applied_at"] is None


def test_down_on_an_empty_database_has_nothing_to_do(migrate: Migrate) -> None:
    result = migrate("down")

    assert (result.code, result.out) == (0, "")
    assert result.err == "nothing to revert: no migration is applied\n"


def test_rows_are_deleted_only_when_allowed(migrate: Migrate, database_url: str) -> None:
    applied = migrate("up").out.splitlines()
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO dict_rate_limit_policies (participant, policy_name, capacity_max, refill_tokens,"
            " refill_period_sec) VALUES ('default', 'KEYS_CHECK', 70, 70, 60)"
        )
    for _ in applied[1:]:
        migrate("down")

    refused, allowed = migrate("down"), migrate("down", "--allow-data-loss")

    assert (refused.code, refused.out) == (65, "")
    assert "has rows" in refused.err
    assert (allowed.code, allowed.out) == (0, f"{applied[0]}\n")


def test_an_unreachable_database_is_reported_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{free_port()}/x"

    result = run_command(capsys, "migrate", "status", environ={"DATABASE_URL": url})

    assert (result.code, result.out) == (69, "")
    assert result.err.startswith("error: ")
    assert "hunter2" not in result.err


def test_a_database_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "migrate", "up")

    assert result.code == 78
    assert result.err.startswith("error: DATABASE_URL: not set")
