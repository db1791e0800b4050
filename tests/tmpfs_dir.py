"""The folder for data of temporary servers: in memory if there is enough."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 -- what systems call it
USUAL = "/tmp"  # noqa: S108 -- likewise
ROOM_BYTES = 4 * 2**30


@cache
def tmpfs_dir() -> str:
    """Return a folder for temporary folders.

    Most of what a test of the database takes is making the database and dropping it, four times as long on a disk.
    """
    usual = tempfile.gettempdir()
    return str(MEMORY) if usual == USUAL and _fits(MEMORY) else usual


def _fits(folder: Path) -> bool:
    """Return whether whole clusters fit and programs may run there. Copies of the programs are beside the data."""
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return False
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return min(shutil.disk_usage(folder).free, _available_bytes()) >= ROOM_BYTES


def _available_bytes() -> int:
    """Return the available memory of the system and the container."""
    found = re.search(r"MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text(encoding="ascii").strip() if limit.exists() else "max"
    return min(int(found[1]) * 1024 if found else 0, ROOM_BYTES if text == "max" else int(text))
