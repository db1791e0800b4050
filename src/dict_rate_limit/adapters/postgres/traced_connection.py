"""A connection that traces its named statements."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import psycopg
from psycopg.rows import TupleRow

from dict_rate_limit.adapters.postgres.sql_loader import name_of
from dict_rate_limit.ports.telemetry import NULL_TRACER, Component

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import Self

    from psycopg.abc import Params, Query

    from dict_rate_limit.ports.telemetry import Attributes, Span, Tracer

Row_co = TypeVar("Row_co", covariant=True)

SYSTEM: Final[Attributes] = {"db.system.name": "postgresql"}


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
        """Open a pipeline as psycopg does, and end its spans with it."""
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
    """The cursor of a traced connection."""

    async def execute(
        self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> Self:
        """Run a statement, as psycopg does."""
        run: Callable[..., Awaitable[Self]] = super().execute
        name = name_of(query)
        if name is None:
            return await run(query, params, prepare=prepare, binary=binary)
        connection = cast("TracedConnection", self.connection)
        span = connection.tracer.begin(Component.STORE, name, SYSTEM)
        if connection.queued is not None:
            connection.queued.append(span)
            return await run(query, params, prepare=prepare, binary=binary)
        with span:
            return await run(query, params, prepare=prepare, binary=binary)
