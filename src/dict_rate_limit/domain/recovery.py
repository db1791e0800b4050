"""The contents of a backup, their comparison with a database, and the retention of old backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.timestamps import require_timezone

SEQUENCE_GAP: Final = 1000
"""A restore adds this to the sequence of every open alert.

Event ids are derived from alert and sequence, and consumers drop known ids. Otherwise a transition after the restore
could get the id of one that was published after the backup and lost, and consumers would drop it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContent:
    """The contents of one table. `digest` is a sum over its rows, whatever their order."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The contents of a database at one time.

    `tables` are those with rows of their own, each partition separately, as schema.name. `schema` is that of the
    product's tables, `version` the newest migration applied. `waiting` counts transitions not published. `newest_at` is
    the time of the newest poll or transition, None without any.
    """

    schema: str
    version: int
    tables: Mapping[str, TableContent]
    waiting: int
    newest_at: datetime | None

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The description of one backup.

    `taken_at` is the time of its snapshot, by the database's clock; `size` is in bytes; `tools_major` is the version of
    the pg_dump that made it: an older pg_restore cannot read it.
    """

    taken_at: datetime
    product_version: str
    database: str
    server_version: str
    tools_major: int
    contents: Contents
    size: int
    sha256: str

    def __post_init__(self) -> None:
        require_timezone("taken_at", self.taken_at)
        require_timezone("newest_at", self.contents.newest_at)

    @property
    def name(self) -> str:
        """The name of its files, without the suffix."""
        return f"dict-rate-limit-{self.taken_at:%Y%m%dT%H%M%S}.{self.taken_at.microsecond // 1000:03}Z"

    @property
    def server_major(self) -> int:
        return int(self.server_version.partition(".")[0])

    def age(self, now: datetime) -> timedelta:
        """How much a loss now would lose with this backup; never negative, also when clocks differ."""
        return max(now - self.taken_at, timedelta(0))


def differences(expected: Contents, found: Contents) -> tuple[str, ...]:
    """Return the differences of a database, a line each; empty when there are none."""
    lines = [
        _difference(name, expected.tables.get(name), found.tables.get(name))
        for name in sorted(expected.tables.keys() | found.tables.keys())
    ]
    if expected.version != found.version:
        lines.append(f"schema version {found.version}, expected {expected.version}")
    if expected.waiting != found.waiting:
        lines.append(f"{found.waiting} transitions wait, expected {expected.waiting}")
    return tuple(line for line in lines if line)


def _difference(name: str, expected: TableContent | None, found: TableContent | None) -> str:
    if expected == found:
        return ""
    if expected is None:
        return f"{name}: not expected"
    if found is None:
        return f"{name}: missing"
    if expected.rows != found.rows:
        return f"{name}: {found.rows} rows, expected {expected.rows}"
    return f"{name}: {found.rows} rows as expected, but not the same ones"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which backups stay: the newest `count`, and all younger than `days`. None = no rule.

    With both, a backup stays that either of them retains; with neither, all stay.
    """

    count: int | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        for field, value in (("count", self.count), ("days", self.days)):
            if value is not None and value < 1:
                message = f"{field}: {value}, expected 1 or more"
                raise InvalidValueError(message)

    def superseded(self, backups: Sequence[Manifest], made: Manifest) -> list[Manifest]:
        """Return the backups to delete after `made`, oldest first. Neither it nor the newest is among them."""
        if self.count is None and self.days is None:
            return []
        newest_first = sorted(backups, key=lambda backup: backup.taken_at, reverse=True)
        retained = {made.name, *(backup.name for backup in newest_first[: max(self.count or 0, 1)])}
        if self.days is not None:
            # Its own time counts as now: a wrong clock of this host must not age a backup.
            oldest = made.taken_at - timedelta(days=self.days)
            retained |= {backup.name for backup in backups if backup.taken_at > oldest}
        return [backup for backup in reversed(newest_first) if backup.name not in retained]
