"""The commands `api`, `worker` and `up`. Each imports its program when it runs."""

from __future__ import annotations

import asyncio
import signal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop

from dict_rate_limit.apps.cli.exit_codes import Exit, code_of
from dict_rate_limit.apps.local.port import require_free_port
from dict_rate_limit.bootstrap.logs import start_logging
from dict_rate_limit.settings import Program, load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dict_rate_limit.bootstrap.telemetry import LogContexts
    from dict_rate_limit.settings import Settings

    Entry = Callable[[Settings, asyncio.Event, LogContexts], Awaitable[None]]


def api(context: typer.Context) -> int:
    """Serve the API, the page and /metrics until SIGTERM or Ctrl-C.

    Configured by environment variables: see `dict-rate-limit config`.
    """
    return _serve(context.obj, Program.API, "dict_rate_limit.apps.api.program")


def worker(context: typer.Context) -> int:
    """Poll DICT, store and evaluate readings, publish and notify, until SIGTERM or Ctrl-C.

    Configured by environment variables: see `dict-rate-limit config`.
    """
    return _serve(context.obj, Program.WORKER, "dict_rate_limit.apps.worker")


def up(
    context: typer.Context, *, data: Annotated[str | None, typer.Option(help="Data folder; also DATA_DIR.")] = None
) -> None:
    """Run the whole product on this machine until Ctrl-C.

    Starts PostgreSQL, Temporal, Valkey and a simulated DICT, except those whose address is set: DATABASE_URL,
    TEMPORAL_HOST, REDIS_ADDR, BRIDGE_GRPC_ADDRESS.
    """
    command = import_module("dict_rate_limit.apps.local.up").up_command
    command(context.obj, None if data is None else Path(data), code_of)


def _serve(environ: Mapping[str, str], kind: Program, module: str) -> int:
    settings = load(environ, program=kind)
    if kind is Program.API:
        require_free_port(settings.host, settings.port, "PORT")
    require_free_port(settings.host, settings.metrics_port, "METRICS_PORT")
    contexts: LogContexts = []
    start_logging(settings, f"dict-rate-limit-{kind.value}", contexts)
    program: Entry = import_module(module).program
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_until_signal(program, settings, contexts))
    return Exit.OK


async def _run_until_signal(program: Entry, settings: Settings, contexts: LogContexts) -> None:
    shutdown = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, shutdown.set)
    await program(settings, shutdown, contexts)
