"""A server as a child process: started in its own session, awaited, stopped, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from dict_rate_limit.apps.local import parent_death_exec
from dict_rate_limit.domain.errors import DictRateLimitError

# Generous for a loaded machine. A process that dies is noticed at once.
START_TIMEOUT_SEC = 60.0
STOP_TIMEOUT_SEC = 2.0
POLL_SEC = 0.02
WATCH_SEC = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """How to run a program. `uid` is the account, None = the current one; `orphan_signal` follows our death."""

    name: str
    command: tuple[str, ...]
    log: Path
    uid: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM


@asynccontextmanager
async def running_process(
    program: ProcessSpec, ready: Callable[[int], bool], on_exit: Callable[[str], None] | None = None
) -> AsyncIterator[int]:
    """Run the program while the block runs; entered once `ready(pid)` is true; yields the process id.

    `on_exit` is called with one line when the program exits by itself. Call it on the main thread: the program ends
    with the thread that started it.

    Raises:
        EmbeddedError: the program exited, or was not ready in time.
    """
    child = start(program)
    watcher: asyncio.Task[None] | None = None
    try:
        await wait_until_ready(child, program, ready)
        if on_exit:
            watcher = asyncio.create_task(report_exit(child, program, on_exit))
        yield child.pid
    finally:
        if watcher:
            watcher.cancel()
        await stop(child, program)


async def report_exit(child: subprocess.Popen[bytes], program: ProcessSpec, on_exit: Callable[[str], None]) -> None:
    """Call `on_exit` when the program exits."""
    # asyncio's child watchers do not work in every event loop, so the state is polled.
    while child.poll() is None:  # noqa: ASYNC110
        await asyncio.sleep(WATCH_SEC)
    on_exit(failure_summary(program, "ended"))


async def run_to_completion(program: ProcessSpec) -> None:
    """Run the program to its end.

    Raises:
        EmbeddedError: it cannot start, or its exit code is not 0.
    """
    child = start(program)
    try:
        await asyncio.to_thread(child.wait)
    finally:
        await stop(child, program)
    if child.returncode:
        raise EmbeddedError(failure_summary(program, "failed"))


def start(program: ProcessSpec) -> subprocess.Popen[bytes]:
    """Start the program; its output goes to its log file."""
    folder = program.log.parent
    try:
        log = open_log(program.log)
    except OSError as error:
        message = f"{program.name} did not start: {error.strerror}: {error.filename}"
        raise EmbeddedError(message) from error
    try:
        return subprocess.Popen(  # noqa: S603 -- full paths, no shell
            [*parent_death_command(program), *program.command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            # Inherited variables such as PGPORT or TEMPORAL_NAMESPACE would change what the server does.
            env={"HOME": str(folder), "PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            # Ctrl-C in the terminal must not reach the server before the product has drained.
            start_new_session=True,
        )
    finally:
        os.close(log)


def parent_death_command(program: ProcessSpec) -> tuple[str, ...]:
    """Return the command prefix that ends the program when this process dies."""
    uid = "-" if program.uid is None else str(program.uid)
    orphan_signal = str(int(program.orphan_signal))
    return (sys.executable, "-I", "-S", str(Path(parent_death_exec.__file__)), str(os.getpid()), orphan_signal, uid)


async def wait_until_ready(child: subprocess.Popen[bytes], program: ProcessSpec, ready: Callable[[int], bool]) -> None:
    """Return once the program is ready."""
    deadline = time.monotonic() + START_TIMEOUT_SEC
    while not await asyncio.to_thread(ready, child.pid):
        if child.poll() is not None:
            raise EmbeddedError(failure_summary(program, "did not start"))
        if time.monotonic() > deadline:
            raise EmbeddedError(failure_summary(program, f"was not ready within {START_TIMEOUT_SEC:.0f} s"))
        await asyncio.sleep(POLL_SEC)


async def stop(child: subprocess.Popen[bytes], program: ProcessSpec) -> None:
    """Send the stop signal, and SIGKILL after the timeout."""
    if child.poll() is None:
        child.send_signal(program.stop_signal)
    try:
        await asyncio.to_thread(child.wait, STOP_TIMEOUT_SEC)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def failure_summary(program: ProcessSpec, what: str) -> str:
    """Return one line: what happened, and the last line of the program's log."""
    lines = program.log.read_text(errors="replace").splitlines()
    last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
    return f"{program.name} {what}: {last} ({program.log})"


class EmbeddedError(DictRateLimitError):
    """A component cannot start on this machine, or was lost. One line with the reason and, if known, the remedy."""


def open_log(log: Path) -> int:
    """Open a new log file. The file of the last run is renamed to `.log.1`.

    Raises:
        OSError: it cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        log.replace(log.with_suffix(".log.1"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)


def binary(package: str, ending: str, instead: str) -> Path:
    """Return the path of the package's file with this ending. `instead` is the setting of an external server.

    Raises:
        EmbeddedError: the package or the file is missing.
    """
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError as error:
        raise EmbeddedError(missing(package, instead)) from error
    for file in files:
        path = Path(str(file.locate()))
        if str(file).endswith(ending) and path.exists():
            return path.resolve()
    raise EmbeddedError(missing(package, instead))


def missing(package: str, instead: str) -> str:
    """Return the error text with the remedy."""
    return f"{package} is not installed: run `make up`, or pip install 'dict-rate-limit[embedded]', or set {instead}"
