"""Fail on a tracked file that is too large for the repository, or was built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MAX_BYTES = 500_000
PICTURES = Path("docs/images")
BUILT = {".whl"}


def main() -> int:
    """Measure every tracked file, print every violation, return the exit code."""
    listing = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True, text=True)  # noqa: S607
    paths = [path for name in listing.stdout.split("\0") if name and (path := Path(name)).is_file()]
    violations = [f"{path}: built, must not be tracked" for path in paths if path.suffix in BUILT]
    violations += [
        f"{path}: {size:,} bytes, at most {MAX_BYTES:,}"
        for path in paths
        if PICTURES not in path.parents and (size := path.stat().st_size) > MAX_BYTES
    ]
    sys.stderr.writelines(f"{violation}\n" for violation in violations)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
