"""The rules of the chart, and their promtool test cases."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import Any

import yaml

from tool_box import REPOSITORY, find_tool

Yaml = dict[str, Any]

FOLDER = REPOSITORY / "helm/rules"
CASES = REPOSITORY / "tests/data/rules"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alerting rule. Several may share a name, with different severities."""

    name: str
    file: str
    expr: str
    wait: str
    labels: dict[str, str] = field(hash=False)
    annotations: dict[str, str] = field(hash=False)

    @property
    def severity(self) -> str:
        return self.labels["severity"]

    @property
    def key(self) -> tuple[str, str]:
        """Unique key of the rule."""
        return self.name, self.severity

    @property
    def runbook(self) -> str:
        """Name of its runbook, without language."""
        return self.annotations["runbook_url"].rpartition("/")[2].removesuffix(".en.md")


def rules() -> list[tuple[str, Yaml]]:
    """Return every rule with its file."""
    return [
        (name, rule)
        for name in FILES
        for group in yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def alerts() -> list[Alert]:
    """Return the alerting rules."""
    return [
        Alert(
            name=rule["alert"],
            file=name,
            expr=rule["expr"],
            wait=rule.get("for", "0m"),
            labels=rule["labels"],
            annotations=rule["annotations"],
        )
        for name, rule in rules()
        if "alert" in rule
    ]


def recorded() -> dict[str, str]:
    """Return expressions by the series they record."""
    return {rule["record"]: rule["expr"] for _, rule in rules() if "record" in rule}


def checks() -> list[tuple[str, Yaml]]:
    """Return every query of the cases, with the name of its case."""
    return [
        (test["name"], check)
        for path in sorted(CASES.glob("*.yaml"))
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        for check in test["alert_rule_test"]
    ]


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run promtool."""
    return subprocess.run([find_tool("promtool"), *words], capture_output=True, text=True, check=False)
