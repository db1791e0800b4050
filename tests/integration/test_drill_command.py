from __future__ import annotations

import json
import re
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from postgres_database import execute, values
from samples.recovery import Recovery, empty_database, everything, fill, left_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRATCH = "SELECT datname::text FROM pg_database WHERE datname LIKE 'dict_rate_limit_drill_%'"
THINGS = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"


@pytest.fixture
def recovery(migrated_database_url: str, capsys: pytest.CaptureFixture[str]) -> Recovery:
    fill(migrated_database_url)
    return Recovery(capsys=capsys, url=migrated_database_url)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs make their temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_output_has_the_possible_data_loss(recovery: Recovery) -> None:
    result = recovery("drill", "restore")

    lines = result.out.splitlines()
    assert result.code == 0, result.err
    assert lines[0] == "backup    made for this drill"
    assert lines[2].endswith("newest row 2026-11-23T12:05:00Z, 2 transitions not yet published")
    assert re.match(r"compared  \d\d tables, \d+ rows: equal", lines[3])
    assert lines[4].startswith("RPO       ")
    assert lines[5] == "          so far 0 polls and 0 transitions since the newest row in the backup"
    assert lines[6].startswith("          this backup is new: in a real loss the RPO is the age of the last")
    assert lines[8].startswith("RTO       ")
    assert lines[10] == "resumes   the worker would publish 2 transitions"


def test_the_drill_leaves_no_files_and_an_unchanged_database(recovery: Recovery, temporary: Path) -> None:
    before = everything(recovery.url)

    recovery("drill", "restore")

    assert values(recovery.url, SCRATCH) == []
    assert left_in(temporary) == []
    assert everything(recovery.url) == before


def test_the_age_of_an_existing_backup_is_reported(recovery: Recovery, tmp_path: Path) -> None:
    backup = recovery.backed_up(tmp_path)
    execute(
        recovery.url,
        "INSERT INTO dict_rate_limit_polls (participant, received_at, source, outcome, advanced, buckets)"
        " VALUES ('1', '2026-11-23T12:10Z', 's', 'OK', false, 0)",
    )

    result = recovery("drill", "restore", "--from", tmp_path / "latest")

    assert result.code == 0, result.err
    assert result.out.startswith("backup    an existing one\n")
    assert f"{backup.manifest.name}: {len(backup.manifest.contents.tables)} tables" in result.out
    assert "so far 1 poll and 0 transitions since the newest row in the backup" in result.out
    assert "this backup is new" not in result.out


def test_the_result_can_be_json(recovery: Recovery) -> None:
    result = recovery("drill", "restore", "--output", "json")

    document = json.loads(result.out)
    assert document["equal"] is True
    assert document["rto_seconds"] > 0
    assert document["rpo_seconds"] > 0
    assert document["newest_at"] == "2026-11-23T12:05:00Z"
    assert document["waiting"] == 2


def test_the_backup_of_the_drill_can_be_retained(recovery: Recovery, tmp_path: Path) -> None:
    recovery("drill", "restore", "--to", tmp_path)

    assert [name.rpartition(".")[2] for name in left_in(tmp_path)] == ["dump", "json"]


def test_a_given_database_is_left_empty(recovery: Recovery, postgres_server: str) -> None:
    with empty_database(postgres_server) as url:
        result = recovery("drill", "restore", "--into", url)

        assert result.code == 0, result.err
        assert values(url, THINGS) == []


def test_a_database_that_is_not_empty_is_not_changed(recovery: Recovery, postgres_server: str) -> None:
    with empty_database(postgres_server) as url:
        execute(url, "CREATE TABLE dict_rate_limit_policies ()")

        result = recovery("drill", "restore", "--into", url)

        assert result.code == 65
        assert values(url, THINGS) == ["dict_rate_limit_policies"]


def test_a_backup_that_cannot_be_restored_fails_the_drill(recovery: Recovery, tmp_path: Path) -> None:
    backup = recovery.backed_up(tmp_path)
    document = json.loads(backup.file.read_text())
    backup.file.write_text(json.dumps({**document, "waiting": 1}))

    result = recovery("drill", "restore", "--from", backup.dump)

    assert (result.code, result.out) == (65, "")
    assert "2 transitions wait, expected 1" in result.err
    assert values(recovery.url, SCRATCH) == []


def test_a_given_database_is_left_empty_after_a_failure(
    recovery: Recovery, tmp_path: Path, postgres_server: str
) -> None:
    backup = recovery.backed_up(tmp_path)
    backup.dump.write_bytes(b"\0" * backup.manifest.size)

    with empty_database(postgres_server) as url:
        result = recovery("drill", "restore", "--from", backup.dump, "--into", url)

        assert result.code == 65
        assert values(url, THINGS) == []


def test_a_role_that_cannot_create_databases_gets_a_hint(recovery: Recovery) -> None:
    with reader(recovery.url) as url:
        result = recovery("drill", "restore", DATABASE_URL=url)

    assert result.code == 71
    assert "grant it CREATEDB, or name an empty one (--into)" in result.err


def test_a_password_on_the_command_line_is_rejected(recovery: Recovery) -> None:
    result = recovery("drill", "restore", "--into", "postgresql://me:hunter2@127.0.0.1/x")

    assert result.code == 64
    assert "use PGPASSFILE or PGPASSWORD" in result.err
    assert "hunter2" not in result.err


def test_an_existing_and_a_new_backup_exclude_each_other(recovery: Recovery, tmp_path: Path) -> None:
    result = recovery("drill", "restore", "--from", tmp_path / "latest", "--to", tmp_path)

    assert result.code == 64


@contextmanager
def reader(url: str) -> Iterator[str]:
    """Make a role that may only read."""
    name = f"reader_{urlsplit(url).path.removeprefix('/')}"
    execute(url, f"CREATE ROLE {name} LOGIN IN ROLE pg_read_all_data")
    try:
        yield url.replace("postgres@", f"{name}@")
    finally:
        execute(url, f"DROP ROLE {name}")
