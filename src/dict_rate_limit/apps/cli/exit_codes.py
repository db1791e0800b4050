"""Exit codes, and the exit code of each error. The numbers follow sysexits.h."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from dict_rate_limit.domain.errors import (
    DictRateLimitError,
    InvalidValueError,
    RecoveryRefusedError,
    SchemaError,
    SettingsError,
    SourceError,
)


class Exit(IntEnum):
    """Exit codes; MEANINGS describes each."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3
    USAGE = 64
    DATA = 65
    UNAVAILABLE = 69
    SOFTWARE = 70
    SYSTEM = 71
    PROTOCOL = 76
    NOT_ALLOWED = 77
    CONFIG = 78
    INTERRUPTED = 130


MEANINGS: Final = {
    Exit.OK: "done",
    Exit.WARNING: "`status --exit-code`: worst is WARNING; `health`: not healthy",
    Exit.CRITICAL: "`status --exit-code`: worst is CRITICAL",
    Exit.UNKNOWN: "`status --exit-code`: worst is UNKNOWN, or the reading is STALE",
    Exit.USAGE: "wrong usage: an unknown command or option, or an invalid value",
    Exit.DATA: "schema and code differ, a backup is damaged, or an alert has changed",
    Exit.UNAVAILABLE: "a server is unavailable or has no data, or a test alert did not arrive",
    Exit.SOFTWARE: "internal error",
    Exit.SYSTEM: "system error: port in use, folder not accessible, or disk full",
    Exit.PROTOCOL: "the answer does not follow the protocol",
    Exit.NOT_ALLOWED: "the token is missing, unknown, expired, or lacks the role",
    Exit.CONFIG: "the settings are invalid; every problem is listed",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}


class CommandError(DictRateLimitError):
    """A command failed. The message is the line on stderr, `code` the exit code."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


_CODES: Final[tuple[tuple[type[DictRateLimitError], Exit], ...]] = (
    (SettingsError, Exit.CONFIG),
    (InvalidValueError, Exit.USAGE),
    (SourceError, Exit.UNAVAILABLE),
    (SchemaError, Exit.DATA),
    (RecoveryRefusedError, Exit.DATA),
)


def code_of(error: DictRateLimitError) -> Exit:
    """Return the exit code of an error; SYSTEM for those of local servers."""
    if isinstance(error, CommandError):
        return error.code
    if error.retry_helps:
        return Exit.UNAVAILABLE
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.SYSTEM)
