"""The SQL of this folder: `.sql` files of queries, each under a line `-- name: …` and a comment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_NAMES: Final[dict[bytes, str]] = {}


@cache
def statements(file: str) -> Mapping[str, bytes]:
    """Return the queries of `<file>.sql` by name, without their comments; read once per process."""
    text = files(__package__).joinpath(f"{file}.sql").read_text(encoding="utf-8")
    _, *sections = _NAME.split(text)
    found = {name: _bare(body) for name, body in zip(sections[::2], sections[1::2], strict=True)}
    _NAMES.update({sql: f"{file}.{name}" for name, sql in found.items()})
    return MappingProxyType(found)


def name_of(sql: object) -> str | None:
    """Return `<file>.<name>` of what `statements` gave; None for anything else."""
    return _NAMES.get(sql) if isinstance(sql, bytes) else None


def _bare(body: str) -> bytes:
    lines = (line for line in body.splitlines() if line.strip() and not line.lstrip().startswith("--"))
    return "\n".join(lines).rstrip(";").encode()
