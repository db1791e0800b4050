"""Where to go from here: another dashboard, the product's page, a runbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind

if TYPE_CHECKING:
    from tools.dashboards.style import Json

TAG: Final = "dict-rate-limit"
RUNBOOKS: Final = "${runbooks:raw}"


def console(participant: str | None = None) -> str:
    """Return the address of the product's page; `participant` is a name or what Grafana puts in its place."""
    chosen = "" if participant is None else f"participant={participant}&"
    return f"${{console:raw}}/?{chosen}lang=${{lang}}"


def to_console(column: str) -> Json:
    """Lead from a row of a table, or a series, to the page of its participant."""
    return _link("Console", console(f"${{__data.fields.{column}}}"), blank=True)


def to_policy(participant: str, policy: str) -> Json:
    """Lead from a row of a table to the dashboard of its bucket; the arguments are the columns that name it."""
    chosen = f"var-participant=${{__data.fields.{participant}}}&var-policy=${{__data.fields.{policy}}}"
    passed = "${datasource:queryparam}&${namespace:queryparam}&${console:queryparam}&${runbooks:queryparam}"
    return _link("Policy", f"/d/{TAG}-policy?{chosen}&{passed}&${{lang:queryparam}}&${{__url_time_range}}", blank=False)


def to_runbook(column: str) -> Json:
    """Lead from a row of a table to the page its column names."""
    return _link("Runbook", f"{RUNBOOKS}/${{__data.fields.{column}}}.${{lang}}.md", blank=True)


def runbook(name: str) -> Json:
    """Lead from a panel to a page."""
    return _link(f"Runbook: {name}", f"{RUNBOOKS}/{name}.${{lang}}.md", blank=True)


def with_runbook(expr: str) -> str:
    """Add the label `runbook`, the page of an alert's kind: PromQL cannot write it in small letters itself."""
    for kind in Kind:
        if kind.runbook:
            expr = f'label_replace({expr}, "runbook", "{kind.runbook}", "kind", "{kind}")'
    return expr


def _link(title: str, url: str, *, blank: bool) -> Json:
    return {"title": title, "url": url, "targetBlank": blank}
