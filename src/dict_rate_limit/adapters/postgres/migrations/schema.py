"""The applied migrations (table goose_db_version), and whether the schema fits this code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dict_rate_limit.adapters.postgres.migrations.goose import Migration, shipped_migrations
from dict_rate_limit.adapters.postgres.pool import Connection, Pool
from dict_rate_limit.adapters.postgres.sql_loader import statements
from dict_rate_limit.domain.errors import SchemaError, SchemaRefusedError


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
    """Compare the schema with the migrations of this code."""
    shipped = migrations or shipped_migrations()
    async with pool.connection() as connection:
        table, marker = await tables(connection)
        known = await applied(connection) if table else {}
        oldest = await oldest_code(connection) if marker else 0
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
    """Return the newest migration applied; None without any."""
    async with pool.connection() as connection:
        table, _ = await tables(connection)
        return max(await applied(connection), default=None) if table else None


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


async def tables(connection: Connection) -> tuple[bool, bool]:
    """Return whether goose_db_version and dict_rate_limit_schema exist."""
    cursor = await connection.execute(statements("versions")["tables"])
    ((versions, marker),) = await cursor.fetchall()
    return versions, marker


async def applied(connection: Connection) -> Mapping[int, datetime]:
    """Return when each version was applied, in order; the table must exist."""
    cursor = await connection.execute(statements("versions")["applied"])
    return dict(await cursor.fetchall())


async def oldest_code(connection: Connection) -> int:
    """Return the oldest version of the code that may use the schema; the table must exist."""
    cursor = await connection.execute(statements("versions")["oldest_code"])
    ((version,),) = await cursor.fetchall()
    return int(version)
