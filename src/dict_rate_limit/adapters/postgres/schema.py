"""Does the schema fit this code?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres import versions
from dict_rate_limit.adapters.postgres.goose import shipped_migrations
from dict_rate_limit.domain.errors import SchemaError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dict_rate_limit.adapters.postgres.goose import Migration
    from dict_rate_limit.adapters.postgres.pool import Pool


class SchemaFit(StrEnum):
    """How the schema relates to this code."""

    CURRENT = "CURRENT"  # all migrations of this code, no others
    NEWER = "NEWER"  # others too, and they let this code work
    OLDER = "OLDER"  # some are missing: wait for them
    EMPTY = "EMPTY"  # all are missing: wait for them
    INCOMPATIBLE = "INCOMPATIBLE"  # a migration that this code does not know shuts it out


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """The fit, and in `message` what is missing and what to do; "" when there is nothing to say."""

    fit: SchemaFit
    missing: tuple[str, ...] = ()
    message: str = ""

    @property
    def usable(self) -> bool:
        """Tell whether this code may use the schema."""
        return self.fit in {SchemaFit.CURRENT, SchemaFit.NEWER}


async def schema_state(pool: Pool, migrations: Sequence[Migration] | None = None) -> SchemaState:
    """Compare the schema with the migrations of this code.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    shipped = migrations or shipped_migrations()
    async with pool.connection() as connection:
        table, marker = await versions.tables(connection)
        known = await versions.applied(connection) if table else {}
        oldest = await versions.oldest_code(connection) if marker else 0
    newest = max(migration.version for migration in shipped)
    missing = tuple(migration.name for migration in shipped if migration.version not in known)
    if oldest > newest:
        message = f"the schema serves code from migration {oldest} on, this code ends at {newest}: use a newer one"
        return SchemaState(fit=SchemaFit.INCOMPATIBLE, message=message)
    if missing:
        fit = SchemaFit.EMPTY if len(missing) == len(shipped) else SchemaFit.OLDER
        message = f"not applied: {', '.join(missing)}; run `dict-rate-limit migrate up`"
        return SchemaState(fit=fit, missing=missing, message=message)
    return SchemaState(fit=SchemaFit.NEWER if max(known) > newest else SchemaFit.CURRENT)


async def wait_for_schema(pool: Pool, on_wait: Callable[[str], None], pause: float = 2.0) -> SchemaState:
    """Return once this code may use the schema; tell `on_wait` why not yet, each reason once.

    Raises:
        SchemaError: the schema shuts this code out; waiting would not help.
    """
    told = ""
    while True:
        state = await _state_or_reason(pool)
        if isinstance(state, SchemaState) and state.usable:
            return state
        if isinstance(state, SchemaState) and state.fit is SchemaFit.INCOMPATIBLE:
            raise SchemaError(state.message)
        reason = state.message if isinstance(state, SchemaState) else state
        if reason != told:
            on_wait(reason)
            told = reason
        await asyncio.sleep(pause)


async def _state_or_reason(pool: Pool) -> SchemaState | str:
    try:
        return await schema_state(pool)
    except StoreUnavailableError as error:
        return str(error)
