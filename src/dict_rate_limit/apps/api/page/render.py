"""Pages as bytes, with their styles and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from dict_rate_limit.apps.api.page.model import OverviewModel
from dict_rate_limit.apps.api.page.overview import overview_page
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.catalog import CATALOGS

MEDIA_TYPES: Final = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
HEADERS: Final = MappingProxyType(
    {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
)
"""What every page is sent with; add Content-Language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is sent; `etag` is quoted, ready for the header."""

    body: bytes
    media_type: str
    etag: str


def render_overview(model: OverviewModel, language: Language) -> bytes:
    catalog = CATALOGS[language]
    template = _environment().get_template("overview.html")
    page = overview_page(model, catalog)
    return template.render(translations=catalog.page, tag=catalog.tag, model=model, view=page).encode()


@cache
def assets() -> Mapping[str, Asset]:
    """Return every file by its name, as under `/static/`; read once."""
    folder = files(__package__) / "static"
    return MappingProxyType({file.name: _asset(file.name, file.read_bytes()) for file in folder.iterdir()})


def asset_href(name: str) -> str:
    """Return where a page finds a file: relative to `/`, with a mark that changes when the file does."""
    return f"static/{name}?v={assets()[name].etag[1:-1]}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or ""),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset_href
    return environment


def _asset(name: str, body: bytes) -> Asset:
    digest = sha256(body).hexdigest()[:16]
    return Asset(body=body, media_type=MEDIA_TYPES[PurePath(name).suffix], etag=f'"{digest}"')
