"""The rules of the chart as data, and the cases by which promtool tries them."""

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
    """One alerting rule. Several may have a name; each of them has its own severity."""

    name: str
    file: str
    expr: str
    wait: str
    labels: dict[str, str] = field(hash=False)
    annotations: dict[str, str] = field(hash=False)

    @property
    def severity(self) -> str:
        """How bad."""
        return self.labels["severity"]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others."""
        return self.name, self.severity

    @property
    def runbook(self) -> str:
        """Name of its page, without language."""
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
    """Return expressions by the series they make."""
    return {rule["record"]: rule["expr"] for _, rule in rules() if "record" in rule}


def checks() -> list[tuple[str, Yaml]]:
    """Return every question that the cases ask, with the name of its case."""
    return [
        (test["name"], check)
        for path in sorted(CASES.glob("*.yaml"))
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        for check in test["alert_rule_test"]
    ]


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    return subprocess.run([find_tool("promtool"), *words], capture_output=True, text=True, check=False)
