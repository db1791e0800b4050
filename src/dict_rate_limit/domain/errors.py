"""Every error the product raises on purpose.

DictRateLimitError
├── InvalidValueError          a value that may not exist (naive time, bad name); a mistake of the caller
├── SettingsError              the configuration; lists all its problems
├── SourceError                DICT or the Bridge did not give a reading; carries an Outcome
├── StoreError                 the database
│   ├── StoreUnavailableError  not reachable, restarting, overloaded
│   └── SchemaError            a schema this code cannot use (yet), or a migration that may not run
│       └── SchemaRefusedError a migration shuts this code out: waiting does not help
├── CacheUnavailableError      Redis
├── SchedulerUnavailableError  Temporal
├── RecoveryError              a backup cannot be made, or not be restored
│   └── RecoveryRefusedError   the backup is damaged or foreign, or the database is not what it must be
├── NotFoundError              there is no such alert or silence
├── ConflictError              what was asked does not fit what is there (any more); look again
├── NoReadingError             there has never been a reading of this participant, and none can be had now
├── PublishError               an event could not be handed over
└── EventsUnavailableError     events cannot be read from the broker

`retry_helps` says whether the same call may succeed later without anybody's help.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one poll of the source ended; the same word in code, SQL, metrics and runbooks."""

    OK = "OK"  # an answer with at least one readable bucket
    EMPTY = "EMPTY"  # an answer without buckets: no data, not "everything is gone"
    UNAVAILABLE = "UNAVAILABLE"  # 503, or nobody answers at the address
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"  # no answer in time
    RATE_LIMITED = "RATE_LIMITED"  # 429: our own budget ran dry
    PERMISSION_DENIED = "PERMISSION_DENIED"  # 403: the certificate may not ask for this participant
    UNAUTHENTICATED = "UNAUTHENTICATED"  # no or an unaccepted certificate
    INVALID_ARGUMENT = "INVALID_ARGUMENT"  # participant missing or malformed
    NOT_FOUND = "NOT_FOUND"  # 404: no such policy
    GONE = "GONE"  # 410: this address has moved
    INTERNAL = "INTERNAL"  # 500
    MALFORMED = "MALFORMED"  # an answer that cannot be read


RETRY_HELPS = frozenset({Outcome.UNAVAILABLE, Outcome.DEADLINE_EXCEEDED})
"""A further try within the same poll may succeed. Never for 429: it would spend the token that is missing."""


class DictRateLimitError(Exception):
    """Root of the tree."""

    retry_helps: bool = False


class InvalidValueError(DictRateLimitError, ValueError):
    """A value outside what its type allows; the message names the field, the value and what was expected."""


class SettingsError(DictRateLimitError):
    """The configuration has problems; `problems` holds one line each, secrets hidden."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep one line per problem."""
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceError(DictRateLimitError):
    """The source gave no reading."""

    def __init__(
        self,
        outcome: Outcome,
        detail: str,
        *,
        retry_after_sec: int | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Keep what the source said; `retry_after_sec` only where it said so."""
        super().__init__(f"{outcome}: {detail}")
        self.outcome = outcome
        self.detail = detail
        self.retry_after_sec = retry_after_sec
        self.correlation_id = correlation_id
        self.retry_helps = outcome in RETRY_HELPS


class StoreError(DictRateLimitError):
    """The database refused."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached now."""

    retry_helps: bool = True


class SchemaError(StoreError):
    """The schema and this code, or a migration and the data, do not fit."""


class SchemaRefusedError(SchemaError):
    """A migration marked as incompatible with older code was applied, and this code is older: use a newer one."""


class RecoveryError(DictRateLimitError):
    """A backup cannot be made, or not be restored: no disk, no program, no permission."""


class RecoveryRefusedError(RecoveryError):
    """A backup that is damaged or foreign, a database that is not empty, or one that is not what the backup holds."""


class CacheUnavailableError(DictRateLimitError):
    """Redis cannot be reached now."""

    retry_helps: bool = True


class NotFoundError(DictRateLimitError):
    """There is no such alert or silence."""


class ConflictError(DictRateLimitError):
    """What was asked does not fit what is there: it has moved on since it was looked at, or is over."""


class NoReadingError(DictRateLimitError):
    """There has never been a reading of this participant, and none can be had now."""

    retry_helps: bool = True


class SchedulerUnavailableError(DictRateLimitError):
    """Temporal cannot be used now: not reachable, or without our namespace."""

    retry_helps: bool = True


class PublishError(DictRateLimitError):
    """An event could not be handed to the broker."""

    retry_helps: bool = True


class EventsUnavailableError(DictRateLimitError):
    """Events cannot be read from the broker now."""

    retry_helps: bool = True
