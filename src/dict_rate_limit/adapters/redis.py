"""The shared cache in Redis or Valkey: one JSON entry per participant and one key per admitted source call."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, Final, cast

from dict_rate_limit.domain.buckets.reading import Snapshot
from dict_rate_limit.domain.codec import decode_poll, encode_poll
from dict_rate_limit.domain.errors import CacheUnavailableError, InvalidValueError
from dict_rate_limit.ports.cache import CachedSnapshot
from dict_rate_limit.ports.telemetry import NULL_TRACER, Attributes, Component, Tracer


@contextmanager
def _telemetry_hidden() -> Iterator[None]:
    """Hide OpenTelemetry from redis, which would import 60 modules of it that are not used."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    hidden = "opentelemetry" not in modules
    if hidden:
        # An import of a module that is None fails.
        modules["opentelemetry"] = None
    try:
        yield
    finally:
        if hidden:
            del modules["opentelemetry"]


with _telemetry_hidden():
    from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError, ResponseError

LIFE: Final = timedelta(hours=24)
TIMEOUT: Final = 0.5
CIRCUIT_LIFE: Final = 1.0

_SYSTEM: Final[Attributes] = {"db.system.name": "redis"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# Does not replace a newer entry, unless that is a minute ahead of the server: a wrong clock wrote it.
_PUT: Final = """
local held = redis.pcall('GET', KEYS[1])
local read, entry = pcall(cjson.decode, type(held) == 'string' and held or '')
if read and type(entry) == 'table' and type(entry.fetched_at_us) == 'number' then
  local time = redis.call('TIME')
  local limit = (tonumber(time[1]) + 60) * 1000000
  if entry.fetched_at_us > tonumber(ARGV[2]) and entry.fetched_at_us <= limit then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""


class RedisCache:
    """SnapshotCache and RateLimiter of all processes that share one Redis.

    No call takes longer than half a second. After a failure all calls fail at once for a second, then one caller
    tries again.
    """

    def __init__(
        self,
        addr: str,
        password: str | None = None,
        *,
        tls: bool = False,
        tls_ca_file: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        tracer: Tracer = NULL_TRACER,
    ) -> None:
        self._addr = addr
        self._tracer = tracer
        self._redis = Redis(connection_pool=_pool(addr, password, tls=tls, tls_ca_file=tls_ca_file))
        self._put = self._redis.register_script(_PUT)
        self._monotonic = monotonic
        self._closed_until = float("-inf")

    async def get(self, participant: str) -> CachedSnapshot | None:
        async with self._reachable("GET"):
            try:
                text = await self._redis.get(_entry_key(participant))
            except ResponseError as error:
                if not str(error).startswith("WRONGTYPE"):
                    raise
                return None
        return None if text is None else _decoded(text, participant)

    async def put(self, entry: CachedSnapshot) -> None:
        """Store the entry for a day, unless there is a newer one."""
        at = (entry.fetched_at - _EPOCH) // _MICROSECOND
        text = json.dumps({"fetched_at_us": at, "poll": encode_poll(entry.snapshot)}, separators=(",", ":"))
        async with self._reachable("EVALSHA"):
            await self._put(keys=[_entry_key(entry.snapshot.participant)], args=[text, at, _milliseconds(LIFE)])

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        async with self._reachable("SET"):
            first = await self._redis.set(_gate_key(participant), b"1", nx=True, px=max(1, _milliseconds(spacing)))
        return bool(first)

    async def ping(self) -> None:
        async with self._reachable("PING"):
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose(close_connection_pool=True)

    @asynccontextmanager
    async def _reachable(self, command: str) -> AsyncIterator[None]:
        now = self._monotonic()
        if now < self._closed_until:
            message = f"Redis at {self._addr}: failed less than a second ago"
            raise CacheUnavailableError(message)
        # After a failure one caller tries; the others fail at once meanwhile.
        if self._closed_until > float("-inf"):
            self._closed_until = now + TIMEOUT
        try:
            with self._tracer.begin(Component.CACHE, command, _SYSTEM):
                async with asyncio.timeout(TIMEOUT):
                    yield
        except (RedisError, OSError, TimeoutError) as error:
            self._closed_until = self._monotonic() + CIRCUIT_LIFE
            message = f"Redis at {self._addr}: {type(error).__name__}"
            raise CacheUnavailableError(message) from error
        self._closed_until = float("-inf")


def _pool(addr: str, password: str | None, *, tls: bool, tls_ca_file: str | None) -> BlockingConnectionPool:
    host, _, port = addr.rpartition(":")
    # The pool passes them to each connection, untyped.
    settings: dict[str, Any] = {
        "host": host.strip("[]"),
        "port": int(port),
        "password": password,
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        # A connection from before a restart of the server fails once.
        "retry": Retry(NoBackoff(), 1),
    }
    if tls:
        settings |= {"connection_class": SSLConnection, "ssl_ca_certs": tls_ca_file}
    return BlockingConnectionPool(max_connections=16, timeout=TIMEOUT, **settings)


def _decoded(text: bytes | str, participant: str) -> CachedSnapshot | None:
    try:
        entry = json.loads(text)
        snapshot = decode_poll(entry["poll"])
        fetched_at = _EPOCH + entry["fetched_at_us"] * _MICROSECOND
    except (InvalidValueError, ValueError, TypeError, LookupError, OverflowError):
        return None
    if not isinstance(snapshot, Snapshot) or snapshot.participant != participant:
        return None
    return CachedSnapshot(snapshot=snapshot, fetched_at=fetched_at)


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _entry_key(participant: str) -> str:
    return f"dict-rate-limit:snapshot:{participant}"


def _gate_key(participant: str) -> str:
    return f"dict-rate-limit:gate:{participant}"
