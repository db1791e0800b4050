"""`dict-rate-limit up`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from typing import TYPE_CHECKING, Final, NoReturn

import uvloop
from rich.console import Console
from rich.text import Text

from dict_rate_limit.apps.local.data_folder import default_folder, locked_folder
from dict_rate_limit.apps.local.local_stack import LocalStack, dependencies_running
from dict_rate_limit.apps.local.port import LOOPBACK, require_free_port
from dict_rate_limit.apps.local.process import open_log
from dict_rate_limit.apps.local.progress_table import ProgressTable
from dict_rate_limit.apps.local.prometheus import local_prometheus
from dict_rate_limit.apps.local.startup import COMPONENTS, PROMETHEUS, Shutdown, Startup
from dict_rate_limit.bootstrap.logs import start_logging
from dict_rate_limit.domain.errors import DictRateLimitError
from dict_rate_limit.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from typing import TextIO

    from dict_rate_limit.bootstrap.telemetry import LogContexts
    from dict_rate_limit.settings import Settings

    Product = Callable[[Settings, Startup], AbstractAsyncContextManager[None]]

LOG: Final = "dict-rate-limit.log"

FORCED_EXIT: Final = 130
"""Exit code of a forced exit: a second Ctrl-C, or a component that did not stop in time."""

INTERNAL_ERROR: Final = 70
"""Exit code of an internal error."""


def up_command(environ: Mapping[str, str], data: Path | None, code_of: Callable[[DictRateLimitError], int]) -> NoReturn:
    """Run until a shutdown is requested, then exit with 0 or with the error's code."""
    code = exit_code_of_run(Console(stderr=True, highlight=False), environ, data, code_of)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of gRPC, Temporal and Pulsar may crash during an ordinary interpreter exit.
    os._exit(code)


def exit_code_of_run(
    console: Console, environ: Mapping[str, str], data: Path | None, code_of: Callable[[DictRateLimitError], int]
) -> int:
    """Run, report errors on the console, and return the exit code."""
    try:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(up(console, environ, data))
    except DictRateLimitError as error:
        for line in str(error).splitlines():
            console.print(Text(f"error: {line}", style="red"), soft_wrap=True)
        return code_of(error)
    # Ctrl-C before the signal handlers were installed.
    except KeyboardInterrupt:
        return FORCED_EXIT
    except Exception:  # noqa: BLE001 -- the process ends here and must still say why
        traceback.print_exc()
        return INTERNAL_ERROR
    return 0


async def up(console: Console, environ: Mapping[str, str], data: Path | None, product: Product | None = None) -> None:
    """Run until a shutdown is requested.

    Raises:
        SettingsError: all problems of the settings.
        EmbeddedError: a component could not start, or was lost.
    """
    settings = load(environ)
    require_free_port(settings.host, settings.port, "PORT")
    require_free_port(settings.host, settings.metrics_port, "METRICS_PORT")
    if settings.observe:
        require_free_port(LOOPBACK, settings.observe_port, "OBSERVE_PORT")
    with locked_folder(data or settings.data_dir or default_folder(environ, os.geteuid())) as folder:
        contexts: LogContexts = []
        log = configure_log(settings, folder, contexts)
        shown = (*COMPONENTS, PROMETHEUS) if settings.observe else COMPONENTS
        with ProgressTable(console, time.monotonic, shown) as progress:
            startup = Startup(progress=progress, shutdown=Shutdown(exit_now), log=log, contexts=contexts)
            stack = LocalStack(environ=environ, settings=settings, folder=folder)
            await startup.shutdown.supervise(run_until_shutdown(console, stack, startup, product))
    console.print(Text(f"stopped; the data remains in {folder}"), soft_wrap=True)


async def run_until_shutdown(console: Console, stack: LocalStack, startup: Startup, product: Product | None) -> None:
    """Start every component, wait for a shutdown, stop every component."""
    loading = asyncio.create_task(asyncio.to_thread(load_product))
    async with (
        dependencies_running(stack, startup.progress, startup.shutdown.component_lost) as settings,
        (product or await loading)(settings, startup),
        local_prometheus(settings, stack.folder / "prometheus", startup.progress) as prometheus,
    ):
        startup.progress.close()
        announce(console, settings, stack.folder, prometheus)
        startup.shutdown.started = True
        await startup.shutdown.requested.wait()
        console.print("stopping ...")


def load_product() -> Product:
    # The import takes as long as the servers take to start, so it runs in a thread meanwhile.
    from dict_rate_limit.apps.local.product import running  # noqa: PLC0415

    return running


def configure_log(settings: Settings, folder: Path, contexts: LogContexts) -> TextIO:
    """Send log lines to a file, as the terminal shows the table."""
    stream = os.fdopen(open_log(folder / LOG), "w", buffering=1, encoding="utf-8")
    start_logging(settings, "dict-rate-limit-up", contexts, stream)
    return stream


def announce(console: Console, settings: Settings, folder: Path, prometheus: str | None = None) -> None:
    """Print the addresses of the product."""
    host = url_host(settings.host)
    lines = (
        "",
        f"  Page     http://{host}:{settings.port}/",
        f"  API      http://{host}:{settings.port}/api/v1/rate-limit/policies",
        f"  Metrics  http://{host}:{settings.metrics_port}/metrics",
        *([] if prometheus is None else [f"  Rules    http://{prometheus}/alerts (Prometheus)"]),
        f"  Data     {folder} (log: {LOG})",
        "",
        "Ctrl-C stops everything.",
    )
    console.print(Text("\n".join(lines)), soft_wrap=True)


def url_host(host: str) -> str:
    """Return the host for a URL on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not bound
    return f"[{host}]" if ":" in host else host


def exit_now() -> None:
    """Exit at once. The servers end with this process."""
    sys.stderr.write("forced exit\n")
    sys.stderr.flush()
    os._exit(FORCED_EXIT)
