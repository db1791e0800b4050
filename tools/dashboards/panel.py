"""Panels: queries, drawing and description."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dashboards.style import Json, Style

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
HIDDEN: Final = ""
"""Heading of a column that is needed only for its labels."""
GRAFANA: Final = "12.1.0"
"""Version of the panel options. A Grafana of this version or newer has nothing to migrate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Description of a panel in both languages."""

    pt: str
    en: str

    def __str__(self) -> str:
        """Return the text for Grafana."""
        return f"{self.pt}\n\n*{self.en}*"


@dataclass(frozen=True, slots=True)
class Query:
    """One query. `legend` is the name of its series, or of its column in a table."""

    expr: str
    legend: str = "__auto"

    def target(self, ref: str, *, now: bool, table: bool) -> Json:
        """Return the target for Grafana, instant or over the selected time range."""
        return {
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": self.expr,
            "format": "table" if table else "time_series",
            "instant": now,
            "legendFormat": self.legend,
            "range": not now,
            "refId": ref,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `width` is in 24 columns. `interval` is the shortest step."""

    type: ClassVar[str]
    now: ClassVar[bool] = False
    table: ClassVar[bool] = False

    title: str
    about: About
    queries: Sequence[Query]
    look: Style
    overrides: Sequence[Json] = ()
    width: int = 12
    height: int = 9
    interval: str | None = None
    links: Sequence[Json] = ()

    def json(self, number: int, x: int, y: int) -> Json:
        """Return the panel for Grafana."""
        targets = [
            query.target(chr(ord("A") + position), now=self.now, table=self.table)
            for position, query in enumerate(self.queries)
        ]
        made: Json = {
            "id": number,
            "type": self.type,
            "title": self.title,
            "description": str(self.about),
            "datasource": SOURCE,
            "pluginVersion": GRAFANA,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": targets,
            "fieldConfig": {"defaults": self.defaults(), "overrides": list(self.overrides)},
            "options": self.options(),
            "transformations": self.transformations(),
            "links": list(self.links),
        }
        return made if self.interval is None else made | {"interval": self.interval}

    def defaults(self) -> Json:
        """Return the default style of values."""
        return self.look.defaults()

    def options(self) -> Json:
        """Return the options of this type of panel."""
        raise NotImplementedError

    def transformations(self) -> list[Json]:
        """Return the transformations of the query results."""
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Panel):
    """Current numbers."""

    type: ClassVar[str] = "stat"
    now: ClassVar[bool] = True

    width: int = 4
    height: int = 4

    def options(self) -> Json:
        """Return options for a number without a curve, coloured if the style has texts or limits."""
        plain = self.look.words is None and self.look.bad is None
        return {
            "colorMode": "none" if plain else "background",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "showPercentChange": False,
            "textMode": "value_and_name" if len(self.queries) > 1 else "auto",
            "wideLayout": True,
        }


def number(title: str, pt: str, en: str, expr: str, shown: Style) -> Stat:
    """Return a panel with one number."""
    return Stat(title=title, about=About(pt=pt, en=en), queries=(Query(expr, title),), look=shown, interval="1m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph(Panel):
    """Curves over the selected time range. `stacked` series add up. `bars` show counts per step."""

    type: ClassVar[str] = "timeseries"

    stacked: bool = False
    bars: bool = False
    steps: bool = False

    def defaults(self) -> Json:
        """Add the style of the curves."""
        custom: Json = {
            "drawStyle": "bars" if self.bars else "line",
            "lineInterpolation": "stepAfter" if self.steps else "linear",
            "lineWidth": 1,
            "fillOpacity": 60 if self.bars else 20 if self.stacked else 0,
            "pointSize": 4,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
        }
        defaults = self.look.defaults()
        color = defaults["color"] if self.look.color else {"mode": "palette-classic"}
        return defaults | {"color": color, "custom": custom | (self.look.custom or {})}

    def options(self) -> Json:
        """Return a legend with the last and the highest value, and one tooltip for all curves."""
        calcs = ["sum"] if self.bars else ["lastNotNull", "max"]
        return {
            "legend": {"calcs": calcs, "displayMode": "table", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc", "hideZeros": False},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """One row for each set of labels, one column for each query.

    `labels` maps labels to headings. Others are hidden. `worst` are the columns to sort by, True for descending.
    """

    type: ClassVar[str] = "table"
    now: ClassVar[bool] = True
    table: ClassVar[bool] = True

    labels: dict[str, str] = field(default_factory=dict)
    worst: Sequence[tuple[str, bool]] = ()
    width: int = 24
    height: int = 10

    def options(self) -> Json:
        """Return the options with the order of rows."""
        return {
            "cellHeight": "sm",
            "showHeader": True,
            "sortBy": [{"displayName": column, "desc": desc} for column, desc in self.worst],
        }

    def transformations(self) -> list[Json]:
        """Merge the results into one table, hide columns and set headings."""
        several = len(self.queries) > 1
        values = {
            f"Value #{chr(ord('A') + position)}" if several else "Value": query.legend
            for position, query in enumerate(self.queries)
        }
        hidden = [field for field, heading in values.items() if heading == HIDDEN]
        names = {field: heading for field, heading in (self.labels | values).items() if heading != HIDDEN}
        organize = {
            "excludeByName": dict.fromkeys(["Time", *hidden], True),
            "includeByName": {},
            "indexByName": {name: position for position, name in enumerate(names)},
            "renameByName": names,
        }
        merge: list[Json] = [{"id": "merge", "options": {}}] if several else []
        return [*merge, {"id": "organize", "options": organize}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Panel):
    """States over the selected time range, as coloured segments."""

    type: ClassVar[str] = "state-timeline"

    width: int = 24
    height: int = 5

    def options(self) -> Json:
        """Return options with one row per series and merged equal states."""
        return {
            "alignValue": "left",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "mergeValues": True,
            "rowHeight": 0.8,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none", "hideZeros": False},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A heading with its panels, left to right, line by line."""

    title: str
    panels: Sequence[Panel]
