"""Redis that is unavailable, back, slow, or has unexpected values."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import redis.asyncio
import trustme

from dict_rate_limit.adapters.redis import RedisCache
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.apps.local.valkey import embedded_valkey
from dict_rate_limit.domain.codec import encode_poll
from dict_rate_limit.domain.errors import CacheUnavailableError
from dict_rate_limit.ports.cache import CachedSnapshot
from samples.domain import PARTICIPANT, bucket, failure, snapshot
from samples.readings import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


@asynccontextmanager
async def relayed(target: str, address: str = "127.0.0.1:0", tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Let the server at `target` answer at another address too; gives that."""
    host, _, port = address.partition(":")
    async with await asyncio.start_server(_relay(target), host, int(port), ssl=tls) as server:
        yield "{}:{}".format(*server.sockets[0].getsockname())


def _relay(address: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    host, _, port = address.partition(":")

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            target.write(data)
        target.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, to_there), pump(there, writer))

    return relay


KEY = f"dict-rate-limit:snapshot:{PARTICIPANT}"
ENTRY = CachedSnapshot(snapshot=snapshot(bucket()), fetched_at=datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.fixture
async def cache(valkey: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(valkey)
    yield cache
    await cache.close()


@pytest.fixture
async def client(valkey: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(f"redis://{valkey}")
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        '{"fetched_at_us":"soon","poll":"[]"}',
        '{"fetched_at_us":1,"poll":"[9]"}',
        json.dumps({"fetched_at_us": 1, "poll": encode_poll(failure())}),
        json.dumps({"fetched_at_us": 10**30, "poll": encode_poll(ENTRY.snapshot)}),
        b"\xff\xfe",
    ],
)
async def test_an_unreadable_entry_is_none_and_is_replaced(
    cache: RedisCache, client: redis.asyncio.Redis, text: str | bytes
) -> None:
    await client.set(KEY, text)

    unreadable = await cache.get(PARTICIPANT)
    await cache.put(ENTRY)

    assert (unreadable, await cache.get(PARTICIPANT)) == (None, ENTRY)


async def test_a_key_of_another_type_is_none_and_is_replaced(cache: RedisCache, client: redis.asyncio.Redis) -> None:
    await client.lpush(KEY, "x")

    unreadable = await cache.get(PARTICIPANT)
    await cache.put(ENTRY)

    assert (unreadable, await cache.get(PARTICIPANT)) == (None, ENTRY)


async def test_an_entry_of_another_participant_is_none(cache: RedisCache, client: redis.asyncio.Redis) -> None:
    await cache.put(ENTRY)
    await client.rename(KEY, "dict-rate-limit:snapshot:00000000")

    assert await cache.get("00000000") is None


async def test_an_entry_expires_after_a_day(cache: RedisCache, client: redis.asyncio.Redis) -> None:
    await cache.put(ENTRY)

    assert 86_390 < await client.ttl(KEY) <= 86_400


async def test_other_errors_of_the_server_count_as_unavailable(cache: RedisCache, client: redis.asyncio.Redis) -> None:
    await client.acl_setuser("default", enabled=True, nopass=True, commands=["-get"])
    try:
        with pytest.raises(CacheUnavailableError, match="NoPermissionError"):
            await cache.get(PARTICIPANT)
    finally:
        await client.acl_setuser("default", enabled=True, nopass=True, commands=["+get"])


async def test_every_call_fails_the_same_way_without_a_server() -> None:
    cache = RedisCache(f"127.0.0.1:{free_port()}", "s3cret", monotonic=FakeClock().monotonic)

    for question in (cache.get(PARTICIPANT), cache.put(ENTRY), cache.acquire(PARTICIPANT, timedelta(1)), cache.ping()):
        with pytest.raises(CacheUnavailableError) as error:
            await question
        assert "s3cret" not in str(error.value)


async def test_a_silent_server_gets_one_call_per_second() -> None:
    clock, met = FakeClock(), 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        cache = RedisCache(f"{host}:{port}", monotonic=clock.monotonic)
        first = await asyncio.gather(cache.ping(), return_exceptions=True)
        at_once = await asyncio.gather(*(cache.ping() for _ in range(5)), return_exceptions=True)
        met_at_first = met
        clock.advance(1.0)
        later = await asyncio.gather(*(cache.ping() for _ in range(5)), return_exceptions=True)
        await cache.close()

    assert all(isinstance(error, CacheUnavailableError) for error in (*first, *at_once, *later))
    assert (met_at_first, met - met_at_first) == (1, 1)


async def test_the_cache_recovers_when_the_server_is_back() -> None:
    clock = FakeClock()
    async with embedded_valkey(None) as address:
        cache = RedisCache(address, monotonic=clock.monotonic)
        await cache.put(ENTRY)
    with pytest.raises(CacheUnavailableError):
        await cache.get(PARTICIPANT)
    clock.advance(1.0)
    async with embedded_valkey(None) as other, relayed(other, address):
        await cache.ping()
    await cache.close()


async def test_a_restart_of_the_server_causes_no_error(valkey: str, client: redis.asyncio.Redis) -> None:
    cache = RedisCache(valkey)
    await cache.put(ENTRY)
    await client.client_kill_filter(_type="normal", skipme=True)

    found = await cache.get(PARTICIPANT)
    await cache.close()

    assert found == ENTRY


async def test_a_password_is_used(client: redis.asyncio.Redis, valkey: str) -> None:
    await client.config_set("requirepass", "s3cret")
    try:
        wrong, right = RedisCache(valkey, "wrong"), RedisCache(valkey, "s3cret")
        with pytest.raises(CacheUnavailableError, match="AuthenticationError"):
            await wrong.ping()
        await right.ping()
        await wrong.close()
        await right.close()
    finally:
        await client.config_set("requirepass", "")


async def test_over_tls_the_server_certificate_is_verified(valkey: str, tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    files = [str(tmp_path / name) for name in ("authority.pem", "stranger.pem")]
    for ca, file in zip((authority, stranger), files, strict=True):
        ca.cert_pem.write_to_path(file)
    async with relayed(valkey, tls=server) as address:
        known, unknown = (RedisCache(address, tls=True, tls_ca_file=file) for file in files)
        await known.put(ENTRY)
        found = await known.get(PARTICIPANT)
        with pytest.raises(CacheUnavailableError):
            await unknown.ping()
        await known.close()
        await unknown.close()

    assert found == ENTRY
