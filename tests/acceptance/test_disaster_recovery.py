"""The database is lost permanently, and a backup restores the product."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.usecases.deliver import deliver
from postgres_database import opened_store, record
from samples.domain import FIVE_MINUTES, NOON, bucket, snapshot
from samples.fake_ports import FakeClock
from samples.recovery import TROUBLE, Recovery, everything

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from uuid import UUID

    import pytest

    from dict_rate_limit.domain.buckets.reading import Poll

AFTER_THE_BACKUP = snapshot(bucket(40), bucket(1000, name="KEYS_CHECK"), at=NOON + 2 * FIVE_MINUTES)
AFTER_THE_RESTORE = snapshot(bucket(1000), bucket(1000, name="KEYS_CHECK"), at=NOON + 3 * FIVE_MINUTES)


def test_a_restore_loses_nothing_and_repeats_keep_their_ids(
    migrated_database_url: str, postgres_server: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    recovery = Recovery(capsys=capsys, url=migrated_database_url)
    published, again, new = MemoryPublisher(), MemoryPublisher(), MemoryPublisher()
    asyncio.run(polled(recovery.url, published, *TROUBLE, batch=1))
    recovery.backed_up(tmp_path)
    before = everything(recovery.url)
    asyncio.run(polled(recovery.url, published, AFTER_THE_BACKUP))

    destroy(postgres_server, recovery.url)
    restored = recovery("restore", "--from", tmp_path / "latest")
    after = everything(recovery.url)
    asyncio.run(polled(recovery.url, again))
    asyncio.run(polled(recovery.url, new, AFTER_THE_RESTORE))

    assert restored.code == 0, restored.err
    assert without_alerts(after) == without_alerts(before)
    assert len(ids(published)) == 4
    assert ids(again) == ids(published)[1:2]
    assert len(ids(new)) == 2
    assert set(ids(new)).isdisjoint(ids(published))


async def polled(url: str, publisher: MemoryPublisher, *polls: Poll, batch: int = 10) -> None:
    """Record polls, and publish one batch of transitions as the worker does."""
    async with opened_store(url) as stores:
        await record(stores, *polls)
        await deliver(stores.outbox, publisher, FakeClock(), batch=batch)


def without_alerts(tables: Mapping[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """Remove the open alerts, because a restore raises their sequence."""
    return {name: rows for name, rows in tables.items() if name != "dict_rate_limit_alerts"}


def ids(publisher: MemoryPublisher) -> list[UUID]:
    return [event.event_id for event in publisher.published]


def destroy(server_url: str, url: str) -> None:
    """Replace a database by an empty one."""
    name = psycopg.sql.Identifier(urlsplit(url).path.removeprefix("/"))
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        admin.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
