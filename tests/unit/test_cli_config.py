from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli_program import run_command
from dict_rate_limit.settings.fields import definitions

if TYPE_CHECKING:
    import pytest

ENVIRON = {
    "PORT": "8081",
    "DATABASE_URL": "postgresql://me:hunter2@db/x",
    "REDIS_PASSWORD": "hunter2",
    "PARTICIPANTS": "00000001,00000002",
}


def test_the_table_shows_value_and_origin(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "config", environ=ENVIRON)

    rows = [line.split() for line in result.out.splitlines()]
    assert result.code == 0
    assert rows[0] == ["SETTING", "VALUE", "FROM"]
    assert ["PORT", "8081", "environment"] in rows
    assert ["HOST", "127.0.0.1", "default"] in rows
    assert ["TEMPORAL_HOST", "not", "set", "default"] in rows
    assert [row[0] for row in rows[1:] if len(row) > 1] == list(definitions())  # long values go on in the next line


def test_the_table_hides_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "config", environ=ENVIRON)

    assert "hunter2" not in result.out
    assert "postgresql://me:***@db/x" in result.out
    assert ["REDIS_PASSWORD", "(hidden)", "environment"] in [line.split() for line in result.out.splitlines()]


def test_the_table_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "config", environ={"PARTICIPANTS": ",".join(f"{number:08}" for number in range(40))})

    assert max(len(line) for line in result.out.splitlines()) <= 80


def test_json_has_the_same_values_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "config", "--output", "json", environ=ENVIRON)

    rows = {row["name"]: row for row in json.loads(result.out)}
    assert rows["PORT"] | {"description": ""} == {
        "name": "PORT",
        "value": "8081",
        "origin": "environment",
        "description": "",
    }
    assert rows["TEMPORAL_HOST"]["value"] is None
    assert "hunter2" not in result.out


def test_all_problems_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "config", environ={"PORT": "x", "CACHE_TTL": "y"})

    assert (result.code, result.out) == (78, "")
    assert [line.split(":")[1].strip() for line in result.err.splitlines()] == ["PORT", "CACHE_TTL"]


def test_the_settings_of_a_program_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "config", "--for", "migrate")

    assert result.code == 78
    assert result.err.startswith("error: DATABASE_URL: not set, expected ")


def test_markdown_is_the_reference_for_any_environment(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "config", "--output", "markdown", environ={"PORT": "x"})

    assert result.code == 0
    assert "| `PORT` | `8080` |" in result.out
