"""The shared cache in Redis or Valkey: one JSON entry per participant and one key per admitted source call."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from dict_rate_limit.domain.buckets.reading import Snapshot
from dict_rate_limit.domain.codec import decode_poll, encode_poll
from dict_rate_limit.domain.errors import CacheUnavailableError, InvalidValueError
from dict_rate_limit.ports.cache import CachedSnapshot
from dict_rate_limit.ports.telemetry import NULL_TRACER, Component

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from dict_rate_limit.ports.telemetry import Attributes, Tracer


@contextmanager
def _telemetry_hidden() -> Iterator[None]:
    """Let redis think that OpenTelemetry is not there: it imports what it finds of it, 60 modules, for no use to us."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    hidden = "opentelemetry" not in modules
    if hidden:
        modules["opentelemetry"] = None  # an import of it fails
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

# Keeps what is held if that is newer, but not if it is a minute ahead of the server: a wrong clock wrote that.
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

    Nothing waits longer than half a second. After a failure everyone is refused at once for a second, then one
    caller tries again.
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
        """Take `host:port`; nothing is connected before the first question. Each question is one of `steps`."""
        self._addr = addr
        self._tracer = tracer
        self._redis = Redis(connection_pool=_pool(addr, password, tls=tls, tls_ca_file=tls_ca_file))
        self._put = self._redis.register_script(_PUT)
        self._monotonic = monotonic
        self._closed_until = float("-inf")

    async def get(self, participant: str) -> CachedSnapshot | None:
        """Return the entry; one that cannot be read counts as none."""
        async with self._reachable("GET"):
            try:
                text = await self._redis.get(_entry_key(participant))
            except ResponseError as error:
                if not str(error).startswith("WRONGTYPE"):
                    raise
                return None
        return None if text is None else _decoded(text, participant)

    async def put(self, entry: CachedSnapshot) -> None:
        """Keep the entry for a day unless a newer one is there."""
        at = (entry.fetched_at - _EPOCH) // _MICROSECOND
        text = json.dumps({"fetched_at_us": at, "poll": encode_poll(entry.snapshot)}, separators=(",", ":"))
        async with self._reachable("EVALSHA"):
            await self._put(keys=[_entry_key(entry.snapshot.participant)], args=[text, at, _milliseconds(LIFE)])

    async def acquire(self, participant: str, spacing: timedelta) -> bool:
        """Return True for the first caller within `spacing`."""
        async with self._reachable("SET"):
            first = await self._redis.set(_gate_key(participant), b"1", nx=True, px=max(1, _milliseconds(spacing)))
        return bool(first)

    async def ping(self) -> None:
        """Do nothing but reach the server."""
        async with self._reachable("PING"):
            await self._redis.ping()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose(close_connection_pool=True)

    @asynccontextmanager
    async def _reachable(self, command: str) -> AsyncIterator[None]:
        now = self._monotonic()
        if now < self._closed_until:
            message = f"Redis at {self._addr}: failed less than a second ago"
            raise CacheUnavailableError(message)
        if self._closed_until > float("-inf"):  # one caller tries, the others need not wait with it
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
    settings: dict[str, Any] = {  # handed through the pool to each connection, untyped there
        "host": host.strip("[]"),
        "port": int(port),
        "password": password,
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "retry": Retry(NoBackoff(), 1),  # a connection kept across a restart of the server fails once
    }
    if not tls:
        return BlockingConnectionPool(max_connections=16, timeout=TIMEOUT, **settings)
    return BlockingConnectionPool(
        max_connections=16, timeout=TIMEOUT, connection_class=SSLConnection, ssl_ca_certs=tls_ca_file, **settings
    )


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


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _entry_key(participant: str) -> str:
    return f"dict-rate-limit:snapshot:{participant}"


def _gate_key(participant: str) -> str:
    return f"dict-rate-limit:gate:{participant}"
