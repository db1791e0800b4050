"""Alertmanager's configuration: routes, texts, and no secrets."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from deploy.rule_files import alerts, checks
from tool_box import REPOSITORY, find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = REPOSITORY / "configs/alertmanager"
FILE = FOLDER / "alertmanager.yml"
RECEIVERS = {"critical": "pager,chat", "warning": "chat", "info": "notices"}
SECRET = re.compile(r"key|token|password|secret|url$")


def amtool(*words: str) -> str:
    """Run amtool; return its output."""
    done = subprocess.run([find_tool("amtool"), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_alertmanager_accepts_the_configuration() -> None:
    assert "SUCCESS" in amtool("check-config", str(FILE))


@pytest.mark.parametrize("severity", RECEIVERS)
def test_alerts_are_routed_by_severity(severity: str) -> None:
    labels = [f"alertname={alert.name}" for alert in alerts() if alert.severity == severity]

    receivers = {
        amtool("config", "routes", "test", f"--config.file={FILE}", f"severity={severity}", label) for label in labels
    }

    assert receivers == {RECEIVERS[severity]}


def test_an_alert_without_severity_is_routed_too() -> None:
    assert amtool("config", "routes", "test", f"--config.file={FILE}", "alertname=Other") == "chat"


def settings(node: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield every setting at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from settings(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from settings(value, name)
    else:
        yield name, node


def test_secrets_are_files() -> None:
    config = yaml.safe_load(FILE.read_text(encoding="utf-8"))

    found = [(name, value) for name, value in settings(config["receivers"]) if SECRET.search(name)]

    plain = [name for name, value in found if not name.endswith("_file") and "{{" not in str(value)]
    assert plain == []
    assert {str(value).rpartition("/")[0] for name, value in found if name.endswith("_file")} == {
        "/etc/alertmanager/secrets"
    }


def test_inhibitions_name_existing_alerts() -> None:
    rules = yaml.safe_load(FILE.read_text(encoding="utf-8"))["inhibit_rules"]
    named = set(re.findall(r"Dict[A-Z]\w+", json.dumps(rules)))

    matched = {name for name in named if any(alert.name.startswith(name) for alert in alerts())}

    assert named == matched


def rendered(tmp_path: Path, template: str, *fired: tuple[dict[str, str], dict[str, str]], status: str) -> str:
    """Return the message of a receiver for alerts with these labels and annotations."""
    shown = [{"status": status, "labels": labels, "annotations": texts} for labels, texts in fired]
    data = {"status": status, "alerts": shown, "commonLabels": fired[0][0], "groupLabels": {}, "commonAnnotations": {}}
    (tmp_path / "data.json").write_text(json.dumps(data), encoding="utf-8")
    return amtool(
        "template",
        "render",
        f"--template.glob={FOLDER / 'templates/*.tmpl'}",
        f"--template.data={tmp_path / 'data.json'}",
        f'--template.text={{{{ template "{template}" . }}}}',
    )


@pytest.fixture(scope="module")
def exhausted() -> tuple[dict[str, str], dict[str, str]]:
    """Return an alert as Prometheus renders it."""
    fired = [
        alert for _, check in checks() if check["alertname"] == "DictBucketExhausted" for alert in check["exp_alerts"]
    ]
    return fired[0]["exp_labels"], fired[0]["exp_annotations"]


def test_a_message_is_in_portuguese_and_english(
    tmp_path: Path, exhausted: tuple[dict[str, str], dict[str, str]]
) -> None:
    text = rendered(tmp_path, "dict.text", exhausted, status="firing")

    _, texts = exhausted
    assert text.splitlines() == [
        "KEYS_CHECK: ESGOTADO, o DICT rejeita chamadas (participante 12345678)",
        texts["description_pt"],
        "KEYS_CHECK: EMPTY, DICT rejects calls (participant 12345678)",
        texts["description"],
        "Runbook: docs/runbooks/alert-threshold.pt.md | docs/runbooks/alert-threshold.en.md",
    ]


def test_a_title_has_severity_and_number_of_alerts(
    tmp_path: Path, exhausted: tuple[dict[str, str], dict[str, str]]
) -> None:
    title = rendered(tmp_path, "dict.title", exhausted, exhausted, exhausted, status="firing")

    assert title == "[CRITICAL] KEYS_CHECK: ESGOTADO, o DICT rejeita chamadas (participante 12345678) (+2)"


def test_a_title_shows_a_resolved_alert(tmp_path: Path, exhausted: tuple[dict[str, str], dict[str, str]]) -> None:
    title = rendered(tmp_path, "dict.title", exhausted, status="resolved")

    assert title == "[OK] KEYS_CHECK: ESGOTADO, o DICT rejeita chamadas (participante 12345678)"
