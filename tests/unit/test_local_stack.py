from __future__ import annotations

import pytest

from dict_rate_limit.apps.local.local_stack import (
    CACHE,
    DATABASE,
    SOURCE,
    TEMPORAL,
    external_address,
    poll_every_sec,
    with_local_addresses,
)
from dict_rate_limit.settings import load


def test_an_unset_variable_selects_the_embedded_component() -> None:
    settings = load({"REDIS_ADDR": ""})

    assert external_address(CACHE, settings) is None


def test_an_external_component_is_displayed_without_its_password() -> None:
    settings = load({"DATABASE_URL": "postgresql://me:hush@db/limits"})

    assert external_address(DATABASE, settings) == "postgresql://me:***@db/limits"


def test_embedded_components_get_their_addresses() -> None:
    addresses = {CACHE: "127.0.0.1:1", TEMPORAL: "127.0.0.1:2"}

    environ = with_local_addresses({"PORT": "81"}, addresses, load({}))

    assert environ == {"PORT": "81", "REDIS_ADDR": "127.0.0.1:1", "TEMPORAL_HOST": "127.0.0.1:2"}


def test_settings_of_an_external_component_do_not_reach_the_embedded_one() -> None:
    given = {"REDIS_PASSWORD_FILE": "/f", "REDIS_TLS": "true", "TEMPORAL_NAMESPACE": "x", "TEMPORAL_TLS_CA_FILE": "/f"}

    environ = with_local_addresses(given, {CACHE: "127.0.0.1:1", TEMPORAL: "127.0.0.1:2"}, load({}))

    assert environ.keys() == {"REDIS_ADDR", "TEMPORAL_HOST"}


def test_an_external_component_keeps_its_settings() -> None:
    given = {"REDIS_ADDR": "cache:6379", "REDIS_TLS": "true"}

    environ = with_local_addresses(given, {TEMPORAL: "127.0.0.1:2"}, load(given))

    assert environ == given | {"TEMPORAL_HOST": "127.0.0.1:2"}


def test_the_simulator_has_a_short_poll_interval() -> None:
    environ = with_local_addresses({}, {SOURCE: "127.0.0.1:3"}, load({}))

    assert environ["WORKFLOW_CRON_SCHEDULE"] == "@every 20s"
    assert load(environ).poll_interval.total_seconds() == 20


def test_a_configured_schedule_is_preserved() -> None:
    environ = with_local_addresses({"WORKFLOW_CRON_SCHEDULE": "@every 1m"}, {SOURCE: "127.0.0.1:3"}, load({}))

    assert environ["WORKFLOW_CRON_SCHEDULE"] == "@every 1m"


def test_an_external_source_has_the_default_schedule() -> None:
    environ = with_local_addresses({}, {CACHE: "127.0.0.1:1"}, load({}))

    assert "WORKFLOW_CRON_SCHEDULE" not in environ


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 20), (1.0, 15), (0.3, 34), (0.1, 100)])
def test_the_polls_fit_the_budget_of_the_list(share: float, seconds: int) -> None:
    assert poll_every_sec(share) == seconds
