"""What a backup holds, whether a database is equal to it, what it leaves behind, and which old ones may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.timestamps import require_timezone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

SEQUENCE_GAP: Final = 1000
"""What a restore adds to the sequence of every open alert.

Event ids follow from alert and sequence, and readers drop ids they know. A transition made after the backup, published
and then lost would otherwise lend its id to another one, made after the restore: readers would drop that one unseen.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContent:
    """What one table holds. `digest` is a sum over its rows, whatever their order."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a database holds at one moment.

    `tables` are those that hold rows, each partition by itself, as schema.name. `schema` is where ours are, `version`
    the newest migration in force. `waiting` counts transitions not published. `newest_at` is the time of the newest
    poll or transition, None when there is none.
    """

    schema: str
    version: int
    tables: Mapping[str, TableContent]
    waiting: int
    newest_at: datetime | None

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is known of one backup.

    `taken_at` is the moment it shows, by the database's clock; `size` is in bytes; `tools_major` is the version of the
    pg_dump that made it: an older pg_restore cannot read it.
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
        """Refuse times without a zone."""
        require_timezone("taken_at", self.taken_at)
        require_timezone("newest_at", self.contents.newest_at)

    @property
    def name(self) -> str:
        """What its files are called before the suffix."""
        return f"dict-rate-limit-{self.taken_at:%Y%m%dT%H%M%S}.{self.taken_at.microsecond // 1000:03}Z"

    @property
    def server_major(self) -> int:
        """The server's major version."""
        return int(self.server_version.partition(".")[0])

    def age(self, now: datetime) -> timedelta:
        """How much a loss now would lose with this backup; never negative, whatever the clocks say."""
        return max(now - self.taken_at, timedelta(0))


def differences(expected: Contents, found: Contents) -> tuple[str, ...]:
    """Say line by line where a database is not what was expected; nothing when it is."""
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
    """Which backups are kept: the newest `count`, and all younger than `days`. What is None says nothing.

    With both, a backup stays that either of them keeps; with neither, all stay.
    """

    count: int | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        """Refuse what would keep nothing."""
        for field, value in (("count", self.count), ("days", self.days)):
            if value is not None and value < 1:
                message = f"{field}: {value}, expected 1 or more"
                raise InvalidValueError(message)

    def superseded(self, backups: Sequence[Manifest], made: Manifest) -> list[Manifest]:
        """Return the backups that may go now that `made` stands, oldest first. Neither it nor the newest is among them.

        Its own time counts as now: a clock that was wrong once must not age a backup.
        """
        if self.count is None and self.days is None:
            return []
        newest_first = sorted(backups, key=lambda backup: backup.taken_at, reverse=True)
        kept = {made.name, *(backup.name for backup in newest_first[: max(self.count or 0, 1)])}
        if self.days is not None:
            oldest = made.taken_at - timedelta(days=self.days)
            kept |= {backup.name for backup in backups if backup.taken_at > oldest}
        return [backup for backup in reversed(newest_first) if backup.name not in kept]
