"""Annotations of alerts, limits and categories in every graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.dashboards.panel import SOURCE
from tools.dashboards.promql import gained, metric, stored

if TYPE_CHECKING:
    from tools.dashboards.style import Json

STEP: Final = "1m"
ANY_POLICY: Final = 'policy=~".+"'
"""Limits of every policy, because not every dashboard has a policy variable."""


OWN_MARKS: Final[Json] = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}
"""Annotations that users and Grafana add."""


def marks() -> tuple[Json, ...]:
    """Return the annotations. A reminder is no change, so it has none."""
    transitions = gained("alert_transitions_total", ("participant", "kind", "transition"), 'transition!="REMINDED"')
    changes = gained("limit_changes_total", ("participant", "policy"), ANY_POLICY)
    return (
        _mark("Alerts", "red", f"({transitions}) > 0", "{{transition}} {{kind}}", "{{participant}}"),
        _mark("Limit changes", "purple", f"({changes}) > 0", "LIMITS_CHANGED {{policy}}", "{{participant}}"),
        _mark("Category changes", "orange", _new_category(), "CATEGORY_CHANGED {{category}}", "{{participant}}"),
    )


def _new_category() -> str:
    by = ("participant", "category")
    before = f"{metric('category_info')} offset $__interval"
    return (
        f"{stored('category_info', by)} unless on (participant, category) max by (participant, category) ({before})"
        f" and on (participant) max by (participant) ({before})"
    )


def _mark(name: str, color: str, expr: str, title: str, text: str) -> Json:
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "step": STEP,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": "participant",
        "target": {"expr": expr, "interval": STEP, "refId": "Anno"},
        "useValueForTime": False,
    }
