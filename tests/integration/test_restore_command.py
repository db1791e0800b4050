from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from dict_rate_limit.adapters.postgres.backup.directory import find, publish
from dict_rate_limit.adapters.postgres.backup.dump import back_up
from dict_rate_limit.adapters.postgres.backup.tools import Place
from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.adapters.postgres.migrations.runner import down
from dict_rate_limit.domain.errors import RecoveryError
from postgres_database import execute, values
from samples.manifest import manifest
from samples.recovery import Recovery, empty_database, everything, fill, left_in, structure, tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dict_rate_limit.adapters.postgres.backup.directory import Backup

THINGS = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"


@pytest.fixture(scope="module")
def original_url(postgres_server: str, migrated_template: str) -> Iterator[str]:
    """A database with a history, only read by the tests."""
    with empty_database(postgres_server, migrated_template) as url:
        fill(url)
        yield url


@pytest.fixture(scope="module")
def original(original_url: str, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    place = Place(database_url=original_url, environ={}, folders=[tools()])
    return asyncio.run(back_up(place, tmp_path_factory.mktemp("original"), "1.2.3"))


@pytest.fixture
def source(original_url: str, capsys: pytest.CaptureFixture[str]) -> Recovery:
    return Recovery(capsys=capsys, url=original_url)


@pytest.fixture
def backup(original: Backup, tmp_path: Path) -> Backup:
    """A copy to do with as one likes."""
    shutil.copytree(original.dump.parent, tmp_path, dirs_exist_ok=True)
    return find(tmp_path / original.dump.name)[0]


@pytest.fixture
def target(postgres_server: str, capsys: pytest.CaptureFixture[str]) -> Iterator[Recovery]:
    with empty_database(postgres_server) as url:
        yield Recovery(capsys=capsys, url=url)


def test_every_table_is_restored(source: Recovery, backup: Backup, target: Recovery) -> None:
    result = target("restore", "--from", backup.dump)

    before, after = everything(source.url), everything(target.url)
    assert result.code == 0, result.err
    assert {name: rows for name, rows in after.items() if name != "dict_rate_limit_alerts"} == {
        name: rows for name, rows in before.items() if name != "dict_rate_limit_alerts"
    }
    assert after["dict_rate_limit_states_default"]
    assert after["dict_rate_limit_states_hourly"]
    for name in ("notifications", "deliveries", "silences", "audit"):
        assert after[f"dict_rate_limit_{name}"], name


def test_partitions_indexes_and_constraints_are_restored(source: Recovery, backup: Backup, target: Recovery) -> None:
    target("restore", "--from", backup.dump)

    assert structure(target.url) == structure(source.url)


def test_open_alerts_continue_when_no_transition_can_be_lost(backup: Backup, target: Recovery) -> None:
    result = target("restore", "--from", backup.dump)

    assert values(target.url, "SELECT sequence FROM dict_rate_limit_alerts") == [1001, 1001]
    assert "continues: 2 open alerts" in result.out


def test_the_output_has_pending_transitions_and_the_possible_loss(backup: Backup, target: Recovery) -> None:
    result = target("restore", "--from", backup.dump)

    restored, lost, waiting, _ = result.out.splitlines()
    assert restored.startswith(f"restored and compared: {len(backup.manifest.contents.tables)} tables, ")
    assert lost.startswith("lost: data after ")
    assert lost.endswith("newest row 2026-11-23T12:05:00Z")
    assert waiting.startswith("waiting: 2 transitions")


def test_dead_lettered_transitions_are_not_pending(
    migrated_database_url: str, target: Recovery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Recovery(capsys=capsys, url=migrated_database_url)
    fill(source.url)
    execute(source.url, "UPDATE dict_rate_limit_alert_events SET dead_at = now() WHERE position = 1")

    result = target("restore", "--from", source.backed_up(tmp_path).dump)

    assert result.out.splitlines()[2].startswith("waiting: 1 transition;")


def test_a_backup_of_an_older_schema_is_verified(
    migrated_database_url: str, target: Recovery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Recovery(capsys=capsys, url=migrated_database_url)
    fill(source.url)
    for _ in shipped_migrations()[8:]:
        asyncio.run(down(source.url, allow_data_loss=True))

    result = target("restore", "--from", source.backed_up(tmp_path).dump)

    assert result.code == 0, result.err
    assert "schema version 8" in result.out
    assert result.out.splitlines()[2].startswith("waiting: 2 transitions")


def test_new_rows_are_numbered_after_the_restored_ones(backup: Backup, target: Recovery) -> None:
    target("restore", "--from", backup.dump)

    (last,) = values(target.url, "SELECT max(position) FROM dict_rate_limit_alert_events")
    (following,) = values(target.url, "SELECT nextval('dict_rate_limit_alert_events_position_seq')")
    assert isinstance(last, int)
    assert following == last + 1


def test_the_planner_has_its_statistics(backup: Backup, target: Recovery) -> None:
    target("restore", "--from", backup.dump)

    assert values(target.url, "SELECT reltuples::int FROM pg_class WHERE relname = 'goose_db_version'") == [
        len(shipped_migrations()) + 1
    ]


def test_latest_is_the_newest_valid_backup(source: Recovery, backup: Backup, target: Recovery) -> None:
    newer = source.backed_up(backup.dump.parent)
    newer.dump.write_bytes(b"cut")

    result = target("restore", "--from", backup.dump.parent / "latest")

    assert result.code == 0
    assert f"warning: not a valid backup, skipped: {newer.dump}" in result.err
    assert backup.manifest.name in result.err


def test_the_manifest_can_name_the_backup(backup: Backup, target: Recovery) -> None:
    assert target("restore", "--from", backup.file).code == 0


def test_another_role_can_restore(backup: Backup, target: Recovery) -> None:
    with role(target.url) as name:
        execute(target.url, f"ALTER DATABASE {database_of(target.url)} OWNER TO {name}")

        result = target("restore", "--from", backup.dump, DATABASE_URL=target.url.replace("postgres@", f"{name}@"))

        owners = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'"
        assert result.code == 0, result.err
        assert values(target.url, owners) == [name]


def test_a_separate_schema_is_restored(migrated_database_url: str, target: Recovery, tmp_path: Path) -> None:
    source = replace(target, url=migrated_database_url)
    for url in (source.url, target.url):
        execute(url, f'ALTER DATABASE {database_of(url)} SET search_path TO "Our limits"')
    execute(source.url, 'ALTER SCHEMA public RENAME TO "Our limits"')
    backup = source.backed_up(tmp_path)

    refused = target("restore", "--from", backup.dump)
    execute(target.url, 'CREATE SCHEMA "Our limits"')
    done = target("restore", "--from", backup.dump)

    assert refused.code == 65
    assert "schema Our limits: missing in this database" in refused.err
    assert done.code == 0, done.err


def test_a_database_that_is_not_empty_is_rejected_with_its_contents(backup: Backup, target: Recovery) -> None:
    for number in range(6):
        execute(target.url, f"CREATE TABLE t{number} ()")

    result = target("restore", "--from", backup.dump)

    assert (result.code, result.out) == (65, "")
    assert "public.t0, public.t1, public.t2, public.t3, public.t4 and 1 more" in result.err
    assert len(values(target.url, THINGS)) == 6


def test_a_function_makes_a_database_not_empty(backup: Backup, target: Recovery) -> None:
    execute(target.url, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")

    result = target("restore", "--from", backup.dump)

    assert result.code == 65
    assert "is not empty: public.f();" in result.err


def test_a_database_with_a_waiting_worker_is_rejected(backup: Backup, target: Recovery) -> None:
    with psycopg.connect(target.url, application_name="dict-rate-limit"):
        result = target("restore", "--from", backup.dump)

    assert result.code == 65
    assert "1 sessions of dict-rate-limit are in this database: stop worker and API" in result.err


def shorten(backup: Backup) -> None:
    backup.dump.write_bytes(backup.dump.read_bytes()[:-10])


def flip(backup: Backup) -> None:
    content = bytearray(backup.dump.read_bytes())
    content[len(content) // 2] ^= 1
    backup.dump.write_bytes(content)


def rename_manifest(backup: Backup) -> None:
    backup.file.rename(backup.file.with_suffix(".txt"))


def garble_manifest(backup: Backup) -> None:
    backup.file.write_bytes(b"\xff")


def foreign_manifest(backup: Backup) -> None:
    backup.file.write_text('{"format": "another product 1"}')


def newer_server(backup: Backup) -> None:
    edit(backup, server_version="99.1")


def not_a_dump(backup: Backup) -> None:
    backup.dump.write_bytes(b"PGDMP, but not really")
    describe(backup)


def another_manifest(backup: Backup) -> None:
    edit(backup, tables={})


DAMAGES: dict[Callable[[Backup], None], str] = {
    shorten: "it is truncated",
    flip: "it is damaged; nothing was changed",
    rename_manifest: "a backup is the dump and its manifest",
    garble_manifest: "not the manifest of a backup",
    foreign_manifest: "format: 'another product 1', expected 'dict-rate-limit backup 1'",
    newer_server: "restore into 99 or newer",
    not_a_dump: "not a dump that",
    another_manifest: "dump and manifest have different tables: public dict_rate_limit_alert_events",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_or_foreign_backup_is_rejected_before_any_change(
    damage: Callable[[Backup], None], backup: Backup, target: Recovery
) -> None:
    damage(backup)

    result = target("restore", "--from", backup.dump)

    assert (result.code, result.out) == (65, "")
    assert DAMAGES[damage] in result.err
    assert values(target.url, THINGS) == []


def test_a_failed_restore_changes_nothing(backup: Backup, target: Recovery) -> None:
    execute(target.url, "CREATE TYPE dict_rate_limit_states_hourly AS (x int)")

    result = target("restore", "--from", backup.dump)

    assert result.code == 71
    assert "dict_rate_limit_states_hourly" in result.err
    assert values(target.url, THINGS) == ["dict_rate_limit_states_hourly"]


def test_a_restored_database_that_differs_is_reported(backup: Backup, target: Recovery) -> None:
    tables = json.loads(backup.file.read_text())["tables"]
    tables["public.dict_rate_limit_polls"]["digest"] = "1"
    edit(backup, tables=tables)

    result = target("restore", "--from", backup.dump)

    assert (result.code, result.out) == (65, "")
    assert "do not use this database: public.dict_rate_limit_polls: 2 rows as expected, but not the same" in result.err


def test_a_pg_restore_older_than_the_pg_dump_is_rejected(backup: Backup, target: Recovery) -> None:
    edit(backup, tools_major=99)

    result = target("restore", "--from", backup.dump)

    assert result.code == 71
    assert "pg_restore 99 or newer are needed" in result.err


def test_verification_needs_no_database(backup: Backup, target: Recovery) -> None:
    result = target("restore", "--from", backup.dump, "--verify-only", DATABASE_URL="")

    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("the backup is complete\n")


def test_verification_detects_damage(backup: Backup, target: Recovery) -> None:
    flip(backup)

    assert target("restore", "--from", backup.dump, "--verify-only", DATABASE_URL="").code == 65


@pytest.mark.parametrize(
    ("name", "words"), [("x.dump", "no such file"), ("latest", "no backup of dict-rate-limit is here")]
)
def test_a_missing_backup_is_reported(name: str, words: str, target: Recovery, tmp_path: Path) -> None:
    result = target("restore", "--from", tmp_path / name)

    assert (result.code, result.out) == (71, "")
    assert words in result.err


def test_a_missing_folder_is_reported(target: Recovery, tmp_path: Path) -> None:
    result = target("restore", "--from", tmp_path / "nowhere" / "latest")

    assert result.code == 71
    assert result.err == f"error: {tmp_path}/nowhere: No such file or directory\n"


def test_a_failed_manifest_deletes_its_dump(tmp_path: Path) -> None:
    dump = tmp_path / ".x.partial"
    dump.write_bytes(b"dump")
    in_the_way = tmp_path / f"{manifest().name}.json"
    in_the_way.mkdir()

    with pytest.raises(RecoveryError, match="Is a directory"):
        publish(dump, manifest())

    assert left_in(tmp_path) == [in_the_way.name]


@contextmanager
def role(url: str) -> Iterator[str]:
    """Make a role that may log in and owns nothing."""
    name = f"keeper_{database_of(url)}"
    execute(url, f"CREATE ROLE {name} LOGIN")
    try:
        yield name
    finally:
        execute(url, f"REASSIGN OWNED BY {name} TO postgres")
        execute(url, f"DROP ROLE {name}")


def database_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def edit(backup: Backup, **changed: object) -> None:
    document = json.loads(backup.file.read_text())
    backup.file.write_text(json.dumps({**document, **changed}))


def describe(backup: Backup) -> None:
    """Make the manifest fit a dump that was changed."""
    content = backup.dump.read_bytes()
    edit(backup, dump={"size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
