"""The table of the specification names existing files and tests, and the database has its tables."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from postgres_database import execute, rows, values
from runbooks.pages import REPOSITORY, page

if TYPE_CHECKING:
    from collections.abc import Iterator

COVERAGE = REPOSITORY / "docs/spec-coverage.md"
NAMED = re.compile(r"`([^`]+)`")
COLUMNS = {
    "dict_rate_limit_policies": {
        "id": "uuid",
        "policy_name": "character varying(100)",
        "category": "character varying(1)",
        "capacity_max": "integer",
        "refill_tokens": "integer",
        "refill_period_sec": "integer",
        "warning_threshold_pct": "numeric(5,2)",
        "critical_threshold_pct": "numeric(5,2)",
        "enabled": "boolean",
        "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone",
    },
    "dict_rate_limit_states": {
        "id": "bigint",
        "policy_name": "character varying(100)",
        "available_tokens": "integer",
        "capacity": "integer",
        "utilization_pct": "numeric(5,2)",
        "category": "text",  # VARCHAR(1) in the specification; stored as DICT wrote it
        "checked_at": "timestamp with time zone",
    },
}


def table_rows() -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Yield item, decision, files and tests of every row."""
    for line in COVERAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] != "item":
            item, built, files, tests = cells
            yield item, built, NAMED.findall(files), NAMED.findall(tests)


def functions_in(path: str) -> set[str]:
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_every_section_has_a_table() -> None:
    sections = re.findall(r"^## (\d)\.", COVERAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sections == ["1", "2", "3", "4", "5", "6"]


def test_every_item_has_decision_files_and_tests() -> None:
    incomplete = [item for item, *rest in table_rows() if not all(rest)]

    assert incomplete == []
    assert len(list(table_rows())) > 50


def test_every_named_file_exists() -> None:
    missing = [file for _, _, files, _ in table_rows() for file in files if not (REPOSITORY / file).is_file()]

    assert missing == []


def test_every_named_test_exists() -> None:
    named = {test for _, _, _, tests in table_rows() for test in tests}

    missing = [
        test
        for test in sorted(named)
        if not (REPOSITORY / test.partition("::")[0]).is_file()
        or test.partition("::")[2] not in functions_in(test.partition("::")[0])
    ]

    assert missing == []


@pytest.mark.parametrize("table", COLUMNS)
def test_tables_have_every_column_of_the_specification(migrated_database_url: str, table: str) -> None:
    columns = """
        SELECT attrelid::regclass::text AS place, attname, format_type(atttypid, atttypmod) AS type
        FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
    """

    found = [row for row in rows(migrated_database_url, columns) if row["place"] == table]

    assert {row["attname"]: row["type"] for row in found}.items() >= COLUMNS[table].items()


def test_the_four_indexes_have_the_specified_names(migrated_database_url: str) -> None:
    found = values(migrated_database_url, "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")

    wanted = {"idx_policies_category", "idx_policies_enabled", "idx_states_policy_time", "idx_states_utilization"}
    assert set(found) >= wanted


def test_states_are_partitioned_by_the_time_of_the_reading(migrated_database_url: str) -> None:
    found = values(migrated_database_url, "SELECT pg_get_partkeydef('dict_rate_limit_states'::regclass)")

    assert found == ["RANGE (checked_at)"]


def test_a_category_is_one_of_eight(migrated_database_url: str) -> None:
    insert = (
        "INSERT INTO dict_rate_limit_policies (participant, policy_name, category, capacity_max, refill_tokens,"
        " refill_period_sec) VALUES ('1', '{0}', '{0}', 1, 1, 1)"
    )

    for category in "ABCDEFGH":
        execute(migrated_database_url, insert.format(category))

    with pytest.raises(psycopg.errors.CheckViolation):
        execute(migrated_database_url, insert.format("I"))


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_checklist_has_the_five_checks_and_the_five_steps(language: str) -> None:
    text = page("deploy-new-version", language).text

    assert len(re.findall(r"^- \[ \] ", text, re.MULTILINE)) == 5
    assert re.findall(r"^(\d)\. \*\*", text, re.MULTILINE) == ["1", "2", "3", "4", "5"]
