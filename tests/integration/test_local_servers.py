from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis.asyncio
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow, ScheduleSpec

from dict_rate_limit.apps.local.postgres import embedded_postgres
from dict_rate_limit.apps.local.process import EmbeddedError
from dict_rate_limit.apps.local.temporal import embedded_temporal
from dict_rate_limit.apps.local.valkey import embedded_valkey
from processes import have_ended, processes_in

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL_SERVERS_UNTIL_TOLD = """
import asyncio, contextlib, pathlib, sys
from dict_rate_limit.apps.local.postgres import embedded_postgres
from dict_rate_limit.apps.local.temporal import embedded_temporal
from dict_rate_limit.apps.local.valkey import embedded_valkey

async def main(folder):
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(embedded_postgres(folder / "postgres"))
        await stack.enter_async_context(embedded_valkey(folder / "valkey"))
        await stack.enter_async_context(embedded_temporal(folder / "temporal"))
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


def is_there(folder: str | None) -> bool:
    return Path(str(folder)).exists()


@contextmanager
def parent_of_all(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], set[int]]]:
    """Run a process with all servers; gives it and them."""
    command = [sys.executable, "-c", ALL_SERVERS_UNTIL_TOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as parent:  # noqa: S603 -- our own text
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        servers = processes_in(folder) - {parent.pid}
        try:
            yield parent, servers
        finally:
            parent.kill()
            assert have_ended(servers, within_sec=5)


async def test_postgresql_data_survives_a_restart(data_folder: Path) -> None:
    async with embedded_postgres(data_folder) as url, await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("CREATE TABLE answers AS SELECT 42 AS answer")
    async with embedded_postgres(data_folder) as url, await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute("SELECT answer FROM answers")

        row = await cursor.fetchone()

    assert row == (42,)


async def test_postgresql_does_not_listen_on_the_network(data_folder: Path) -> None:
    async with embedded_postgres(data_folder) as url, await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute("SELECT current_setting('listen_addresses')")

        row = await cursor.fetchone()

    assert row == ("",)


async def test_postgresql_rejects_other_users(data_folder: Path) -> None:
    async with embedded_postgres(data_folder):
        mode = (data_folder / "cluster").stat().st_mode & 0o777

    assert mode == 0o700


async def test_valkey_data_survives_a_restart(data_folder: Path) -> None:
    async with embedded_valkey(data_folder) as address, redis.asyncio.from_url(f"redis://{address}") as client:
        await client.set("answer", "42")
    async with embedded_valkey(data_folder) as address, redis.asyncio.from_url(f"redis://{address}") as client:
        answer = await client.get("answer")

    assert answer == b"42"


async def test_valkey_without_a_folder_leaves_no_files() -> None:
    async with embedded_valkey(None) as address, redis.asyncio.from_url(f"redis://{address}") as client:
        settings = await client.config_get("dir")

    assert not is_there(settings["dir"])


async def test_temporal_schedules_survive_a_restart(data_folder: Path) -> None:
    action = ScheduleActionStartWorkflow("Nothing", id="nothing", task_queue="nobody")
    async with embedded_temporal(data_folder) as address:
        client = await Client.connect(address, namespace="dict")
        await client.create_schedule("kept", Schedule(action=action, spec=ScheduleSpec()))
    async with embedded_temporal(data_folder) as address:
        client = await Client.connect(address, namespace="dict")

        description = await client.get_schedule_handle("kept").describe()

    assert description.id == "kept"


async def test_stopping_leaves_no_process(data_folder: Path) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(embedded_postgres(data_folder / "postgres"))
        await stack.enter_async_context(embedded_valkey(data_folder / "valkey"))
        await stack.enter_async_context(embedded_temporal(data_folder / "temporal"))
        running = processes_in(data_folder)

    assert len(running) > 3  # PostgreSQL is several processes
    assert processes_in(data_folder) == set()


def test_killing_the_parent_leaves_no_process(data_folder: Path) -> None:
    with parent_of_all(data_folder) as (parent, servers):
        parent.kill()

        ended = have_ended(servers, within_sec=5)

    assert len(servers) > 3
    assert ended


def test_ctrl_c_in_the_terminal_does_not_reach_the_servers(data_folder: Path) -> None:
    with parent_of_all(data_folder) as (parent, servers):
        groups = {os.getpgid(pid) for pid in servers}

    assert parent.pid not in groups


async def test_postgresql_starts_at_once_after_its_parent_was_killed(data_folder: Path) -> None:
    with parent_of_all(data_folder) as (parent, _):
        parent.kill()

        async with (
            embedded_postgres(data_folder / "postgres") as url,
            await psycopg.AsyncConnection.connect(url) as connection,
        ):
            cursor = await connection.execute("SELECT 1")
            row = await cursor.fetchone()

    assert row == (1,)


async def test_a_cluster_of_another_major_version_is_a_one_line_error(data_folder: Path) -> None:
    async with embedded_postgres(data_folder):
        pass
    (data_folder / "cluster" / "PG_VERSION").write_text("16\n")

    with pytest.raises(
        EmbeddedError, match=r"^PostgreSQL did not start: .*version 16.*not compatible.*postgres\.log\)$"
    ):
        async with embedded_postgres(data_folder):
            pass


async def test_a_file_in_place_of_the_folder_is_a_one_line_error(data_folder: Path) -> None:
    place = data_folder / "taken"
    place.write_text("a file")

    with pytest.raises(EmbeddedError, match=r"^PostgreSQL cannot use .*/taken: .*File exists"):
        async with embedded_postgres(place):
            pass
    with pytest.raises(EmbeddedError, match=r"^Temporal did not start: File exists: .*/taken$"):
        async with embedded_temporal(place):
            pass


async def test_a_path_too_long_for_a_socket_is_a_one_line_error(data_folder: Path) -> None:
    place = data_folder / ("x" * 100)

    with pytest.raises(EmbeddedError, match=r"^the path of the data folder is \d+ bytes too long"):
        async with embedded_postgres(place):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives PostgreSQL another account")
async def test_a_folder_only_root_can_enter_is_a_one_line_error(data_folder: Path) -> None:
    closed = data_folder / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(EmbeddedError, match=r"^PostgreSQL runs as \w+ here and may not enter .*/closed: "):
        async with embedded_postgres(closed / "postgres"):
            pass
