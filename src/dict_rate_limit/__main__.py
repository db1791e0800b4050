"""The program `dict-rate-limit`. This file must be readable by older Pythons: they get a sentence, not a traceback."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress

OLDEST = (3, 11)


def main() -> None:
    """Run the command this process was started with, and end the process with its exit code."""
    if sys.version_info < OLDEST:
        here, needed = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST))
        sys.exit(f"dict-rate-limit needs Python {needed} or newer; this is {here}: {sys.executable}")
    from dict_rate_limit.apps.cli.program import COMMANDS, Source, run  # noqa: PLC0415 - not before the version is known

    # We fork only to start programs. gRPC would prepare for more, and say on stderr each time that it cannot.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    home = "dict_rate_limit.apps.cli.serve"
    servers = {
        "up": Source(summary="Run the whole product on this machine.", module=home),
        "api": Source(summary="Serve the API, the page and /metrics.", module=home),
        "worker": Source(summary="Poll, keep, judge and tell.", module=home),
    }
    code = run(sys.argv[1:], os.environ, {**servers, **COMMANDS})
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed by whoever read it
            stream.flush()
    os._exit(code)  # threads of gRPC and Temporal do not survive an ordinary end of the interpreter


if __name__ == "__main__":
    main()
