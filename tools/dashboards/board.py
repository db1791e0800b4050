"""Dashboards: rows of panels, variables, annotations and links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tools.dashboards.links import RUNBOOKS, TAG, console
from tools.dashboards.marks import OWN_MARKS, marks
from tools.dashboards.variables import DATASOURCE, choice, constant, labels_of, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.dashboards.panel import About, Row
    from tools.dashboards.style import Json

COLUMNS: Final = 24
SCHEMA_VERSION: Final = 42
"""The last classic schema of Grafana (12.1). An older Grafana reads it too."""

_LOCAL: Final = "http://127.0.0.1:8080"
_PUBLISHED: Final = "https://github.com/lbpay/dict-rate-limit/blob/main/docs/runbooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard. `policies` adds a policy variable. `one` limits the dashboard to a single bucket.

    `constants` are name, label and value of numbers that its queries need and no series has.
    """

    name: str
    title: str
    about: About
    rows: Sequence[Row]
    policies: bool = False
    one: bool = False
    constants: Sequence[tuple[str, str, float]] = ()

    @property
    def uid(self) -> str:
        """Identifier that links use. It never changes."""
        return f"{TAG}-{self.name}"

    def json(self) -> Json:
        """Return the JSON model of Grafana."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": str(self.about),
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,
            "liveNow": False,
            "refresh": "1m",
            "time": {"from": "now-6h", "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "fiscalYearStartMonth": 0,
            "templating": {"list": list(self._variables())},
            "annotations": {"list": [OWN_MARKS, *marks()]},
            "links": [_siblings(), *_external_links(one=self.one)],
            "panels": list(self._layout()),
        }

    def _layout(self) -> Iterator[Json]:
        """Yield row headings and panels with ids and positions by their order."""
        number, y = 1, 0
        for row in self.rows:
            position = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
            yield {
                "id": number,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": position,
                "panels": [],
            }
            number, y, x, height = number + 1, y + 1, 0, 0
            for panel in row.panels:
                if x + panel.width > COLUMNS:
                    x, y, height = 0, y + height, 0
                yield panel.json(number, x, y)
                number, x, height = number + 1, x + panel.width, max(height, panel.height)
            y += height

    def _variables(self) -> Iterator[Json]:
        yield DATASOURCE
        yield labels_of("namespace", "Namespace", "build_info", (), every=".*")
        yield labels_of("participant", "Participant", "poll_age_seconds", ("namespace",), multi=not self.one)
        if self.policies:
            yield labels_of("policy", "Policy", "tokens_available", ("namespace", "participant"), multi=not self.one)
        for name, label, value in self.constants:
            yield constant(name, label, value)
        yield text("console", "Console", _LOCAL)
        yield text("runbooks", "Runbooks", _PUBLISHED)
        yield choice("lang", "Idioma · Language", ("pt", "en"))


def _siblings() -> Json:
    return {
        "type": "dashboards",
        "title": "DICT rate limits",
        "tags": [TAG],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _external_links(*, one: bool) -> Iterator[Json]:
    yield _external_link(
        "Console", console("${participant:percentencode}" if one else None), "A página do produto · The product's page"
    )
    yield _external_link("Runbooks", f"{RUNBOOKS}/README.md", "O que fazer · What to do")


def _external_link(title: str, url: str, tooltip: str) -> Json:
    return {
        "type": "link",
        "title": title,
        "url": url,
        "tooltip": tooltip,
        "icon": "external link",
        "targetBlank": True,
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "tags": [],
    }
