"""A running program reports the version of the package: in its log, its metrics and its OpenAPI document."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from dict_rate_limit.apps.local.port import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
START_TIMEOUT_SEC = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    url: str
    metrics_url: str
    log: Path


def get(url: str) -> httpx.Response:
    deadline = time.monotonic() + START_TIMEOUT_SEC
    while True:
        try:
            return httpx.get(url, trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def running_api(folder: Path) -> Iterator[Api]:
    """Run the API with the settings it must have; no server behind them answers."""
    port, metrics_port, unused = free_port(), free_port(), f"127.0.0.1:{free_port()}"
    environ = {
        "PORT": str(port),
        "METRICS_PORT": str(metrics_port),
        "LOG_FORMAT": "json",
        "DATABASE_URL": f"postgresql://u:p@{unused}/d",
        "REDIS_ADDR": unused,
        "BRIDGE_GRPC_ADDRESS": unused,
    }
    log = folder / "log"
    command = [sys.executable, "-m", "dict_rate_limit", "api"]
    with (
        log.open("wb") as out,
        subprocess.Popen(  # noqa: S603 -- our own command
            command, env=environ, stdout=out, stderr=out
        ) as process,
    ):
        try:
            yield Api(url=f"http://127.0.0.1:{port}", metrics_url=f"http://127.0.0.1:{metrics_port}/metrics", log=log)
        finally:
            process.terminate()
            process.wait()


def test_the_installed_package_has_the_version_of_the_tree() -> None:
    assert version("dict-rate-limit") == VERSION


def test_the_command_prints_the_version_of_the_package() -> None:
    command = [sys.executable, "-m", "dict_rate_limit", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 -- our own command

    assert done.stdout == f"dict-rate-limit {VERSION}\n"


def test_log_metrics_and_openapi_document_have_the_version_of_the_package(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        document = get(f"{api.url}/schema").json()
        series = get(api.metrics_url).text

    lines = [json.loads(line) for line in api.log.read_text(encoding="utf-8").splitlines()]
    assert document["info"]["version"] == VERSION
    assert f'dict_rate_limit_build_info{{version="{VERSION}"}} 1.0' in series
    assert {line["version"] for line in lines} == {VERSION}
