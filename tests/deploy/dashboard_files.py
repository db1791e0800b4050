"""The dashboards as Grafana reads them, with their queries."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tool_box import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

FOLDER = REPOSITORY / "helm/dashboards"
NAMES = ("overview", "performance", "policy", "poller")
BUILT_IN = {"__interval", "__range", "__rate_interval"}

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)[^}]*\})")
_NAME = re.compile(r"\b(?:dict_rate_limit|process|scrape)_\w+")
_GROUPS = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right) \([^)]*\)")
_TEXTS = re.compile(r"\"[^\"]*\"|`[^`]*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query of a dashboard with its panel. `now` marks an instant query."""

    dashboard: str
    panel: str
    legend: str
    expr: str
    now: bool

    def __str__(self) -> str:
        return f"{self.dashboard} / {self.panel}: {self.expr}"


@cache
def dashboard(name: str) -> Json:
    content: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def panels(name: str) -> list[Json]:
    """Return the panels without row headings."""
    return [panel for panel in dashboard(name)["panels"] if panel["type"] != "row"]


def marks(name: str) -> list[Json]:
    """Return the annotations of the product."""
    return [mark for mark in dashboard(name)["annotations"]["list"] if not mark.get("builtIn")]


def asked(name: str) -> Iterator[Asked]:
    for panel in panels(name):
        for target in panel["targets"]:
            yield Asked(
                dashboard=name,
                panel=panel["title"],
                legend=target["legendFormat"],
                expr=target["expr"],
                now=target["instant"],
            )


def variables_in(text: str) -> set[str]:
    return {plain or braced for plain, braced in _VARIABLE.findall(text)}


def metrics_in(expr: str) -> set[str]:
    """Return the names of the series in a query."""
    return set(_NAME.findall(_GROUPS.sub("", _TEXTS.sub('""', expr))))


def filled(expr: str, values: dict[str, str]) -> str:
    """Replace variables by values."""
    return _VARIABLE.sub(lambda found: values[found.group(1) or found.group(2)], expr)
