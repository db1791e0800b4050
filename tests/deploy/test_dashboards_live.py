"""Runs every query of every dashboard on a Prometheus that scraped the product in every scenario."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from conftest import DATABASE_NUMBERS, database
from deploy.dashboard_bridge import PARTICIPANTS, PLAYERS
from deploy.dashboard_files import NAMES, asked, dashboard, filled, marks, metrics_in
from deploy.dashboard_stage import POLICIES, Servers, scraped
from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG, PREFIX, Type
from dict_rate_limit.domain.buckets.catalog import PSP_POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.dashboard_files import Asked
    from deploy.dashboard_stage import Prometheus

pytestmark = pytest.mark.slow

ALL = {"namespace": ".*", "participant": ".+", "policy": ".+"}
OF_PROMETHEUS = {"scrape_duration_seconds"}
ONLY_DURING_FAULTS = {"dict_rate_limit_outbox_oldest_age_seconds"}
"""Exported while a transition waits. Here transitions are published at once, so a scrape rarely sees one."""
LABELS = re.compile(r"label_values\((?P<selector>.+), (?P<label>\w+)\)")

STORED_FACTS = {"Level", "Left", "Tokens", "Capacity", "Refill", "Alerts enabled", "Share left", "Time to full"}
"""Panels of one bucket that always have data after its first reading."""


@pytest.fixture(scope="module")
def prometheus(
    postgres_server: str,
    migrated_template: str,
    valkey_addr: str,
    temporal_address: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    name = f"test_{next(DATABASE_NUMBERS)}"
    with database(postgres_server, name, template=migrated_template) as url:
        servers = Servers(database_url=url, redis=valkey_addr, temporal=temporal_address)
        with scraped(servers, tmp_path_factory.mktemp("dashboards")) as running:
            yield running


def constants(name: str) -> dict[str, str]:
    return {item["name"]: item["query"] for item in dashboard(name)["templating"]["list"] if item["type"] == "constant"}


def stories() -> dict[str, dict[str, str]]:
    """Return the variables for all scenarios together, and for each alone."""
    alone = {
        name: {"namespace": "stage", "participant": participant, "policy": POLICIES[name]}
        for name, participant in PLAYERS.items()
    }
    return {"all": ALL, **alone}


def answered(prometheus: Prometheus, query: Asked, chosen: dict[str, str]) -> bool:
    expr = filled(query.expr, prometheus.values(**chosen, **constants(query.dashboard)))
    return bool(prometheus.ask(expr, now=query.now))


def number(prometheus: Prometheus, title: str, column: str = "") -> float:
    """Return a number of the overview for all participants."""
    (query,) = (query for query in asked("overview") if query.panel == title and query.legend == (column or title))
    (series,) = prometheus.ask(filled(query.expr, prometheus.values(**ALL)), now=True)
    return float(series["value"][1])


@pytest.mark.parametrize("name", NAMES)
def test_the_product_exports_every_queried_metric(prometheus: Prometheus, name: str) -> None:
    expressions = [*(query.expr for query in asked(name)), *(mark["expr"] for mark in marks(name))]

    wanted = set().union(*map(metrics_in, expressions)) - OF_PROMETHEUS - ONLY_DURING_FAULTS
    missing = "\n".join(sorted(wanted - prometheus.exposed))

    assert missing == "", missing


def test_the_product_exports_exactly_the_catalogue(prometheus: Prometheus) -> None:
    written = {metric.family + "_total" * (metric.type is Type.COUNTER) for metric in CATALOG.values()}
    parts = {
        metric.family + part
        for metric in CATALOG.values()
        if metric.type is Type.HISTOGRAM
        for part in ("_bucket", "_sum", "_count")
    }

    exported = {name for name in prometheus.exposed if name.startswith(PREFIX)}

    assert written - exported - ONLY_DURING_FAULTS == set()
    assert exported - written - parts == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_query_returns_data_in_some_scenario(prometheus: Prometheus, name: str) -> None:
    chosen = list(stories().values())

    empty = [str(query) for query in asked(name) if not any(answered(prometheus, query, story) for story in chosen)]

    assert not empty, "\n".join(empty)


@pytest.mark.parametrize("scenario", PLAYERS)
def test_known_values_of_a_bucket_are_shown_in_every_scenario(prometheus: Prometheus, scenario: str) -> None:
    queries = [query for query in asked("policy") if query.panel in STORED_FACTS]

    empty = [str(query) for query in queries if not answered(prometheus, query, stories()[scenario])]

    assert queries
    assert not empty, "\n".join(empty)


@pytest.mark.parametrize("mark", [mark["name"] for mark in marks("overview")])
def test_events_have_annotations(prometheus: Prometheus, mark: str) -> None:
    (expr,) = (one["expr"] for one in marks("overview") if one["name"] == mark)

    assert prometheus.ask(filled(expr, prometheus.values(**ALL)), now=False)


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_has_values(prometheus: Prometheus, name: str) -> None:
    queries = [item["definition"] for item in dashboard(name)["templating"]["list"] if item["type"] == "query"]

    found = [LABELS.fullmatch(filled(query, ALL)) for query in queries]
    choices = [prometheus.label_values(match["label"], match["selector"]) for match in found if match]

    assert len(choices) == len(queries)
    assert all(choices), choices


def test_values_of_several_replicas_are_not_added_up(prometheus: Prometheus) -> None:
    levels = [number(prometheus, "Buckets by level", level) for level in ("OK", "WARNING", "CRITICAL", "UNKNOWN")]

    assert number(prometheus, "Participants") == len(PARTICIPANTS)
    assert sum(levels) == len(PSP_POLICIES) * len(PLAYERS)
