"""The months of dict_rate_limit_states. Months begin at midnight UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from psycopg import sql

from dict_rate_limit.adapters.postgres.sql_loader import statements

if TYPE_CHECKING:
    from dict_rate_limit.adapters.postgres.pool import Connection

_AHEAD: Final = 2
_FAR: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A month there is; a bound is None where it is open."""

    schema: str
    name: str
    lower: datetime | None
    upper: datetime | None

    def covers(self, lower: datetime, upper: datetime) -> bool:
        """Tell whether rows of this span belong here."""
        return (self.lower is None or self.lower <= lower) and (self.upper is None or self.upper >= upper)


def month_start(moment: datetime, months: int) -> datetime:
    """Return the beginning of the month so many months after the moment's."""
    moment = moment.astimezone(UTC)
    number = moment.year * 12 + moment.month - 1 + months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


async def partitions(connection: Connection) -> list[Partition]:
    """List the months, oldest first."""
    cursor = await connection.execute(statements("upkeep")["partitions"])
    return [
        Partition(schema=schema, name=name, lower=lower, upper=upper)
        for schema, name, lower, upper in await cursor.fetchall()
    ]


def missing_months(there: list[Partition], today: datetime) -> list[tuple[datetime, datetime]]:
    """Return the bounds of the months to make, from this one to two ahead."""
    wanted = [(month_start(today, ahead), month_start(today, ahead + 1)) for ahead in range(_AHEAD + 1)]
    return [bounds for bounds in wanted if not any(partition.covers(*bounds) for partition in there)]


def months_ahead(there: list[Partition], today: datetime) -> int:
    """Count the months after this one that are there, up to the first gap."""
    wanted = ((month_start(today, ahead), month_start(today, ahead + 1)) for ahead in range(1, _FAR + 1))
    made = takewhile(lambda bounds: any(partition.covers(*bounds) for partition in there), wanted)
    return sum(1 for _ in made)


async def make_month(connection: Connection, lower: datetime, upper: datetime) -> str:
    """Make one month in the open transaction and move its rows out of DEFAULT; return its name.

    ATTACH instead of CREATE … PARTITION OF, which shuts all readers out. Writers wait from the start: one that was told
    DEFAULT before the month was there would fail after. Statements that make and drop tables take no parameters, hence
    composed here.
    """
    name = f"dict_rate_limit_states_{lower:%Y_%m}"
    table = sql.Identifier(name)
    for lock in ("lock_history", "lock_default"):
        await connection.execute(statements("upkeep")[lock])
    await connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE dict_rate_limit_states INCLUDING DEFAULTS INCLUDING CONSTRAINTS)").format(table)
    )
    await connection.execute(
        sql.SQL(
            "WITH moved AS (DELETE FROM dict_rate_limit_states_default"
            " WHERE checked_at >= {} AND checked_at < {} RETURNING *) INSERT INTO {} SELECT * FROM moved"
        ).format(lower, upper, table)
    )
    await connection.execute(
        sql.SQL("ALTER TABLE dict_rate_limit_states ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            table, lower, upper
        )
    )
    return name


async def drop_month(connection: Connection, partition: Partition) -> None:
    """Drop one month with its rows in the open transaction."""
    await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(partition.schema, partition.name)))
