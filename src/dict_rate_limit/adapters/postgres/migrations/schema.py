"""Whether the schema fits this code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.postgres.migrations import goose_table
from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.domain.errors import SchemaError, SchemaRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.adapters.postgres.migrations.goose import Migration
    from dict_rate_limit.adapters.postgres.pool import Pool


class SchemaFit(StrEnum):
    """How the schema relates to this code."""

    CURRENT = "CURRENT"  # all migrations of this code, no others
    NEWER = "NEWER"  # others too, and they let this code work
    OLDER = "OLDER"  # some are missing: wait for them
    EMPTY = "EMPTY"  # all are missing: wait for them
    INCOMPATIBLE = "INCOMPATIBLE"  # a migration that this code does not know excludes it


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """The fit, the missing migrations, and a `message` with what to do; "" when all is well."""

    fit: SchemaFit
    missing: tuple[str, ...] = ()
    message: str = ""

    @property
    def usable(self) -> bool:
        """Return whether this code may use the schema."""
        return self.fit in {SchemaFit.CURRENT, SchemaFit.NEWER}


async def schema_state(pool: Pool, migrations: Sequence[Migration] | None = None) -> SchemaState:
    """Compare the schema with the migrations of this code.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    shipped = migrations or shipped_migrations()
    async with pool.connection() as connection:
        table, marker = await goose_table.tables(connection)
        known = await goose_table.applied(connection) if table else {}
        oldest = await goose_table.oldest_code(connection) if marker else 0
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


async def schema_version(pool: Pool) -> int | None:
    """Return the newest migration applied; None without any.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    async with pool.connection() as connection:
        table, _ = await goose_table.tables(connection)
        return max(await goose_table.applied(connection), default=None) if table else None


async def require_schema(pool: Pool) -> None:
    """Return when this code may use the schema.

    Raises:
        SchemaRefusedError: the schema excludes this code.
        SchemaError: migrations are missing, the message names them.
        StoreUnavailableError: the database cannot be reached.
    """
    state = await schema_state(pool)
    if state.fit is SchemaFit.INCOMPATIBLE:
        raise SchemaRefusedError(state.message)
    if not state.usable:
        raise SchemaError(state.message)
