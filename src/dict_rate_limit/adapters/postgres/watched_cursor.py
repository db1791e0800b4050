"""A cursor whose statements are steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import psycopg

from dict_rate_limit.adapters.postgres.statements import name_of
from dict_rate_limit.ports.steps import Part

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Self

    from psycopg.abc import Params, Query

    from dict_rate_limit.ports.steps import Facts, Steps

Row_co = TypeVar("Row_co", covariant=True)

SYSTEM: Final[Facts] = {"db.system.name": "postgresql"}


def watched_cursor(steps: Steps) -> type[psycopg.AsyncCursor[tuple[object, ...]]]:
    """Make the class. Statements without a name (checks of a connection, partitions) are no steps.

    A step tells which statement it was, never the text or the parameters. Inside a pipeline it ends when the
    statement is queued; the waiting shows in the transaction.
    """

    class WatchedCursor(psycopg.AsyncCursor[Row_co]):
        async def execute(
            self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
        ) -> Self:
            run: Callable[..., Awaitable[Self]] = super().execute
            name = name_of(query)
            if name is None:
                return await run(query, params, prepare=prepare, binary=binary)
            with steps.begin(Part.STORE, name, SYSTEM):
                return await run(query, params, prepare=prepare, binary=binary)

    return WatchedCursor
