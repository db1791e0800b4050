"""Files that are read again after a change (a renewed Kubernetes secret, an operator's edit)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_Stamp = tuple[int, int, int, int] | None


class ReloadedFiles:
    """Reports whether one of some files has changed since the last call.

    Being created, written, replaced, removed, or made readable is a change. The files are checked at most once in
    `every` seconds.
    """

    def __init__(self, *paths: Path, monotonic: Callable[[], float], every: float = 1.0) -> None:
        self._paths = paths
        self._monotonic = monotonic
        self._every = every
        self._stamps: tuple[_Stamp, ...] | None = None
        self.next_check = float("-inf")

    def changed(self) -> bool:
        """Return whether the files have to be read; True at the first call."""
        now = self._monotonic()
        if now < self.next_check:
            return False
        self.next_check = now + self._every
        before, self._stamps = self._stamps, tuple(_stamp(path) for path in self._paths)
        return self._stamps != before

    def retry(self) -> None:
        """Report a change at the next check: reading has failed, which a file's stamp does not show."""
        self._stamps = None


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    # ctime shows a chmod and a rename over the file, which leave mtime and size as they are
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size
