"""Every alert fires when it should, does not fire otherwise, and links to a runbook."""

from __future__ import annotations

import re

import pytest

from deploy.rule_files import CASES, FILES, FOLDER, Alert, alerts, checks, promtool, recorded
from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG, PREFIX, SHORT_BOUNDS, MetricOrigin, Type
from runbooks.pages import FOLDER as RUNBOOKS
from runbooks.pages import names

ALERTS = alerts()
KEYS = sorted({alert.key for alert in ALERTS})
METRIC = re.compile(rf"(?<![a-z_:])({PREFIX}[a-z_]+)")
RECORDED = re.compile(r"[a-z_]+:[a-z_]+:[a-z0-9_]+")
SHARED = {"namespace", "job", "participant", "policy", "channel", "certificate", "category", "severity", "component"}
TEXTS = {"summary", "description", "summary_pt", "description_pt", "runbook_url", "runbook_url_pt"}


def ids(alert: Alert) -> str:
    return f"{alert.name}-{alert.severity}"


@pytest.mark.parametrize("file", FILES)
def test_prometheus_accepts_the_rules(file: str) -> None:
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", str(FOLDER / file))

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("file", sorted(path.name for path in CASES.glob("*.yaml")))
def test_alerts_match_their_cases(file: str) -> None:
    tried = promtool("test", "rules", str(CASES / file))

    assert tried.returncode == 0, tried.stdout + tried.stderr


@pytest.mark.parametrize(("name", "severity"), KEYS)
def test_an_alert_has_a_case_in_which_it_fires(name: str, severity: str) -> None:
    fired = [
        alert
        for _, check in checks()
        for alert in check["exp_alerts"]
        if (check["alertname"], alert["exp_labels"]["severity"]) == (name, severity)
    ]

    assert fired != []


@pytest.mark.parametrize("name", sorted({alert.name for alert in ALERTS}))
def test_an_alert_has_cases_in_which_it_does_not_fire(name: str) -> None:
    quiet = {case for case, check in checks() if check["alertname"] == name and not check["exp_alerts"]}

    assert len(quiet) >= 2, quiet


@pytest.mark.parametrize("alert", ALERTS, ids=ids)
def test_an_alert_has_severity_and_component(alert: Alert) -> None:
    assert alert.labels.keys() == {"severity", "component"}
    assert alert.severity in {"critical", "warning", "info"}
    assert alert.annotations.keys() == TEXTS


@pytest.mark.parametrize("alert", ALERTS, ids=ids)
def test_an_alert_has_texts_in_both_languages(alert: Alert) -> None:
    texts = [alert.annotations[name] for name in ("summary", "summary_pt", "description", "description_pt")]

    assert len(set(texts)) == 4
    assert [text for text in texts if "\n" in text.strip() or not text.strip()] == []


@pytest.mark.parametrize("alert", ALERTS, ids=ids)
def test_an_alert_links_to_a_runbook_in_both_languages(alert: Alert) -> None:
    pages = [alert.annotations[name].rpartition("/")[2] for name in ("runbook_url", "runbook_url_pt")]

    assert pages == [f"{alert.runbook}.en.md", f"{alert.runbook}.pt.md"]
    assert [page for page in pages if not (RUNBOOKS / page).is_file()] == []


def test_a_runbook_of_rules_names_the_alerts_that_link_to_it() -> None:
    pages = [name for name in names() if name.startswith("prometheus-")]
    led = {page: {alert.name for alert in ALERTS if alert.runbook == page} for page in pages}

    named = {page: set(re.findall(r"`(Dict\w+)`", (RUNBOOKS / f"{page}.pt.md").read_text("utf-8"))) for page in pages}

    assert named == led
    assert all(led.values())


def test_alerts_carry_only_labels_that_all_replicas_share() -> None:
    labels = {label for _, check in checks() for alert in check["exp_alerts"] for label in alert["exp_labels"]}

    assert labels == SHARED


@pytest.mark.parametrize("name", ["DictBucketWarning", "DictBucketCritical"])
def test_thresholds_come_from_the_product(name: str) -> None:
    (expr,) = [alert.expr for alert in ALERTS if alert.name == name]

    numbers = re.findall(r"(?<![\w.])\d[\d.]*", expr.replace("dict_rate_limit_alerts_enabled:max == 1", ""))

    assert numbers == []
    assert f"_{name.removeprefix('DictBucket').lower()}_threshold_ratio" in expr


def test_rules_query_existing_metrics() -> None:
    asked = {name for expr in every_expr() for name in METRIC.findall(expr)}

    unknown = {family(name) for name in asked} - CATALOG.keys()

    assert unknown == set()


def test_rules_query_recorded_series() -> None:
    asked = {name for expr in every_expr() for name in RECORDED.findall(expr)}

    assert asked <= recorded().keys()


def test_every_recorded_series_is_used() -> None:
    asked = {name for expr in every_expr() for name in RECORDED.findall(expr)}

    assert recorded().keys() <= asked


def test_equal_series_of_replicas_are_never_added_up() -> None:
    stored = "|".join(PREFIX + metric.name for metric in CATALOG.values() if metric.origin is not MetricOrigin.PROCESS)
    adding = re.compile(rf"\b(?:sum|count)(?: by \([a-z, ]+\) )?\((?:\w+\()*(?:{stored})(?:_total)?\b")

    added = [expr for expr in every_expr() if adding.search(expr)]

    assert added == []
    assert adding.search("sum by (namespace) (increase(dict_rate_limit_polls_total[5m]))") is not None


def test_the_objective_of_latency_is_a_bound_of_the_histogram() -> None:
    asked = {bound for expr in every_expr() for bound in re.findall(r'le="([^"]+)"', expr)}

    assert asked == {"0.2"}
    assert 0.2 in SHORT_BOUNDS


def every_expr() -> list[str]:
    return [*(alert.expr for alert in ALERTS), *recorded().values()]


def family(sample: str) -> str:
    """Return the name of a metric in the catalogue."""
    name = sample.removeprefix(PREFIX)
    for suffix in ("_total", "_bucket", "_count"):
        short = name.removesuffix(suffix)
        if short in CATALOG and CATALOG[short].type is not Type.GAUGE:
            return short
    return name
