"""The definition of one setting: parser, default, expected values and documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, TypeVar, cast

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

METADATA_KEY: Final = "setting"


class Program(StrEnum):
    """The program that reads the settings. Each program requires some of them."""

    API = "api"
    WORKER = "worker"
    MIGRATE = "migrate"
    BACKUP = "backup"


class Secrecy(StrEnum):
    """How a value is displayed."""

    OPEN = "OPEN"  # as it is
    PARTLY = "PARTLY"  # a URL with a password inside: without it; also readable from NAME_FILE
    WHOLLY = "WHOLLY"  # not at all; also readable from NAME_FILE


@dataclass(frozen=True, slots=True)
class ValueType(Generic[T_co]):
    """What a setting accepts. `expected` completes the sentence "expected …"."""

    parse: Callable[[str], T_co]
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One setting.

    default   text that is parsed when the variable is not set; None = the value is None
    needed_by programs that do not start without this setting
    """

    section: str
    type: ValueType[object]
    default: str | None
    doc: str
    secrecy: Secrecy = Secrecy.OPEN
    needed_by: tuple[Program, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of settings in `config` and in docs/configuration.md."""

    title: str

    def setting(self, type_: ValueType[T], default: str, *, doc: str) -> T:
        """Define a setting with a default, written as an operator would write it."""
        return cast("T", _field(Definition(section=self.title, type=type_, default=default, doc=doc)))

    def optional(
        self, type_: ValueType[T], *, doc: str, secrecy: Secrecy = Secrecy.OPEN, needed_by: tuple[Program, ...] = ()
    ) -> T | None:
        """Define a setting that is None when it is not set."""
        definition = Definition(
            section=self.title, type=type_, default=None, doc=doc, secrecy=secrecy, needed_by=needed_by
        )
        return cast("T | None", _field(definition))


def _field(definition: Definition) -> object:
    return field(repr=definition.secrecy is Secrecy.OPEN, metadata={METADATA_KEY: definition})


class SettingOrigin(StrEnum):
    DEFAULT = "default"  # nothing was set
    ENVIRONMENT = "environment"  # NAME
    FILE = "file"  # NAME_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a value came from: `shown` is its text without secrets (None = not set), `file` its secret file."""

    origin: SettingOrigin
    shown: str | None
    file: Path | None = None
