"""Styles and pictures of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

MEDIA_TYPES: Final = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is sent; `etag` is quoted, ready for the header."""

    body: bytes
    media_type: str
    etag: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return every file by its name, as under `/static/`; read once."""
    folder = files(__package__) / "static"
    return MappingProxyType({file.name: _asset(file.name, file.read_bytes()) for file in folder.iterdir()})


def asset_href(name: str) -> str:
    """Return where a page finds a file: relative to `/`, with a mark that changes when the file does."""
    return f"static/{name}?v={assets()[name].etag[1:-1]}"


def _asset(name: str, body: bytes) -> Asset:
    digest = sha256(body).hexdigest()[:16]
    return Asset(body=body, media_type=MEDIA_TYPES[PurePath(name).suffix], etag=f'"{digest}"')
