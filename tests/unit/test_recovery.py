from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest

from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.recovery import Retention, TableContent, differences
from samples.domain import NOON
from samples.manifest import manifest

DAY = timedelta(days=1)
BACKUPS = [manifest(NOON - age * DAY) for age in range(5)]
"""Newest first."""


def test_the_name_of_a_backup_is_its_time() -> None:
    at = NOON.replace(microsecond=7_999)

    assert manifest(at).name == "dict-rate-limit-20261123T120000.007Z"


def test_the_major_version_of_the_server_is_parsed() -> None:
    assert manifest().server_major == 18


def test_a_naive_time_is_rejected() -> None:
    with pytest.raises(InvalidValueError, match="taken_at"):
        replace(manifest(), taken_at=datetime(2026, 1, 1))  # noqa: DTZ001 -- the mistake in question


def test_the_age_is_the_possible_data_loss() -> None:
    assert manifest().age(NOON + DAY) == DAY


def test_the_age_is_never_negative() -> None:
    assert manifest().age(NOON - DAY) == timedelta(0)


def test_equal_contents_have_no_difference() -> None:
    assert differences(manifest().contents, manifest().contents) == ()


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (TableContent(rows=2, digest="12"), "public.a: 2 rows, expected 3"),
        (TableContent(rows=3, digest="13"), "public.a: 3 rows as expected, but not the same ones"),
    ],
)
def test_a_table_that_differs_is_named(table: TableContent, line: str) -> None:
    expected = manifest().contents
    found = replace(expected, tables=MappingProxyType({**expected.tables, "public.a": table}))

    assert differences(expected, found) == (line,)


def test_missing_and_extra_tables_are_named() -> None:
    expected = manifest().contents
    tables = {"public.b": expected.tables["public.b"], "public.c": TableContent(rows=1, digest="1")}

    lines = differences(expected, replace(expected, tables=MappingProxyType(tables)))

    assert lines == ("public.a: missing", "public.c: not expected")


def test_schema_version_and_pending_transitions_are_compared() -> None:
    expected = manifest().contents

    lines = differences(expected, replace(expected, version=7, waiting=1))

    assert lines == ("schema version 7, expected 8", "1 transitions wait, expected 2")


def test_rows_are_summed_up() -> None:
    assert manifest(rows=3).contents.rows == 3


def test_without_retention_nothing_is_deleted() -> None:
    assert Retention().superseded(BACKUPS, BACKUPS[0]) == []


def test_retention_by_count_deletes_the_oldest() -> None:
    assert Retention(count=3).superseded(BACKUPS, BACKUPS[0]) == [BACKUPS[4], BACKUPS[3]]


def test_retention_by_days_keeps_recent_backups() -> None:
    assert Retention(days=2).superseded(BACKUPS, BACKUPS[0]) == [BACKUPS[4], BACKUPS[3], BACKUPS[2]]


def test_either_rule_keeps_a_backup() -> None:
    assert Retention(count=4, days=1).superseded(BACKUPS, BACKUPS[0]) == [BACKUPS[4]]


def test_the_new_backup_stays_after_a_wrong_clock() -> None:
    future = manifest(NOON + 400 * DAY)

    gone = Retention(count=1).superseded([future, *BACKUPS], BACKUPS[0])

    assert gone == [BACKUPS[4], BACKUPS[3], BACKUPS[2], BACKUPS[1]]


def test_the_newest_stays_when_the_list_lacks_the_new_backup() -> None:
    assert Retention(days=1).superseded(BACKUPS[3:], manifest(NOON + DAY)) == [BACKUPS[4]]


@pytest.mark.parametrize("field", ["count", "days"])
def test_a_retention_of_nothing_is_rejected(field: str) -> None:
    with pytest.raises(InvalidValueError, match=f"{field}: 0, expected 1 or more"):
        Retention(**{field: 0})
