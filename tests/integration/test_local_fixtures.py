from __future__ import annotations

import psycopg
import redis.asyncio
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client


async def test_every_test_has_its_own_empty_database(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        tables = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = await tables.fetchall()

    assert found == []
    assert "/test_" in database_url


async def test_a_migrated_database_has_the_tables(migrated_database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(migrated_database_url) as connection:
        tables = await connection.execute("SELECT to_regclass('dict_rate_limit_states') IS NOT NULL")
        found = await tables.fetchone()

    assert found == (True,)


async def test_every_test_has_an_empty_valkey(valkey: str) -> None:
    async with redis.asyncio.from_url(f"redis://{valkey}") as client:
        size = await client.dbsize()

    assert size == 0


async def test_temporal_serves_the_namespace(temporal_address: str) -> None:
    client = await Client.connect(temporal_address, namespace="dict")

    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="dict"))

    assert answer.namespace_info.name == "dict"
