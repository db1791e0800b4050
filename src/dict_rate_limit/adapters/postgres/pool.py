"""Connections to PostgreSQL: few, checked before use, with short timeouts, and traced by named statement."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final, Self, TypeVar, cast

import psycopg
import psycopg.abc
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from dict_rate_limit.adapters.postgres.sql_loader import name_of
from dict_rate_limit.domain.errors import SchemaError, StoreError, StoreUnavailableError
from dict_rate_limit.domain.text import one_line
from dict_rate_limit.ports.telemetry import NULL_TRACER, Attributes, Component, Span, Tracer

Connection = psycopg.AsyncConnection[TupleRow]
Row = dict[str, Any]
Row_co = TypeVar("Row_co", covariant=True)
Parameters = dict[str, object]

_SYSTEM: Final[Attributes] = {"db.system.name": "postgresql"}
_CONNECT_SECONDS: Final = 3
# After that the next caller starts a new attempt, so that the pool is back as soon as the database is.
_RECONNECT_SECONDS: Final = 2.0
# UTC, so that days and text forms do not depend on the server. Timeouts, so that a hanging statement ends.
_SESSION: Final = b"""
SELECT set_config('TimeZone', 'UTC', false),
       set_config('statement_timeout', '30s', false),
       set_config('idle_in_transaction_session_timeout', '60s', false)
"""
_WRONG_SCHEMA = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName)


class Pool:
    """Lends connections. A database that is down is an error, a busy pool is not."""

    def __init__(
        self, connections: AsyncConnectionPool[Connection], timeout_sec: float, tracer: Tracer = NULL_TRACER
    ) -> None:
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
        with self._tracer.begin(Component.STORE, "transaction", _SYSTEM), translated():
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
                # No other caller got a connection meanwhile: the database is down, not busy.
                if served == self._served:
                    raise
            else:
                self._served += 1
                return connection


def connection_string(database_url: str) -> str:
    """Return a connection string with short timeouts where it has none.

    Raises:
        StoreError: the URL is invalid. The message does not repeat it, for its password.
    """
    try:
        given = conninfo_to_dict(database_url)
    except psycopg.Error:
        message = "DATABASE_URL: expected postgresql://user:password@host:port/database or key=value pairs"
        raise StoreError(message) from None
    # A dead server is noticed after 30 s: 15 s of silence and three probes.
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
    """Open a pool. It opens at once, also without the database: calls then fail until it can be reached.

    Transactions and named statements are spans of `tracer`.

    Raises:
        StoreError: the address cannot be read.
    """

    async def configure(connection: Connection) -> None:
        await connection.execute(_SESSION)
        await connection.commit()
        if isinstance(connection, TracedConnection):
            connection.tracer = tracer

    connections: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        connection_string(database_url),
        min_size=min_size,
        max_size=max_size,
        open=False,
        connection_class=psycopg.AsyncConnection if tracer is NULL_TRACER else TracedConnection,
        configure=configure,
        check=AsyncConnectionPool.check_connection,
        name="dict-rate-limit",
        reconnect_timeout=_RECONNECT_SECONDS,
    )
    # Without waiting: a process starts also while the database is down.
    await connections.open(wait=False)
    try:
        yield Pool(connections, timeout_sec, tracer)
    finally:
        await connections.close()


async def fetch(connection: Connection, statement: bytes, parameters: Parameters | None = None) -> list[Row]:
    """Run a statement and return its rows by column name."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, parameters)
        return await cursor.fetchall()


@contextmanager
def translated() -> Iterator[None]:
    """Translate psycopg's errors into StoreErrors.

    Raises:
        StoreUnavailableError: not reachable, restarting, overloaded, a timeout.
        SchemaError: a table or column is missing.
        StoreError: any other error of the database.
    """
    try:
        yield
    except PoolTimeout as error:
        message = f"PostgreSQL: no connection in time ({error})"
        raise StoreUnavailableError(message) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolClosed) as error:
        raise StoreUnavailableError(_text(error)) from error
    except _WRONG_SCHEMA as error:
        message = f"{_text(error)}; are all migrations applied? See `dict-rate-limit migrate status`"
        raise SchemaError(message) from error
    except psycopg.Error as error:
        raise StoreError(_text(error)) from error


def _text(error: psycopg.Error) -> str:
    # The primary message only: details may contain values of the row.
    return "PostgreSQL: " + one_line(error.diag.message_primary or str(error).strip() or type(error).__name__)


class TracedConnection(psycopg.AsyncConnection[TupleRow]):
    """A span for each statement that has a name; others (checks of connections, partitions) have none.

    A span has the name, never the SQL or the parameters, and ends when the rows have arrived. Statements of a pipeline
    are sent together: their spans end, and fail, with it.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 -- psycopg's own
        super().__init__(*args, **settings)
        self.cursor_factory = TracedCursor
        self.tracer: Tracer = NULL_TRACER
        self.queued: list[Span] | None = None

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[psycopg.AsyncPipeline]:
        queued: list[Span] = []
        outer, self.queued, failure = self.queued, queued, None
        try:
            async with super().pipeline() as pipeline:
                yield pipeline
        except BaseException as error:
            failure = type(error).__name__
            raise
        finally:
            self.queued = outer
            for span in queued:
                span.end(failure)


class TracedCursor(psycopg.AsyncCursor[Row_co]):
    async def execute(
        self, query: psycopg.abc.Query, params: psycopg.abc.Params | None = None, **options: bool | None
    ) -> Self:
        run = functools.partial(super().execute, query, params, **options)
        name = name_of(query)
        if name is None:
            return await run()
        connection = cast("TracedConnection", self.connection)
        span = connection.tracer.begin(Component.STORE, name, _SYSTEM)
        if connection.queued is not None:
            connection.queued.append(span)
            return await run()
        with span:
            return await run()
