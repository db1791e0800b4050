"""Pages as bytes."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from dict_rate_limit.apps.api.page.assets import asset_href
from dict_rate_limit.apps.api.page.model import OverviewModel
from dict_rate_limit.apps.api.page.overview import overview_page
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.catalog import CATALOGS

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


def render_overview(model: OverviewModel, language: Language) -> bytes:
    catalog = CATALOGS[language]
    template = _environment().get_template("overview.html")
    page = overview_page(model, catalog)
    return template.render(translations=catalog.page, tag=catalog.tag, model=model, view=page).encode()


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
