"""Information about processes on this machine."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ZOMBIE = "Z"  # ended, and only not yet reaped: no process to speak of


def processes_in(folder: Path) -> set[int]:
    """Return the processes whose command or working folder is in the folder."""
    return {pid for pid in process_ids() if (entry := read(pid)) is not None and belongs(entry, folder)}


def belongs(entry: tuple[str, str, str], folder: Path) -> bool:
    command, state, place = entry
    return state != ZOMBIE and (str(folder) in command or Path(place).is_relative_to(folder))


def have_ended(processes: set[int], *, within_sec: float) -> bool:
    """Return whether all of these end in time."""
    deadline = time.monotonic() + within_sec
    while time.monotonic() < deadline:
        if not any(is_running(pid) for pid in processes):
            return True
        time.sleep(0.02)
    return False


def is_running(pid: int) -> bool:
    entry = read(pid)
    return entry is not None and entry[1] != ZOMBIE


def process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def read(pid: int) -> tuple[str, str, str] | None:
    """Return command, state and working folder of a process, or None if it ended or belongs to another user."""
    entry = Path("/proc") / str(pid)
    try:
        command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        return command, state, str((entry / "cwd").readlink()) if state != ZOMBIE else ""
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


@contextmanager
def default_handler(number: signal.Signals) -> Iterator[None]:
    """Restore the default handler of a signal, which nohup or "&" may have set to ignore."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)
