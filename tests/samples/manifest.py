from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dict_rate_limit.domain.recovery import Contents, Manifest, TableContent
from samples.domain import NOON

if TYPE_CHECKING:
    from datetime import datetime


def manifest(at: datetime = NOON, *, rows: int = 3) -> Manifest:
    """Make the manifest of a small backup."""
    tables = {"public.a": TableContent(rows=rows, digest="12"), "public.b": TableContent(rows=0, digest="0")}
    contents = Contents(
        schema="public", version=8, tables=MappingProxyType(tables), waiting=2, newest_at=at.replace(second=0)
    )
    return Manifest(
        taken_at=at,
        product_version="1.2.3",
        database="dict",
        server_version="18.4",
        tools_major=18,
        contents=contents,
        size=4,
        sha256="ab" * 32,
    )
