"""Dashboard files match their code, and Grafana can show them in any installation."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from deploy.dashboard_files import (
    BUILT_IN,
    FOLDER,
    NAMES,
    asked,
    dashboard,
    filled,
    marks,
    metrics_in,
    panels,
    variables_in,
)
from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG, PREFIX, MetricOrigin, MetricSpec
from tool_box import REPOSITORY, find_tool

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
LARGEST = 200_000  # `kubectl apply` stores a copy of a ConfigMap in an annotation of at most 256 KiB
MARKED_BY_GRAFANA = {"type": "grafana", "uid": "-- Grafana --"}
ONE_OF_MANY = re.compile(r"(?:max|min)(?: by \([a-z, ]+\) )?\((?:rate\()?$")


def written(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(folder / "scripts/dashboards"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def repository_copy(tmp_path: Path) -> Path:
    for place in ("scripts/dashboards", "tools/dashboards", "helm/dashboards", "configs/grafana/dashboards"):
        source, target = REPOSITORY / place, tmp_path / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    return tmp_path


def test_files_match_the_output_of_the_code() -> None:
    done = written(REPOSITORY, "--check")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("folder", ["helm/dashboards", "configs/grafana/dashboards"])
def test_a_file_changed_by_hand_is_reported(repository_copy: Path, folder: str) -> None:
    path = repository_copy / folder / "policy.json"
    path.write_text(path.read_text(encoding="utf-8").replace("max by", "sum by"), encoding="utf-8")

    done = written(repository_copy, "--check")

    assert done.returncode == 1
    assert f"{folder}/policy.json differs from the output of tools/dashboards: run scripts/dashboards" in done.stderr


def test_an_extra_file_is_reported(repository_copy: Path) -> None:
    (repository_copy / "helm/dashboards/mine.json").write_text("{}", encoding="utf-8")

    assert "helm/dashboards/mine.json" in written(repository_copy, "--check").stderr


def test_writing_again_gives_the_same_bytes(repository_copy: Path) -> None:
    before = {path.name: path.read_bytes() for path in (repository_copy / "helm/dashboards").iterdir()}

    done = written(repository_copy)

    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in (repository_copy / "helm/dashboards").iterdir()} == before


def test_the_four_dashboards_have_stable_identifiers() -> None:
    identities = {name: dashboard(name)["uid"] for name in NAMES}

    assert {path.stem for path in FOLDER.iterdir()} == set(NAMES)
    assert identities == {name: f"dict-rate-limit-{name}" for name in NAMES}
    assert {dashboard(name)["schemaVersion"] for name in NAMES} == {42}


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_fits_into_a_config_map(name: str) -> None:
    assert (FOLDER / f"{name}.json").stat().st_size < LARGEST


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_unique_numbers_and_titles(name: str) -> None:
    numbers = [panel["id"] for panel in dashboard(name)["panels"]]
    titles = [(row, panel["title"]) for row, panel in _with_rows(name)]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(set(titles)) == len(titles)


def _with_rows(name: str) -> list[tuple[str, dict[str, str]]]:
    row, found = "", []
    for panel in dashboard(name)["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        else:
            found.append((row, panel))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_panels_are_within_the_grid_and_do_not_overlap(name: str) -> None:
    places = [panel["gridPos"] for panel in dashboard(name)["panels"]]

    outside = [place for place in places if place["x"] + place["w"] > COLUMNS]
    overlapping = [
        (one, other)
        for one, other in itertools.combinations(places, 2)
        if one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    ]

    assert (outside, overlapping) == ([], [])


@pytest.mark.parametrize("name", NAMES)
def test_every_query_uses_the_selected_data_source(name: str) -> None:
    queries = [target for panel in panels(name) for target in panel["targets"]]
    variables = [item for item in dashboard(name)["templating"]["list"] if item["type"] == "query"]

    asking = [*panels(name), *queries, *variables, *marks(name)]

    assert [item for item in asking if item["datasource"] != SOURCE] == []
    assert dashboard(name)["annotations"]["list"][0]["datasource"] == MARKED_BY_GRAFANA


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_has_a_query_a_unit_and_texts_in_both_languages(name: str) -> None:
    bare = [
        panel["title"]
        for panel in panels(name)
        if not panel["targets"]
        or not ({"unit", "mappings"} & {key for key, value in panel["fieldConfig"]["defaults"].items() if value})
        or not re.fullmatch(r"[^*]+\n\n\*[^*]+\*", panel["description"])
    ]

    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_every_used_variable_exists_and_every_variable_is_used(name: str) -> None:
    there = {item["name"] for item in dashboard(name)["templating"]["list"]}
    texts = [*(query.expr for query in asked(name)), *(mark["expr"] for mark in marks(name)), *_addresses(name)]
    narrowing = [item["definition"] for item in dashboard(name)["templating"]["list"] if item["type"] == "query"]

    used = set().union(*map(variables_in, [*texts, *narrowing])) - BUILT_IN - {"__data", "__url_time_range"}

    assert used | {"datasource"} == there


def _addresses(name: str) -> list[str]:
    links = [*dashboard(name)["links"], *(link for panel in panels(name) for link in panel["links"])]
    for panel in panels(name):
        links += [
            link
            for override in panel["fieldConfig"]["overrides"]
            for item in override["properties"]
            if item["id"] == "links"
            for link in item["value"]
        ]
    return [link["url"] for link in links]


@pytest.mark.parametrize("name", NAMES)
def test_limits_come_from_series_not_from_the_dashboard(name: str) -> None:
    steps = [panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in panels(name)]

    assert {step["value"] for panel_steps in steps for step in panel_steps} <= {None, 1}


def expressions(name: str) -> list[str]:
    return [*(query.expr for query in asked(name)), *(mark["expr"] for mark in marks(name))]


def described(name: str) -> MetricSpec | None:
    """Return the catalogue entry of a series. Counters and histograms add a suffix to the name."""
    short = re.sub(r"_(?:total|bucket|count|sum)$", "", name.removeprefix(PREFIX))
    return CATALOG.get(short) or CATALOG.get(name.removeprefix(PREFIX))


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_belongs_to_the_product(name: str) -> None:
    named = set().union(*map(metrics_in, expressions(name)))

    assert [one for one in sorted(named) if one.startswith(PREFIX) and described(one) is None] == []


@pytest.mark.parametrize("name", NAMES)
def test_stored_series_are_counted_once_for_any_number_of_replicas(name: str) -> None:
    read = [
        (expr, found.start(), described(found.group()))
        for expr in expressions(name)
        for found in re.finditer(r"dict_rate_limit_\w+", expr)
    ]

    summed = [
        expr[start:]
        for expr, start, metric in read
        if metric and metric.origin is MetricOrigin.STORED and not ONE_OF_MANY.search(expr[:start])
    ]

    assert read
    assert summed == []


def test_every_linked_page_exists() -> None:
    there = {path.name for path in (REPOSITORY / "docs/runbooks").iterdir()}
    values = {"runbooks": "", "lang": "pt"}
    addresses = {address for name in NAMES for address in _addresses(name) if address.startswith("${runbooks")}

    plain = {filled(address, values).lstrip("/") for address in addresses if "__data" not in address}
    labelled = {
        f"{page}.pt.md" for query in asked("overview") for page in re.findall(r'"runbook", "([^"]+)"', query.expr)
    }

    assert "README.md" in plain
    assert plain | labelled <= there
    assert labelled == {page for page in there if page.startswith("alert-") and page.endswith(".pt.md")}


def test_dashboards_and_rules_have_the_same_objectives() -> None:
    rules = (REPOSITORY / "helm/rules/slo.yaml").read_text(encoding="utf-8")
    constants = {
        item["name"]: float(item["query"])
        for item in dashboard("performance")["templating"]["list"]
        if item["type"] == "constant"
    }

    budgets = {round(1 - value, 6) for name, value in constants.items() if value < 1}

    assert budgets == {float(text) for text in re.findall(r"> [0-9.]+ \* (0\.\d+)", rules)}


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    durations = {"__interval": "1m", "__range": "6h", "__rate_interval": "2m"}
    queries = [(str(query), query.expr) for name in NAMES for query in asked(name)]
    queries += [(mark["name"], mark["expr"]) for mark in marks("overview")]
    rules = [
        {
            "record": f"query:{number}",
            "expr": filled(expr, {name: durations.get(name, "1") for name in variables_in(expr)}),
            "labels": {"of": where},
        }
        for number, (where, expr) in enumerate(queries)
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")

    done = subprocess.run([find_tool("promtool"), "check", "rules", file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_grafana_outside_the_chart_gets_the_same_dashboards() -> None:
    folder = REPOSITORY / "configs/grafana"
    (provider,) = yaml.safe_load((folder / "provisioning/dashboards/dict-rate-limit.yaml").read_text())["providers"]
    (source,) = yaml.safe_load((folder / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]

    assert {path.name for path in (folder / "dashboards").iterdir()} == {f"{name}.json" for name in NAMES}
    assert provider["options"]["path"] == "/etc/grafana/dashboards/dict-rate-limit"
    assert source["type"] == SOURCE["type"]
