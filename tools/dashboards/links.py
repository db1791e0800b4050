"""Links to other dashboards, the product's page and runbooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind

if TYPE_CHECKING:
    from tools.dashboards.style import Json

TAG: Final = "dict-rate-limit"
RUNBOOKS: Final = "${runbooks:raw}"


def console(participant: str | None = None) -> str:
    """Return the URL of the product's page. `participant` is a name or a Grafana variable."""
    chosen = "" if participant is None else f"participant={participant}&"
    return f"${{console:raw}}/?{chosen}lang=${{lang}}"


def to_console(column: str) -> Json:
    """Link a table row or a series to the page of its participant."""
    return _link("Console", console(f"${{__data.fields.{column}}}"), blank=True)


def to_policy(participant: str, policy: str) -> Json:
    """Link a table row to the dashboard of its bucket. The arguments are the columns with its names."""
    chosen = f"var-participant=${{__data.fields.{participant}}}&var-policy=${{__data.fields.{policy}}}"
    passed = "${datasource:queryparam}&${namespace:queryparam}&${console:queryparam}&${runbooks:queryparam}"
    return _link("Policy", f"/d/{TAG}-policy?{chosen}&{passed}&${{lang:queryparam}}&${{__url_time_range}}", blank=False)


def to_runbook(column: str) -> Json:
    """Link a table row to the runbook in this column."""
    return _link("Runbook", f"{RUNBOOKS}/${{__data.fields.{column}}}.${{lang}}.md", blank=True)


def runbook(name: str) -> Json:
    """Link a panel to a runbook."""
    return _link(f"Runbook: {name}", f"{RUNBOOKS}/{name}.${{lang}}.md", blank=True)


def with_runbook(expr: str) -> str:
    """Add the label `runbook`, the page of an alert's kind. PromQL has no function for lower case."""
    for kind in Kind:
        if kind.runbook:
            expr = f'label_replace({expr}, "runbook", "{kind.runbook}", "kind", "{kind}")'
    return expr


def _link(title: str, url: str, *, blank: bool) -> Json:
    return {"title": title, "url": url, "targetBlank": blank}
