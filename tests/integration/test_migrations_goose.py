"""goose itself and our runner take turns on one database."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.adapters.postgres.migrations.runner import down, redo, status, up
from postgres_database import execute, values
from tool_box import find_tool

SCRIPT = Path(__file__).parents[2] / "db" / "migrations" / "goose.sh"
NAMES = [m.name for m in shipped_migrations()]
VERSIONS = "SELECT version_id FROM goose_db_version WHERE is_applied ORDER BY id"


@pytest.fixture(scope="module", autouse=True)
def _goose_is_there() -> None:
    find_tool("goose")


async def goose(database_url: str, *arguments: str, **environment: str) -> tuple[int | None, str]:
    folder = Path(find_tool("goose")).parent
    process = await asyncio.create_subprocess_exec(
        SCRIPT,
        *arguments,
        env={"PATH": f"{folder}:{os.defpath}", "DATABASE_URL": database_url, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_migrations_applied_by_goose_count_as_applied(database_url: str) -> None:
    code, out = await goose(database_url, "up")

    assert code == 0, out
    assert await up(database_url) == []
    assert None not in {state.applied_at for state in await status(database_url)}


async def test_goose_sees_our_migrations_as_applied(migrated_database_url: str) -> None:
    code, out = await goose(migrated_database_url, "status")

    assert code == 0, out
    assert "Pending" not in out
    assert all(name in out for name in NAMES)


async def test_up_and_down_steps_can_be_mixed(migrated_database_url: str) -> None:
    await down(migrated_database_url)
    await goose(migrated_database_url, "down")
    await goose(migrated_database_url, "up-by-one")
    await redo(migrated_database_url)
    await goose(migrated_database_url, "redo")

    applied = await up(migrated_database_url)

    assert applied == NAMES[-1:]
    assert values(migrated_database_url, VERSIONS) == list(range(len(NAMES) + 1))


async def test_goose_does_not_delete_rows_unless_the_session_allows_it(migrated_database_url: str) -> None:
    for _ in NAMES[1:]:
        await down(migrated_database_url)
    execute(
        migrated_database_url,
        "INSERT INTO dict_rate_limit_policies"
        " (participant, policy_name, capacity_max, refill_tokens, refill_period_sec)"
        " VALUES ('12345678', 'CLAIMS_READ', 0, 0, 0)",
    )

    refused, reason = await goose(migrated_database_url, "down")
    allowed, _ = await goose(migrated_database_url, "down", PGOPTIONS="-c dict_rate_limit.allow_data_loss=on")

    assert (refused, allowed) == (1, 0)
    assert "dict_rate_limit_policies has rows" in reason
