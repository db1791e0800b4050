from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

import processes
from cli_program import run_command
from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.apps.local.port import free_port
from postgres_database import execute
from samples.recovery import Recovery, empty_database, everything, fill, left_in

if TYPE_CHECKING:
    from collections.abc import Iterator

BULK = """
    INSERT INTO dict_rate_limit_polls (participant, received_at, source, outcome, advanced, buckets, detail)
    SELECT n::text, now(), 's', 'OK', false, 0,
        (SELECT string_agg(md5(random()::text || n || k), '') FROM generate_series(1, 64) AS k)
    FROM generate_series(1, 2500) AS n
"""
"""Five megabytes that hardly shrink."""

END_WAITING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def recovery(migrated_database_url: str, capsys: pytest.CaptureFixture[str]) -> Recovery:
    return Recovery(capsys=capsys, url=migrated_database_url)


def test_a_backup_is_a_dump_and_its_manifest(recovery: Recovery, tmp_path: Path) -> None:
    fill(recovery.url)

    result = recovery("backup", "--to", tmp_path)

    dump = Path(result.out.strip())
    assert result.code == 0
    assert left_in(tmp_path) == [dump.name, dump.with_suffix(".json").name]
    assert dump.stat().st_mode & 0o077 == 0
    assert f"schema version {shipped_migrations()[-1].version}" in result.err
    assert "2 transitions not yet published" in result.err


def test_dump_and_counts_are_one_snapshot(recovery: Recovery, tmp_path: Path, postgres_server: str) -> None:
    fill(recovery.url)
    with writing(recovery.url):
        backup = recovery.backed_up(tmp_path)

    with empty_database(postgres_server) as url:
        restored = Recovery(capsys=recovery.capsys, url=url)("restore", "--from", backup.dump)
        copy = everything(url)

    source = everything(recovery.url)
    assert restored.code == 0, restored.err
    assert len(copy["dict_rate_limit_latest"]) == len(copy["dict_rate_limit_source_calls"])
    assert len(copy["dict_rate_limit_source_calls"]) < len(source["dict_rate_limit_source_calls"])


def test_older_backups_are_deleted_only_after_a_successful_one(recovery: Recovery, tmp_path: Path) -> None:
    first, second, third = (recovery.backed_up(tmp_path) for _ in range(3))

    failed = recovery("backup", "--to", tmp_path, "--keep", "2", PG_BIN_DIR="/nowhere")
    before = left_in(tmp_path)
    done = recovery("backup", "--to", tmp_path, "--keep", "2")

    assert failed.code == 71
    assert len(before) == 6
    assert done.err.splitlines()[-1] == "2 older backups deleted"
    assert not first.dump.exists()
    assert not second.file.exists()
    assert third.dump.exists()


def test_backups_of_the_last_days_are_retained(recovery: Recovery, tmp_path: Path) -> None:
    first = recovery.backed_up(tmp_path)

    recovery.backed_up(tmp_path, "--keep", "1", "--keep-days", "7")

    assert first.dump.exists()


def test_an_invalid_backup_is_reported_and_not_deleted(recovery: Recovery, tmp_path: Path) -> None:
    damaged = recovery.backed_up(tmp_path)
    damaged.dump.write_bytes(b"short")

    result = recovery("backup", "--to", tmp_path, "--keep", "1")

    assert result.code == 0
    assert damaged.file.exists()
    assert f"warning: not a valid backup, not deleted: {damaged.dump}: 5 bytes" in result.err


def test_remains_of_a_killed_run_are_deleted(recovery: Recovery, tmp_path: Path) -> None:
    (tmp_path / ".dict-rate-limit-0011aabb.partial").write_bytes(b"half")

    backup = recovery.backed_up(tmp_path)

    assert left_in(tmp_path) == [backup.dump.name, backup.file.name]


def test_a_missing_folder_is_not_created(recovery: Recovery, tmp_path: Path) -> None:
    result = recovery("backup", "--to", tmp_path / "backups")

    assert (result.code, result.out) == (71, "")
    assert result.err.startswith(f"error: {tmp_path}/backups: no such folder")
    assert left_in(tmp_path) == []


def test_a_read_only_folder_is_reported(recovery: Recovery) -> None:
    result = recovery("backup", "--to", "/proc/self")

    assert (result.code, result.out) == (71, "")
    assert result.err.startswith("error: /proc/self: ")


def test_a_file_above_the_size_limit_leaves_nothing(recovery: Recovery, tmp_path: Path) -> None:
    good = recovery.backed_up(tmp_path)
    execute(recovery.url, BULK)

    with largest_file(1_000_000):
        result = recovery("backup", "--to", tmp_path, "--keep", "1")

    assert (result.code, result.out) == (71, "")
    assert result.err.startswith("error: ")
    assert "pg_dump" in result.err
    assert left_in(tmp_path) == [good.dump.name, good.file.name]


def test_a_full_disk_leaves_nothing(recovery: Recovery, small_disk: Path) -> None:
    good = recovery.backed_up(small_disk)
    execute(recovery.url, BULK)

    result = recovery("backup", "--to", small_disk, "--keep", "1")

    assert (result.code, result.out) == (71, "")
    assert "No space left on device" in result.err
    assert left_in(small_disk) == [good.dump.name, good.file.name]


def test_two_concurrent_backups_in_one_folder_are_rejected(recovery: Recovery, tmp_path: Path) -> None:
    with blocked_backup(recovery.url, tmp_path):
        result = recovery("backup", "--to", tmp_path)

    assert result.code == 71
    assert "another backup is being written here" in result.err


def test_a_stopped_backup_leaves_no_files_and_no_pg_dump(recovery: Recovery, tmp_path: Path) -> None:
    with blocked_backup(recovery.url, tmp_path) as (process, pg_dump):
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)

    assert code == 130
    assert left_in(tmp_path) == []
    assert not Path(f"/proc/{pg_dump}").exists()


def test_the_password_is_in_no_argument_or_output(recovery: Recovery, tmp_path: Path) -> None:
    secret = urlsplit(recovery.url)._replace(netloc="postgres:hunter%202@").geturl()

    with blocked_backup(secret, tmp_path) as (process, pg_dump):
        words = Path(f"/proc/{pg_dump}/cmdline").read_text()
        variables = Path(f"/proc/{pg_dump}/environ").read_text().split("\0")
        while process.poll() is None:
            execute(recovery.url, END_WAITING)
        _, complaint = process.communicate()

    assert "hunter" not in words
    assert "PGPASSWORD=hunter 2" in variables
    assert not [variable for variable in variables if variable.startswith("DATABASE_URL=")]
    assert complaint.startswith(b"error: ")
    assert b"hunter" not in complaint


def test_a_secret_without_an_environment_variable_is_rejected(recovery: Recovery, tmp_path: Path) -> None:
    result = recovery("backup", "--to", tmp_path, DATABASE_URL=f"{recovery.url}&sslpassword=hunter2")

    assert result.code == 71
    assert "sslpassword cannot be passed to pg_dump in secret" in result.err
    assert "hunter2" not in result.err


def test_a_pg_dump_older_than_the_server_is_rejected(recovery: Recovery, tmp_path: Path) -> None:
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 15.4'\n")
        (tmp_path / name).chmod(0o755)

    result = recovery("backup", "--to", tmp_path, PG_BIN_DIR=str(tmp_path))

    assert result.code == 71
    assert "pg_dump and pg_restore 18 or newer are needed" in result.err
    assert f"{tmp_path}/pg_dump is of 15" in result.err


def test_a_missing_pg_dump_is_reported_with_the_search_path(recovery: Recovery, tmp_path: Path) -> None:
    result = recovery("backup", "--to", tmp_path, PG_BIN_DIR=str(tmp_path))

    assert result.code == 71
    assert "neither on the PATH, nor in PG_BIN_DIR" in result.err


def test_a_pg_dump_that_cannot_run_is_reported(recovery: Recovery, tmp_path: Path) -> None:
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text("#!/nowhere/interpreter\n")
        (tmp_path / name).chmod(0o755)

    result = recovery("backup", "--to", tmp_path, PATH=str(tmp_path))

    assert result.code == 71
    assert f"{tmp_path}/pg_dump cannot be run: No such file or directory" in result.err


def test_a_database_without_our_tables_is_not_backed_up(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = Recovery(capsys=capsys, url=database_url)("backup", "--to", tmp_path)

    assert result.code == 65
    assert "there is nothing to back up" in result.err
    assert left_in(tmp_path) == []


def test_an_unavailable_database_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    away = Recovery(capsys=capsys, url=f"postgresql://me:hunter2@127.0.0.1:{free_port()}/x")

    result = away("backup", "--to", tmp_path)

    assert result.code == 69
    assert "hunter2" not in result.err


def test_a_database_is_required(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "backup", "--to", str(tmp_path))

    assert (result.code, result.err.splitlines()[0][:28]) == (78, "error: DATABASE_URL: not set")


@contextmanager
def writing(url: str) -> Iterator[None]:
    """Write pairs of rows, each in one transaction, before, during and after the block."""
    begun, enough = threading.Event(), threading.Event()

    def write() -> None:
        with psycopg.connect(url) as connection:
            number = 0
            while not enough.is_set():
                number += 1
                connection.execute(
                    "INSERT INTO dict_rate_limit_source_calls VALUES (%(name)s, now())", {"name": f"P{number}"}
                )
                connection.execute(
                    "INSERT INTO dict_rate_limit_latest VALUES (%(name)s, 'X', 1, 1, 1, 1, '', 0, now(), now())",
                    {"name": f"P{number}"},
                )
                connection.commit()
                begun.set()

    execute(url, "DELETE FROM dict_rate_limit_latest")
    thread = threading.Thread(target=write)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        enough.set()
        thread.join()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Limit the size of files of this process, in place of a full disk, which needs rights."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "none", tmp_path], check=False, capture_output=True)  # noqa: S603 -- full path, no shell
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run([umount, tmp_path], check=True)  # noqa: S603 -- full path, no shell


@contextmanager
def blocked_backup(url: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a backup whose pg_dump waits for a table; gives the process and pg_dump's id."""
    command = [sys.executable, "-m", "dict_rate_limit", "backup", "--to", str(folder)]
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE dict_rate_limit_schema IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(  # noqa: S603 -- our own program
            command, env={"DATABASE_URL": url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            yield process, until_dumping(process)
        finally:
            process.kill()
            process.communicate()


def until_dumping(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process's pg_dump."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for child in children.read_text().split():
            entry = processes.read(int(child))
            if entry is not None and "--snapshot=" in entry[0]:
                return int(child)
        time.sleep(0.05)
    raise AssertionError(process.communicate())
