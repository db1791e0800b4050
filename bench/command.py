"""Processes under measurement, with an environment of their own. They end with the benchmark."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError, MissingToolError
from dict_rate_limit.apps.local import parent_death_exec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

START_TIMEOUT_SEC = 60.0
STOP_TIMEOUT_SEC = 15.0
CHECK_INTERVAL_SEC = 0.01
PRODUCT = (sys.executable, "-m", "dict_rate_limit")
PATH = f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def tool(name: str) -> str:
    """Return the path of an installed program.

    Raises:
        MissingToolError: it is not installed.
    """
    path = shutil.which(name, path=PATH)
    if path is None:
        message = f"{name} is not installed"
        raise MissingToolError(message)
    return path


@asynccontextmanager
async def running(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    ready: Callable[[], Awaitable[bool]],
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run the command while the block runs, from when `ready()` is true. Its output goes to `folder`/log.

    Raises:
        BenchError: it ended, or was not ready in time.
    """
    child = start(command, folder, environment)
    try:
        await until_ready(child, folder, ready)
        yield child
    finally:
        await asyncio.to_thread(stop, child)


def start(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the command in its own session. It ends when this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    tie = (sys.executable, "-I", "-S", parent_death_exec.__file__, str(os.getpid()), str(int(signal.SIGTERM)), "-")
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*tie, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": PATH, "HOME": str(folder), **environment},
            start_new_session=True,
        )


async def until_ready(child: subprocess.Popen[bytes], folder: Path, ready: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `ready()` is true.

    Raises:
        BenchError: the process ended, or was not ready in time.
    """
    deadline = time.monotonic() + START_TIMEOUT_SEC
    while not await ready():
        if child.poll() is not None or time.monotonic() > deadline:
            lines = (folder / "log").read_text(errors="replace").strip().splitlines()[-12:]
            message = "\n".join((f"not ready, exit code {child.poll()}:", *lines))
            raise BenchError(message)
        await asyncio.sleep(CHECK_INTERVAL_SEC)


def stop(child: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> float:
    """Signal the process to end, and kill it after a timeout; return the seconds it took."""
    began = time.monotonic()
    if child.poll() is None:
        child.send_signal(how)
    try:
        child.wait(STOP_TIMEOUT_SEC)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return time.monotonic() - began
