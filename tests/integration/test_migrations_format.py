from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from dict_rate_limit.adapters.postgres.migrations.goose import Migration, migrations_in, parse, shipped_migrations
from dict_rate_limit.domain.errors import SchemaError

MIGRATIONS = Path(__file__).parents[2] / "db" / "migrations"


def parsed(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    migration = parse(1, "001_test.sql", text)
    return migration.up, migration.down


def test_statements_end_with_a_semicolon_at_the_end_of_a_line() -> None:
    up, down = parsed("-- +goose Up\nSELECT 1;\nSELECT\n    2;\n-- +goose Down\nSELECT 3;\n")

    assert up == ("SELECT 1;", "SELECT\n    2;")
    assert down == ("SELECT 3;",)


def test_a_semicolon_before_a_comment_ends_a_statement() -> None:
    up, _ = parsed("-- +goose Up\nSELECT 1; -- one; and only\nSELECT 2;\n")

    assert up == ("SELECT 1; -- one; and only", "SELECT 2;")


def test_a_semicolon_inside_a_comment_ends_nothing() -> None:
    up, _ = parsed("-- +goose Up\nSELECT 1 -- not yet;\n    + 1;\n")

    assert up == ("SELECT 1 -- not yet;\n    + 1;",)


def test_a_semicolon_within_a_marked_statement_ends_nothing() -> None:
    up, _ = parsed(
        "-- +goose Up\n-- +goose StatementBegin\nDO $$\nBEGIN;\nEND\n$$;\n-- +goose StatementEnd\nSELECT 1;\n"
    )

    assert up == ("DO $$\nBEGIN;\nEND\n$$;", "SELECT 1;")


def test_only_comments_inside_statements_survive() -> None:
    up, _ = parsed("-- first\n\n-- +goose Up\n-- second\n  -- third\n\nSELECT\n-- inside\n1;\n")

    assert up == ("SELECT\n-- inside\n1;",)


def test_a_down_section_is_optional() -> None:
    assert parsed("-- +goose Up\nSELECT 1;\n") == (("SELECT 1;",), ())


def test_a_file_can_disable_the_transaction() -> None:
    with_one = parse(1, "001_test.sql", "-- +goose Up\nSELECT 1;\n")
    without = parse(1, "001_test.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n")

    assert (with_one.transactional, without.transactional) == (True, False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no `-- +goose Up`"),
        ("SELECT 1;\n-- +goose Up\n", "a statement before"),
        ("-- +goose Down\nSELECT 1;\n", "out of place"),
        ("-- +goose Up\n-- +goose Up\n", "out of place"),
        ("-- +goose Up\n-- +goose Down\n-- +goose Down\n", "out of place"),
        ("-- +goose Up\nSELECT 1\n", "the last statement is not finished"),
        ("-- +goose Up\nSELECT 1\n-- +goose Down\n", "a statement is not finished before"),
        ("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", "the last statement is not finished"),
        ("-- +goose Up\n-- +goose StatementEnd\n", "ends nothing"),
        ("-- +goose StatementEnd\n", "ends nothing"),
        ("-- +goose ENVSUBST ON\n-- +goose Up\n", "`+goose ENVSUBST ON` is not supported"),
    ],
)
def test_a_file_in_another_format_is_rejected_with_its_name(text: str, problem: str) -> None:
    with pytest.raises(SchemaError, match="001_test.sql: .*" + re.escape(problem)):
        parsed(text)


def test_migrations_are_ordered_by_number_and_other_files_ignored(tmp_path: Path) -> None:
    for name in ("010_ten.sql", "2_two.sql", "readme.md", "goose.sh", "x_1.sql"):
        (tmp_path / name).write_text("-- +goose Up\nSELECT 1;\n", encoding="utf-8")

    found = migrations_in(tmp_path)

    assert [(m.version, m.name) for m in found] == [(2, "2_two.sql"), (10, "010_ten.sql")]


def test_two_files_of_one_version_are_rejected(tmp_path: Path) -> None:
    for name in ("001_one.sql", "1_other.sql"):
        (tmp_path / name).write_text("-- +goose Up\nSELECT 1;\n", encoding="utf-8")

    with pytest.raises(SchemaError, match=r"1_other.sql: version 1 is 001_one.sql already"):
        migrations_in(tmp_path)


def test_versions_have_no_gap() -> None:
    assert [m.version for m in shipped_migrations()] == list(range(1, len(shipped_migrations()) + 1))


@pytest.mark.parametrize("migration", shipped_migrations(), ids=lambda m: m.name)
def test_every_migration_has_a_down_section_that_protects_rows(migration: Migration) -> None:
    text = " ".join(migration.up + migration.down)

    assert migration.down
    assert "CASCADE" not in text
    assert "IF NOT EXISTS" not in text
    assert "IF EXISTS" not in text


async def run_script(environment: dict[str, str], *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        MIGRATIONS / "goose.sh",
        *arguments,
        env=environment,
        cwd="/",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_the_script_runs_goose_from_any_directory_and_shows_no_password(tmp_path: Path) -> None:
    goose = tmp_path / "goose"
    goose.write_text('#!/bin/sh\nprintf "%s\\n" "$GOOSE_DRIVER" "$GOOSE_DBSTRING" "$@"\nexit 7\n', encoding="utf-8")
    goose.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DATABASE_URL": "postgres://user:secret@host/dict"}

    code, out, _ = await run_script(environment, "up-to", "a b")

    assert out.splitlines() == [
        "postgres",
        "postgres://user:secret@host/dict",
        "-dir",
        str(MIGRATIONS),
        "up-to",
        "a b",
    ]
    assert code == 7


async def test_the_script_asks_for_the_database_url() -> None:
    code, _, err = await run_script({"PATH": "/usr/bin:/bin"}, "up")

    assert code != 0
    assert "DATABASE_URL: set it to the address of the database" in err
