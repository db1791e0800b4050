"""docs/observability.md lists every alert correctly."""

from __future__ import annotations

import re

from deploy.rule_files import alerts
from tool_box import REPOSITORY

PAGE = REPOSITORY / "docs/observability.md"
ROW = re.compile(
    r"^\| (Dict\w+) \| (\w+) \| (.+?) \| (\w+) \| \[([a-z-]+)\]\(runbooks/([a-z-]+)\.en\.md\) \|$", re.MULTILINE
)


def rows() -> list[tuple[str, ...]]:
    """Return alert, severity, meaning, wait and runbook of each row."""
    return [row[:5] for row in ROW.findall(PAGE.read_text(encoding="utf-8")) if row[4] == row[5]]


def test_every_alert_is_listed_correctly() -> None:
    listed = sorted((name, severity, wait, runbook) for name, severity, _, wait, runbook in rows())

    assert listed == sorted((alert.name, alert.severity, alert.wait, alert.runbook) for alert in alerts())


def test_alerts_off_by_default_are_marked() -> None:
    said = {name for name, _, meaning, *_ in rows() if "off by default" in meaning}

    assert said == {alert.name for alert in alerts() if alert.file == "thresholds.yaml"}


def test_only_existing_alerts_are_named() -> None:
    named = set(re.findall(r"\bDict[A-Z]\w+", PAGE.read_text(encoding="utf-8")))

    assert named == {alert.name for alert in alerts()}
