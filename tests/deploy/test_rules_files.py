"""Rules are loaded from the chart as an object, and from configs/ as equal files."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from deploy.rendered_chart import PRODUCTION, rendered
from deploy.rule_files import FILES, FOLDER, promtool
from tool_box import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

CONFIGS = REPOSITORY / "configs/prometheus"
WITH_RULES = "--set=monitoring.prometheusRule.enabled=true"
THRESHOLDS = "dict-rate-limit-thresholds"


def groups(*options: str) -> dict[str, str]:
    """Return the rendered rule groups as text by name."""
    found = rendered(*options).one("PrometheusRule", "dict-rate-limit")["spec"]["groups"]
    return {group["name"]: yaml.safe_dump(group, width=10_000) for group in found}


@pytest.fixture
def repository_copy(tmp_path: Path) -> Path:
    for place in ("scripts", "helm/rules", "configs/prometheus"):
        shutil.copytree(REPOSITORY / place, tmp_path / place)
    return tmp_path


def copied(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(folder / "scripts/configs"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_copies_are_up_to_date() -> None:
    done = copied(REPOSITORY, "--check")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_changed_rule_is_reported_and_copied(repository_copy: Path) -> None:
    (repository_copy / "helm/rules/slo.yaml").write_text("groups: []\n", encoding="utf-8")

    before, made, after = (copied(repository_copy, *words) for words in (["--check"], [], ["--check"]))

    assert (before.returncode, made.returncode, after.returncode) == (1, 0, 0)
    assert "run scripts/configs" in before.stderr


def test_a_copy_of_a_deleted_rule_is_deleted(repository_copy: Path) -> None:
    (repository_copy / "helm/rules/slo.yaml").unlink()

    before, made = copied(repository_copy, "--check"), copied(repository_copy)

    assert (before.returncode, made.returncode) == (1, 0)
    assert not (repository_copy / "configs/prometheus/rules/slo.yaml").exists()


@pytest.mark.parametrize("name", ["prometheus.yml", "local.yml"])
def test_prometheus_accepts_the_configuration(name: str) -> None:
    checked = promtool("check", "config", str(CONFIGS / name))

    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_rule_is_loaded_except_those_that_would_page_twice() -> None:
    assert loaded("prometheus.yml") == {f"rules/{name}" for name in FILES} - {"rules/thresholds.yaml"}


def test_replication_rules_are_not_loaded_for_a_single_process() -> None:
    assert loaded("local.yml") == {f"rules/{name}" for name in FILES} - {"rules/replication.yaml"}


def loaded(name: str) -> set[str]:
    return set(yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8"))["rule_files"])


def test_both_programs_are_scraped_with_the_job_names_of_the_rules() -> None:
    config = yaml.safe_load((CONFIGS / "prometheus.yml").read_text(encoding="utf-8"))
    lists = {job["job_name"]: job["file_sd_configs"][0]["files"] for job in config["scrape_configs"]}

    targets = {
        job: [group for file in files for group in yaml.safe_load((CONFIGS / file).read_text(encoding="utf-8"))]
        for job, files in lists.items()
    }

    assert targets.keys() == {"dict-api", "orchestration-worker"}
    for (group,) in targets.values():
        assert group["labels"] == {"namespace": "dict-rate-limit"}
        assert len(group["targets"]) == 2
        assert all(target.endswith(":9090") for target in group["targets"])


def test_the_chart_contains_every_rule_except_thresholds() -> None:
    expected = {
        group["name"]
        for name in FILES
        for group in yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["groups"]
    }

    assert groups(WITH_RULES).keys() == expected - {THRESHOLDS}
    assert THRESHOLDS not in groups(PRODUCTION)


def test_threshold_rules_can_be_enabled() -> None:
    assert THRESHOLDS in groups(WITH_RULES, "--set=monitoring.prometheusRule.thresholdRules=true")


def test_runbook_links_use_the_url_of_the_values() -> None:
    base = "--set=notifications.runbookBaseURL=https://docs.example/runbooks/"

    found = "".join(groups(WITH_RULES, base).values())

    assert "runbook_url: https://docs.example/runbooks/postgresql-down.en.md" in found
    assert "externalLabels" not in found


def test_without_a_url_the_rules_are_unchanged() -> None:
    found = "".join(groups(WITH_RULES).values())

    assert """{{ or $externalLabels.runbooks "docs/runbooks" }}/postgresql-down.en.md""" in found


def test_rules_use_the_namespace_of_the_release() -> None:
    found = groups(WITH_RULES, "--namespace=pix")["dict-rate-limit-replication"]

    assert 'absent(up{namespace="pix",job="dict-api"})' in found
    assert 'namespace="dict-rate-limit"' not in found
