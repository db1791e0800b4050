"""Variables of a dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.dashboards.panel import SOURCE
from tools.dashboards.promql import PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dashboards.style import Json

DATASOURCE: Final[Json] = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
    "refresh": 1,
    "options": [],
    "hide": 0,
    "includeAll": False,
    "multi": False,
    "regex": "",
    "skipUrlSync": False,
}


def labels_of(
    name: str, label: str, series: str, narrowed_by: Sequence[str], *, multi: bool | None = None, every: str = ".+"
) -> Json:
    """Return a variable with the values of a label. `multi` None means one or all, False means exactly one."""
    chosen = ", ".join(f'{variable}=~"${variable}"' for variable in narrowed_by)
    query = f"label_values({PREFIX}{series}{{{chosen}}}, {name})"
    made: Json = {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "sort": 1,
        "regex": "",
        "hide": 0,
        "options": [],
        "skipUrlSync": False,
        "multi": bool(multi),
        "includeAll": multi is not False,
    }
    if multi is False:
        return made
    current = {"text": ["All"], "value": ["$__all"]} if multi else {"text": "All", "value": "$__all"}
    return made | {"allValue": every, "current": current}


def text(name: str, label: str, value: str) -> Json:
    """Return a text box variable."""
    chosen = {"text": value, "value": value}
    return {
        "name": name,
        "label": label,
        "type": "textbox",
        "query": value,
        "current": chosen,
        "options": [{**chosen, "selected": True}],
        "hide": 0,
        "skipUrlSync": False,
    }


def choice(name: str, label: str, values: Sequence[str]) -> Json:
    """Return a variable with a choice of values. The first one is the default."""
    options = [{"text": value, "value": value, "selected": value == values[0]} for value in values]
    return {
        "name": name,
        "label": label,
        "type": "custom",
        "query": ",".join(values),
        "current": {"text": values[0], "value": values[0]},
        "options": options,
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "skipUrlSync": False,
    }


def constant(name: str, label: str, value: float) -> Json:
    """Return a constant for queries."""
    return {"name": name, "label": label, "type": "constant", "query": f"{value:g}", "hide": 2}
