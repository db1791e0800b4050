"""Exit codes, and which error ends in which. The numbers are those of sysexits.h where it has one."""

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
    """How a command ends; MEANINGS says what each means."""

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
    Exit.USAGE: "the command was not understood, or a value refused",
    Exit.DATA: "schema, code or data do not fit, a backup is damaged, an alert moved on",
    Exit.UNAVAILABLE: "a server is away or has nothing to give, or a test alert did not arrive",
    Exit.SOFTWARE: "a mistake of the program",
    Exit.SYSTEM: "the machine refused: a port is taken, a folder closed, a disk full",
    Exit.PROTOCOL: "what answered does not speak as it should",
    Exit.NOT_ALLOWED: "the token is missing, unknown, expired, or of the wrong role",
    Exit.CONFIG: "the settings have problems; all of them are listed",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}


class CommandError(DictRateLimitError):
    """A command cannot do what it was asked; the message is the line the caller reads."""

    def __init__(self, code: Exit, message: str) -> None:
        """Keep how the command ends."""
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
    """Return how a command ends with this error; SYSTEM for those of the machine's parts."""
    if isinstance(error, CommandError):
        return error.code
    if error.retry_helps:
        return Exit.UNAVAILABLE
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.SYSTEM)
