"""Every error of the product.

DictRateLimitError
├── InvalidValueError          an invalid value (naive time, bad name); a bug of the caller or bad input
├── SettingsError              an invalid configuration; lists all its problems
├── SourceError                DICT or the Bridge returned no reading; has an Outcome
├── StoreError                 the database
│   ├── StoreUnavailableError  not reachable, restarting, overloaded
│   └── SchemaError            a schema this code cannot use (yet), or a migration that may not run
│       └── SchemaRefusedError a migration excludes this code: waiting does not help
├── CacheUnavailableError      Redis cannot be reached
├── SchedulerUnavailableError  Temporal: not reachable, or without the namespace
├── RecoveryError              a backup cannot be made or restored
│   └── RecoveryRefusedError   the backup is damaged or foreign, or the database is not empty or differs
├── NotFoundError              there is no such alert or silence
├── ConflictError              the request does not fit the current state; read it again
├── NoReadingError             there is no reading of this participant, and the source gives none now
├── PublishError               an event could not be published
└── EventsUnavailableError     events cannot be read from the broker

`retry_helps` says whether the same call may succeed later without an operator.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one poll of the source ended; the same word in code, SQL, metrics and runbooks."""

    OK = "OK"  # a response with at least one valid bucket
    EMPTY = "EMPTY"  # a response without buckets: no data, not "everything is gone"
    UNAVAILABLE = "UNAVAILABLE"  # 503, or no server at the address
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"  # no answer in time
    RATE_LIMITED = "RATE_LIMITED"  # 429: the bucket of the list is exhausted
    PERMISSION_DENIED = "PERMISSION_DENIED"  # 403: the certificate may not read this participant
    UNAUTHENTICATED = "UNAUTHENTICATED"  # no certificate, or an invalid one
    INVALID_ARGUMENT = "INVALID_ARGUMENT"  # participant missing or malformed
    NOT_FOUND = "NOT_FOUND"  # 404: no such policy
    GONE = "GONE"  # 410: this address has moved
    INTERNAL = "INTERNAL"  # 500
    MALFORMED = "MALFORMED"  # an invalid response


RETRY_HELPS = frozenset({Outcome.UNAVAILABLE, Outcome.DEADLINE_EXCEEDED})
"""A retry within the same poll may succeed. Never for 429: it would consume the token that is missing."""


class DictRateLimitError(Exception):
    """Root of the tree."""

    retry_helps: bool = False


class InvalidValueError(DictRateLimitError, ValueError):
    """A value outside what its type allows; the message names the field, the value and what was expected."""


class SettingsError(DictRateLimitError):
    """The configuration is invalid; `problems` has one line for each problem, without secrets."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceError(DictRateLimitError):
    """The source returned no reading. `retry_after_sec` is the source's own, None without one."""

    def __init__(
        self, outcome: Outcome, detail: str, *, retry_after_sec: int | None = None, correlation_id: str | None = None
    ) -> None:
        super().__init__(f"{outcome}: {detail}")
        self.outcome = outcome
        self.detail = detail
        self.retry_after_sec = retry_after_sec
        self.correlation_id = correlation_id
        self.retry_helps = outcome in RETRY_HELPS


class StoreError(DictRateLimitError):
    """The database failed."""


class StoreUnavailableError(StoreError):
    retry_helps: bool = True


class SchemaError(StoreError):
    """The schema and this code, or a migration and the data, do not fit."""


class SchemaRefusedError(SchemaError):
    """A migration that is incompatible with this code was applied: use a newer version."""


class RecoveryError(DictRateLimitError):
    """A backup cannot be made or restored: no disk, no program, no permission."""


class RecoveryRefusedError(RecoveryError):
    """The backup is damaged or foreign, or the database is not empty or differs from the backup."""


class CacheUnavailableError(DictRateLimitError):
    retry_helps: bool = True


class NotFoundError(DictRateLimitError):
    """There is no such alert or silence."""


class ConflictError(DictRateLimitError):
    """The request does not fit the current state: it has changed since the client read it, or is over."""


class NoReadingError(DictRateLimitError):
    retry_helps: bool = True


class SchedulerUnavailableError(DictRateLimitError):
    retry_helps: bool = True


class PublishError(DictRateLimitError):
    retry_helps: bool = True


class EventsUnavailableError(DictRateLimitError):
    retry_helps: bool = True
