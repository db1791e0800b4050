"""The entry point of `dict-rate-limit`. Older Pythons must be able to compile this file to report their version."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress

OLDEST = (3, 11)


def main() -> None:
    """Run the command of this process, and exit with its exit code."""
    if sys.version_info < OLDEST:
        here, needed = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST))
        sys.exit(f"dict-rate-limit needs Python {needed} or newer; this is {here}: {sys.executable}")
    from dict_rate_limit.apps.cli.program import run  # noqa: PLC0415 - not before the version is known

    # The product forks only to start programs. gRPC's fork handlers would print a warning on each fork.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    code = run(sys.argv[1:], os.environ)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        # The reader of the output may have closed it.
        with suppress(OSError, ValueError):
            stream.flush()
    # Threads of gRPC and Temporal may crash during an ordinary interpreter exit.
    os._exit(code)


if __name__ == "__main__":
    main()
