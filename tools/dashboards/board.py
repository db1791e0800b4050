"""Dashboards: rows of panels, variables that choose, marks for what happened, links to where to act."""

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
"""The last of Grafana's classic schema (12.1); an older Grafana reads it too."""

_LOCAL: Final = "http://127.0.0.1:8080"
_PUBLISHED: Final = "https://github.com/lbpay/dict-rate-limit/blob/main/docs/runbooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard. `policies` says whether policies can be chosen; `one` whether one bucket is looked at alone.

    `constants` are numbers its queries need that no series tells, by name: what they are and their value.
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
        """The identity links rest on; it never changes."""
        return f"{TAG}-{self.name}"

    def json(self) -> Json:
        """Return what Grafana reads."""
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
            "links": [_siblings(), *_ways_out(one=self.one)],
            "panels": list(self._laid_out()),
        }

    def _laid_out(self) -> Iterator[Json]:
        """Give headings and panels with numbers and places that follow from their order."""
        number, y = 1, 0
        for row in self.rows:
            place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
            yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
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


def _ways_out(*, one: bool) -> Iterator[Json]:
    yield _way(
        "Console", console("${participant:percentencode}" if one else None), "A página do produto · Its own page"
    )
    yield _way("Runbooks", f"{RUNBOOKS}/README.md", "O que fazer · What to do")


def _way(title: str, url: str, tooltip: str) -> Json:
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
