"""The data folder of the embedded servers, and its lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dict_rate_limit.apps.local.process import EmbeddedError

NAME: Final = "dict-rate-limit"
SYSTEM_WIDE: Final = Path("/var/lib")
ROOT_UID: Final = 0
LOCK: Final = "up.lock"


def default_folder(environ: Mapping[str, str], uid: int) -> Path:
    """Return the data folder of this account."""
    if uid == ROOT_UID:
        return SYSTEM_WIDE / NAME
    named = Path(environ.get("XDG_DATA_HOME", ""))
    home = environ.get("HOME", "")
    if not named.is_absolute() and not home:
        message = "there is no home folder for the data: name one with --data or DATA_DIR"
        raise EmbeddedError(message)
    return (named if named.is_absolute() else Path(home) / ".local" / "share") / NAME


@contextmanager
def locked_folder(folder: Path) -> Iterator[Path]:
    """Create the folder and lock it against other runs of `up`; yields its absolute path.

    Raises:
        EmbeddedError: it cannot be written, or another process has locked it.
    """
    try:
        folder = create(folder)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        message = f"the data folder {folder} cannot be written ({error.strerror}): name another with --data or DATA_DIR"
        raise EmbeddedError(message) from error
    try:
        acquire_lock(lock, folder)
        yield folder
    finally:
        # The kernel releases the lock with the file, also when the process is killed.
        os.close(lock)


def create(folder: Path) -> Path:
    """Create the folder with private access."""
    folder = folder.expanduser().resolve()
    missing = [ancestor for ancestor in (folder, *folder.parents) if not ancestor.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == ROOT_UID:
        for ancestor in missing:
            # PostgreSQL runs as another account and must reach its folder inside. The umask does not apply to chmod.
            ancestor.chmod(0o711)
    elif missing:
        folder.chmod(0o700)
    return folder


def acquire_lock(lock: int, folder: Path) -> None:
    """Lock the file and write the process id into it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
        message = f"the data folder {folder} is in use by process {holder}: stop it, or name another with --data"
        raise EmbeddedError(message) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
