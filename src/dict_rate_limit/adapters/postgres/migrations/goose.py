"""Migration files in goose's format.

A line `-- +goose Up` begins the statements of the migration, `-- +goose Down` those that revert it. A statement ends
with a line whose last word ends in a semicolon. Between `-- +goose StatementBegin` and `-- +goose StatementEnd`
semicolons have no meaning. `-- +goose NO TRANSACTION` runs the file without a transaction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, NoReturn

from dict_rate_limit.domain.errors import SchemaError

_FILE: Final = re.compile(r"(\d+)_\w+\.sql")
_ANNOTATION: Final = re.compile(r"--\s*\+goose (.+?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One migration file. `name` is the file's."""

    version: int
    name: str
    transactional: bool
    up: tuple[str, ...]
    down: tuple[str, ...]


def shipped_migrations() -> Sequence[Migration]:
    """Read the migrations of this code, in order."""
    packed = files("dict_rate_limit") / "_migrations"
    return migrations_in(packed if packed.is_dir() else Path(__file__).parents[5] / "db" / "migrations")


def migrations_in(folder: Traversable) -> Sequence[Migration]:
    """Read all migrations of a folder, in order; files of other names are ignored.

    Raises:
        SchemaError: a file cannot be read, or two have one version.
    """
    found: dict[int, Migration] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        match = _FILE.fullmatch(file.name)
        if match is None:
            continue
        migration = parse(int(match[1]), file.name, file.read_text(encoding="utf-8"))
        if migration.version in found:
            message = f"{file.name}: version {migration.version} is {found[migration.version].name} already"
            raise SchemaError(message)
        found[migration.version] = migration
    return [found[version] for version in sorted(found)]


@dataclass(slots=True)
class _Reader:
    name: str
    statements: dict[str, list[str]] = field(default_factory=lambda: {"Up": [], "Down": []})
    section: str | None = None
    lines: list[str] = field(default_factory=list)
    whole: bool = False
    transactional: bool = True

    def read(self, line: str) -> None:
        annotation = _ANNOTATION.fullmatch(line)
        if annotation is not None:
            self._annotated(annotation[1])
        elif self.lines or (line.strip() and not line.lstrip().startswith("--")):
            if self.section is None:
                self.refuse("a statement before `-- +goose Up`")
            self.lines.append(line)
            if not self.whole and _ends_statement(line):
                self._store()

    def _annotated(self, words: str) -> None:
        match words:
            case "Up" | "Down":
                self._enter(words)
            case "StatementBegin":
                self.whole = True
            case "StatementEnd":
                self.whole = False
                self._store()
            case "NO TRANSACTION":
                self.transactional = False
            case _:
                self.refuse(f"`+goose {words}` is not supported")

    def _enter(self, section: str) -> None:
        if self.lines or self.whole:
            self.refuse(f"a statement is not finished before `-- +goose {section}`")
        if (self.section, section) not in {(None, "Up"), ("Up", "Down")}:
            self.refuse(f"`-- +goose {section}` is out of place")
        self.section = section

    def _store(self) -> None:
        if self.section is None or not self.lines:
            self.refuse("`-- +goose StatementEnd` ends nothing")
        self.statements[self.section].append("\n".join(self.lines).strip())
        self.lines = []

    def refuse(self, problem: str) -> NoReturn:
        message = f"{self.name}: {problem}"
        raise SchemaError(message)


def parse(version: int, name: str, text: str) -> Migration:
    """Read one file.

    Raises:
        SchemaError: it is not in goose's format; the message says where.
    """
    reader = _Reader(name)
    for line in text.splitlines():
        reader.read(line)
    if reader.section is None:
        reader.refuse("no `-- +goose Up`")
    if reader.lines or reader.whole:
        reader.refuse("the last statement is not finished; is a semicolon missing?")
    up, down = (tuple(reader.statements[section]) for section in ("Up", "Down"))
    return Migration(version=version, name=name, transactional=reader.transactional, up=up, down=down)


def _ends_statement(line: str) -> bool:
    words = line.split("--", maxsplit=1)[0].split()
    return bool(words) and words[-1].endswith(";")
