"""Runs the images of this work tree with scripts/images, as their own user, on a read-only root."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_box import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SCRIPT = str(REPOSITORY / "scripts/images")
TIMEOUT_SEC = 60
CHECK_INTERVAL_SEC = 0.1


def build() -> None:
    """Build all three on the local base. Unchanged layers are reused."""
    subprocess.run([SCRIPT, "build", "--local-base"], check=True)


def configuration(name: str) -> dict[str, Any]:
    """Return the configuration of the image: User, Env, Entrypoint, Healthcheck, Labels ..."""
    done = subprocess.run([SCRIPT, "inspect", name], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compressed_bytes(name: str, folder: Path) -> int:
    """Return the size of a pull: the compressed layers and the configuration."""
    subprocess.run([SCRIPT, "archive", name, str(folder)], check=True, capture_output=True)
    return sum(blob.stat().st_size for blob in (folder / "blobs").rglob("*") if blob.is_file())


def options(environment: Mapping[str, str], *, on_host_network: bool = False) -> list[str]:
    """Return the options of `scripts/images run`."""
    words = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    return [*words, "--network", "host"] if on_host_network else words


def ended(
    name: str, *command: str, environment: Mapping[str, str] | None = None, on_host_network: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a container until it ends. Without a command it runs the entrypoint of the image."""
    words = options(environment or {}, on_host_network=on_host_network)
    tail = ["--", *command] if command else []
    return subprocess.run(
        [SCRIPT, "run", name, *words, *tail], check=False, capture_output=True, text=True, timeout=TIMEOUT_SEC
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A running container."""

    process: subprocess.Popen[bytes]
    pid_file: Path
    log: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one more command inside, as the container's user."""
        return subprocess.run(
            [SCRIPT, "exec", str(self.pid_file), *command],
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SEC,
        )

    def wait_for(self, *command: str) -> None:
        """Run a command inside until it succeeds."""
        deadline = time.monotonic() + TIMEOUT_SEC
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self.pid_file.exists() and self.run(*command).returncode == 0:
                return
            time.sleep(CHECK_INTERVAL_SEC)
        message = f"{command} never succeeded:\n{self.log.read_text()}"
        raise AssertionError(message)

    def terminate(self) -> int:
        """Send SIGTERM to its first process and return the code it ends with."""
        os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
        return self.process.wait(TIMEOUT_SEC)


@contextmanager
def running(name: str, environment: Mapping[str, str], folder: Path) -> Iterator[Container]:
    """Run a container while the block runs, in a network of its own."""
    pid_file, log = folder / "pid", folder / "log"
    words = [SCRIPT, "run", name, "--pid-file", str(pid_file), *options(environment)]
    with log.open("wb") as out, subprocess.Popen(words, stdout=out, stderr=out) as process:
        try:
            yield Container(process=process, pid_file=pid_file, log=log)
        finally:
            if process.poll() is None and pid_file.exists():
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
