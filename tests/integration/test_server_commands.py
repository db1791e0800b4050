"""The servers start, and end well, while nothing they need can be reached."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
import structlog

from cli_program import run_command
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.apps.cli.health import health
from dict_rate_limit.apps.local.port import free_port
from postgres_database import execute

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def healthy(url: str) -> bool:
    try:
        return health(url=url) == 0
    except CommandError:
        return False


def stop_when_healthy(url: str, seen: list[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if healthy(url):
            seen.append(url)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(0.05)


@pytest.mark.parametrize(("command", "port"), [("api", "PORT"), ("worker", "METRICS_PORT")])
def test_a_server_runs_without_its_dependencies_and_stops_on_request(
    command: str, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    environ = {
        "PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "DATABASE_URL": f"postgresql://me:hunter2@{nobody}/x",
        "REDIS_ADDR": nobody,
        "BRIDGE_GRPC_ADDRESS": nobody,
        "TEMPORAL_HOST": nobody,
    }
    seen: list[str] = []
    stopper = threading.Thread(target=stop_when_healthy, args=(f"http://127.0.0.1:{environ[port]}/health", seen))
    stopper.start()

    result = run_command(capsys, command, environ=environ)

    stopper.join()
    assert seen
    assert (result.code, result.err) == (0, "")
    assert all(json.loads(line)["event"] for line in result.out.splitlines())
    assert "hunter2" not in result.out


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_server_rejects_an_incompatible_newer_schema(
    command: str, migrated_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(migrated_database_url, "UPDATE dict_rate_limit_schema SET oldest_code = 999")
    nobody = f"127.0.0.1:{free_port()}"
    environ = {
        "PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "DATABASE_URL": migrated_database_url,
        "REDIS_ADDR": nobody,
        "BRIDGE_GRPC_ADDRESS": nobody,
        "TEMPORAL_HOST": nobody,
    }

    result = run_command(capsys, command, environ=environ)

    assert result.code == Exit.DATA
    assert "the schema serves code from migration 999 on" in result.err
