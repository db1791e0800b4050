"""Temporary folders."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield a new folder with a short path that the account of the embedded PostgreSQL may enter."""
    folder = Path(tempfile.mkdtemp(prefix="drl-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
