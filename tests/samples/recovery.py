"""Databases to back up and restore."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from psycopg import sql

from cli_program import run_command
from dict_rate_limit.adapters.postgres.backup.directory import find
from dict_rate_limit.apps.cli.backup import folders
from dict_rate_limit.domain.audit import AuditAction, AuditEntry
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose, Silence
from postgres_database import opened_store, record
from samples.domain import NOON, bucket, ticks
from samples.notifications import delivered, route_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from cli_program import CommandResult
    from dict_rate_limit.adapters.postgres.backup.directory import Backup
    from dict_rate_limit.domain.buckets.reading import Poll

NAMES = itertools.count(1)
SILENCE = Silence(
    silence_id=UUID(int=1),
    purpose=Purpose.SILENCE,
    matchers=Matchers(policy="CLAIMS_*"),
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=1),
    recurrence=None,
    actor="ana",
    reason="já sabemos",
    created_at=NOON,
)
AUDITED = AuditEntry(
    at=NOON,
    actor="ana",
    act=AuditAction.SILENCE_CREATED,
    subject_id=SILENCE.silence_id,
    detail="CLAIMS_*",
    reason="já sabemos",
)
OURS = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY 1
"""
TROUBLE = tuple(ticks((bucket(1000), bucket(1000, name="KEYS_CHECK")), (bucket(200), bucket(50, name="KEYS_CHECK"))))
"""Two polls that open two alerts."""


@cache
def tools() -> Path:
    """Return the folder of pg_dump and pg_restore."""
    return folders({}, None)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The commands backup, restore and drill on one database."""

    capsys: pytest.CaptureFixture[str]
    url: str

    def __call__(self, *arguments: str | Path, **environ: str) -> CommandResult:
        given = {"DATABASE_URL": self.url, **environ}
        return run_command(self.capsys, *map(str, arguments), environ=given)

    def backed_up(self, folder: Path, *options: str) -> Backup:
        result = self("backup", "--to", folder, *options)
        assert result.code == 0, result.err
        return find(Path(result.out.strip()))[0]


@contextmanager
def empty_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """Make another database on the same server; empty, unless the template is not."""
    name = f"restored_{os.getpid()}_{next(NAMES)}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, template))))
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def recorded(url: str, *polls: Poll) -> None:
    """Record, evaluate, roll up, notify a channel and add a silence."""
    async with opened_store(url) as stores:
        await record(stores, *polls)
        await stores.maintenance.roll_up(NOON.replace(hour=23))
        first, *_ = await route_all(stores, "slack")
        await stores.notifications.record_attempts([delivered([first])])
        await stores.silences.add(SILENCE, AUDITED)


def fill(url: str) -> None:
    """Store a history with alerts, partly in this month and partly outside every partition."""
    asyncio.run(recorded(url, *TROUBLE))
    with psycopg.connect(url) as connection:
        for at in (datetime(2001, 2, 3, tzinfo=UTC), connection.execute("SELECT now()").fetchall()[0][0]):
            connection.execute(
                "INSERT INTO dict_rate_limit_states (participant, policy_name, available_tokens, capacity,"
                " refill_tokens, refill_period_sec, category, policy_category, checked_at, received_at)"
                " VALUES ('1', 'OLD', 1, 2, 3, 4, 'A', 'A', %s, %s)",
                [at, at],
            )


def everything(url: str) -> Mapping[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, each table sorted."""
    with psycopg.connect(url) as connection:
        tables = [str(name) for (name,) in connection.execute(OURS.encode()).fetchall()]
        return {
            name: connection.execute(
                sql.SQL("SELECT * FROM ONLY {} AS t ORDER BY t::text").format(sql.Identifier(name))
            ).fetchall()
            for name in tables
        }


def structure(url: str) -> str:
    """Return the schema as pg_dump writes it, normalized.

    The server writes the list of a CHECK in two ways that mean the same: before and after it was once read back.
    """
    command = [str(tools() / "pg_dump"), "--schema-only", "--no-owner", f"--dbname={url}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 -- full path, no shell
    return re.sub(r"(?m)^\\(un)?restrict .*$|::(text|character varying)(\[\])?|[()]", "", text)


def left_in(folder: Path) -> list[str]:
    """List a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())
