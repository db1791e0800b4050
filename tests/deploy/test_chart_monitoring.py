"""Rules and dashboards are files of the chart."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from deploy.rendered_chart import CHART, PRODUCTION, rendered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def chart_copy(tmp_path: Path) -> Path:
    return shutil.copytree(CHART, tmp_path / "helm")


def test_rules_are_loaded_from_the_chart(chart_copy: Path) -> None:
    shutil.rmtree(chart_copy / "rules", ignore_errors=True)
    (chart_copy / "rules").mkdir()
    for name in ("first", "second"):
        rule = {"alert": name, "expr": "up == 0", "annotations": {"summary": "{{ $labels.job }} is down"}}
        text = yaml.safe_dump({"groups": [{"name": name, "rules": [rule]}]})
        (chart_copy / "rules" / f"{name}.yaml").write_text(text, encoding="utf-8")

    found = rendered("--set=monitoring.prometheusRule.enabled=true", chart=chart_copy)

    groups = found.one("PrometheusRule", "dict-rate-limit")["spec"]["groups"]
    assert [group["name"] for group in groups] == ["first", "second"]
    assert groups[0]["rules"][0]["annotations"]["summary"] == "{{ $labels.job }} is down"


def test_dashboards_are_loaded_from_the_chart(chart_copy: Path) -> None:
    shutil.rmtree(chart_copy / "dashboards", ignore_errors=True)
    (chart_copy / "dashboards").mkdir()
    text = '{"title": "Buckets",\n "legend": "{{policy}}"}'
    (chart_copy / "dashboards" / "buckets.json").write_text(text, encoding="utf-8")

    found = rendered("--set=monitoring.dashboards.enabled=true", chart=chart_copy)

    dashboard = found.one("ConfigMap", "dict-dashboard-buckets")
    assert dashboard["data"] == {"buckets.json": text}
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_without_files_there_are_neither_rules_nor_dashboards(chart_copy: Path) -> None:
    for folder in ("rules", "dashboards"):
        shutil.rmtree(chart_copy / folder, ignore_errors=True)

    found = rendered(PRODUCTION, chart=chart_copy)

    assert found.all("PrometheusRule") == {}
    assert found.all("ConfigMap").keys() == {"dict-config"}
