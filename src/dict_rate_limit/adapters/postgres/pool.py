"""Connections to PostgreSQL: few, checked before use, given up on quickly."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from dict_rate_limit.adapters.postgres.traced_connection import SYSTEM, TracedConnection
from dict_rate_limit.domain.errors import SchemaError, StoreError, StoreUnavailableError
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.ports.telemetry import NULL_TRACER, Component

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from dict_rate_limit.ports.telemetry import Tracer

Connection = psycopg.AsyncConnection[TupleRow]
Row = dict[str, Any]
Parameters = dict[str, object]

_CONNECT_SECONDS: Final = 3
_RECONNECT_SECONDS: Final = 2.0  # after that the next caller starts a fresh attempt, so that a pool is back at once
_SESSION: Final = b"""
SELECT set_config('TimeZone', 'UTC', false),
       set_config('statement_timeout', '30s', false),
       set_config('idle_in_transaction_session_timeout', '60s', false)
"""
_WRONG_SCHEMA = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName)


class Pool:
    """Lends connections. A database that is down is told from a pool that is busy: only the first is an error."""

    def __init__(
        self, connections: AsyncConnectionPool[Connection], timeout_sec: float, tracer: Tracer = NULL_TRACER
    ) -> None:
        """Wait `patience` seconds for a connection as long as nobody else gets one either."""
        self._connections = connections
        self._timeout_sec = timeout_sec
        self._tracer = tracer
        self._served = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection for one transaction: commit at the end, roll back after an error.

        Raises:
            StoreError: psycopg's errors, its own and those of the block, translated.
        """
        with self._tracer.begin(Component.STORE, "transaction", SYSTEM), translated():
            async with AsyncExitStack() as stack:
                yield await self._borrowed(stack)

    async def fetch(self, statement: bytes, parameters: Parameters | None = None) -> list[Row]:
        """Run one statement in a transaction of its own and return its rows by column name."""
        async with self.connection() as connection:
            return await fetch(connection, statement, parameters)

    async def _borrowed(self, stack: AsyncExitStack) -> Connection:
        while True:
            served = self._served
            try:
                connection = await stack.enter_async_context(self._connections.connection(self._timeout_sec))
            except PoolTimeout:
                if served == self._served:
                    raise
            else:
                self._served += 1
                return connection


def connection_string(database_url: str) -> str:
    """Return an address with short timeouts where it says none.

    Raises:
        StoreError: the address cannot be read. It may hold a password, so it is not repeated.
    """
    try:
        given = conninfo_to_dict(database_url)
    except psycopg.Error:
        message = "DATABASE_URL: expected postgresql://user:password@host:port/database or key=value pairs"
        raise StoreError(message) from None
    defaults: dict[str, str | int] = {
        "connect_timeout": _CONNECT_SECONDS,
        "fallback_application_name": "dict-rate-limit",
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    return make_conninfo(database_url, **{name: value for name, value in defaults.items() if name not in given})


@asynccontextmanager
async def open_pool(
    database_url: str, *, min_size: int = 1, max_size: int = 4, timeout_sec: float = 3.0, tracer: Tracer = NULL_TRACER
) -> AsyncIterator[Pool]:
    """Hold a pool open. It opens at once, also while the database is away: using it then fails, until it is back.

    Transactions and named statements are `steps`.

    Raises:
        StoreError: the address cannot be read.
    """
    connections: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        connection_string(database_url),
        min_size=min_size,
        max_size=max_size,
        open=False,
        connection_class=psycopg.AsyncConnection if tracer is NULL_TRACER else TracedConnection,
        configure=_configuring(tracer),
        check=AsyncConnectionPool.check_connection,
        name="dict-rate-limit",
        reconnect_timeout=_RECONNECT_SECONDS,
    )
    await connections.open(wait=False)
    try:
        yield Pool(connections, timeout_sec, tracer)
    finally:
        await connections.close()


def _configuring(tracer: Tracer) -> Callable[[Connection], Awaitable[None]]:
    async def configure(connection: Connection) -> None:
        await connection.execute(_SESSION)
        await connection.commit()
        if isinstance(connection, TracedConnection):
            connection.tracer = tracer

    return configure


async def fetch(connection: Connection, statement: bytes, parameters: Parameters | None = None) -> list[Row]:
    """Run a statement and return its rows by column name."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, parameters)
        return await cursor.fetchall()


@contextmanager
def translated() -> Iterator[None]:
    """Raise what psycopg raises inside as a StoreError; anything else passes.

    Raises:
        StoreUnavailableError: not reachable, restarting, overloaded, a lock or an answer did not come in time.
        SchemaError: a table or column is not there.
        StoreError: the database refused.
    """
    try:
        yield
    except PoolTimeout as error:
        message = f"PostgreSQL: no connection in time ({error})"
        raise StoreUnavailableError(message) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolClosed) as error:
        raise StoreUnavailableError(_text(error)) from error
    except _WRONG_SCHEMA as error:
        message = f"{_text(error)}; do all migrations stand? `dict-rate-limit migrate status` tells"
        raise SchemaError(message) from error
    except psycopg.Error as error:
        raise StoreError(_text(error)) from error


def _text(error: psycopg.Error) -> str:
    # The primary message only: details may contain values of the row.
    return "PostgreSQL: " + one_line(error.diag.message_primary or str(error).strip() or type(error).__name__)
