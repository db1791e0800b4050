"""The manifest of a backup as JSON: what lies beside the dump, for programs and for people."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeVar

from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.recovery import Contents, Manifest, TableContent

FORMAT: Final = "dict-rate-limit backup 1"
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)

T = TypeVar("T")


def encode_manifest(manifest: Manifest) -> str:
    """Write it; `decode_manifest` reads it back to an equal value."""
    contents = manifest.contents
    document = {
        "format": FORMAT,
        "taken_at": manifest.taken_at.astimezone(UTC).isoformat(),
        "product_version": manifest.product_version,
        "database": manifest.database,
        "server_version": manifest.server_version,
        "tools_major": manifest.tools_major,
        "schema": contents.schema,
        "schema_version": contents.version,
        "newest_at": None if contents.newest_at is None else contents.newest_at.astimezone(UTC).isoformat(),
        "waiting": contents.waiting,
        "dump": {"size": manifest.size, "sha256": manifest.sha256},
        "tables": {name: {"rows": table.rows, "digest": table.digest} for name, table in contents.tables.items()},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def decode_manifest(text: str) -> Manifest:
    """Read what `encode_manifest` wrote.

    Raises:
        InvalidValueError: the text is anything else; the message says what is wrong with it.
    """
    try:
        document = _of(dict, "manifest", json.loads(text))
        if document.get("format") != FORMAT:
            message = f"format: {document.get('format')!r}, expected {FORMAT!r}"
            raise InvalidValueError(message)
        return _manifest(document)
    except KeyError as error:
        message = f"{error.args[0]}: missing"
        raise InvalidValueError(message) from error
    except ValueError as error:
        if isinstance(error, InvalidValueError):
            raise
        message = f"not readable: {error}"
        raise InvalidValueError(message) from error


def _manifest(document: dict[str, object]) -> Manifest:
    dump = _of(dict, "dump", document["dump"])
    return Manifest(
        taken_at=_moment("taken_at", document["taken_at"]),
        product_version=_of(str, "product_version", document["product_version"]),
        database=_of(str, "database", document["database"]),
        server_version=_matching(_VERSION, "server_version", document["server_version"]),
        tools_major=_count("tools_major", document["tools_major"]),
        contents=_contents(document),
        size=_count("size", dump["size"]),
        sha256=_matching(_SHA256, "sha256", dump["sha256"]),
    )


def _contents(document: dict[str, object]) -> Contents:
    newest = document["newest_at"]
    tables = _of(dict, "tables", document["tables"])
    return Contents(
        schema=_of(str, "schema", document["schema"]),
        version=_count("schema_version", document["schema_version"]),
        tables=MappingProxyType({name: _table(name, table) for name, table in tables.items()}),
        waiting=_count("waiting", document["waiting"]),
        newest_at=None if newest is None else _moment("newest_at", newest),
    )


def _table(name: str, value: object) -> TableContent:
    table = _of(dict, name, value)
    return TableContent(
        rows=_count(f"{name}: rows", table["rows"]), digest=_of(str, f"{name}: digest", table["digest"])
    )


def _count(field: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        message = f"{field}: {value!r}, expected a whole number"
        raise InvalidValueError(message)
    return value


def _moment(field: str, value: object) -> datetime:
    return datetime.fromisoformat(_of(str, field, value))


def _matching(pattern: re.Pattern[str], field: str, value: object) -> str:
    text = _of(str, field, value)
    if not pattern.fullmatch(text):
        message = f"{field}: {text!r}, expected {pattern.pattern}"
        raise InvalidValueError(message)
    return text


def _of(kind: type[T], field: str, value: object) -> T:
    if not isinstance(value, kind):
        message = f"{field}: {type(value).__name__}, expected {kind.__name__}"
        raise InvalidValueError(message)
    return value
