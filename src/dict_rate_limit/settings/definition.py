"""What one setting is: the one place its name, reader, default and words are written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

METADATA_KEY: Final = "setting"


class Program(StrEnum):
    """What the settings are read for; each needs some of them set."""

    API = "api"
    WORKER = "worker"
    MIGRATE = "migrate"
    BACKUP = "backup"


class Secrecy(StrEnum):
    """How a value is shown."""

    OPEN = "OPEN"  # as it is
    PARTLY = "PARTLY"  # a URL with a password inside: without it; also readable from NAME_FILE
    WHOLLY = "WHOLLY"  # not at all; also readable from NAME_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One setting.

    default   the text that is read when nothing is set; None = the value is None
    expected  completes the sentence "expected …"
    needed_by programs that do not start without it
    """

    section: str
    parse: Callable[[str], object]
    default: str | None
    expected: str
    doc: str
    secrecy: Secrecy
    needed_by: tuple[Program, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Settings that are shown together."""

    title: str

    def setting(
        self, parse: Callable[[str], T], default: str, *, expected: str, doc: str, secrecy: Secrecy = Secrecy.OPEN
    ) -> T:
        """Define a setting with a default, given as the text an operator would write."""
        definition = Definition(
            section=self.title,
            parse=parse,
            default=default,
            expected=expected,
            doc=doc,
            secrecy=secrecy,
            needed_by=(),
        )
        return cast("T", field(repr=secrecy is Secrecy.OPEN, metadata={METADATA_KEY: definition}))

    def optional(
        self,
        parse: Callable[[str], T],
        *,
        expected: str,
        doc: str,
        secrecy: Secrecy = Secrecy.OPEN,
        needed_by: tuple[Program, ...] = (),
    ) -> T | None:
        """Define a setting that is None when it is not set."""
        definition = Definition(
            section=self.title,
            parse=parse,
            default=None,
            expected=expected,
            doc=doc,
            secrecy=secrecy,
            needed_by=needed_by,
        )
        return cast("T | None", field(repr=secrecy is Secrecy.OPEN, metadata={METADATA_KEY: definition}))


class ValueOrigin(StrEnum):
    """Where a value came from."""

    DEFAULT = "default"  # nothing was set
    ENVIRONMENT = "environment"  # NAME
    FILE = "file"  # NAME_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a value came from, and its text as it may be shown; None = not set. `file` is the one it was read from."""

    origin: ValueOrigin
    shown: str | None
    file: Path | None = None
