"""`dict-rate-limit up` as users run it: a process, a data folder, Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from dict_rate_limit.apps.local.port import free_port
from processes import have_ended, processes_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

PATIENCE_SEC = 90
SYSTEM = 71  # exit code of a system error


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A running `up`, with its output in a file."""

    process: subprocess.Popen[bytes]
    port: int
    metrics_port: int
    words: Path

    def get(self, path: str) -> httpx.Response:
        return self._first(f"http://127.0.0.1:{self.port}{path}", "")

    def metrics_with(self, text: str) -> str:
        return self._first(f"http://127.0.0.1:{self.metrics_port}/metrics", text).text

    def until_said(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE_SEC
        while text not in self.words.read_text():
            assert time.monotonic() < deadline, self.words.read_text()
            assert self.process.poll() is None, self.words.read_text()
            time.sleep(0.1)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SEC)

    def _first(self, url: str, text: str) -> httpx.Response:
        """Request until a successful response contains the text."""
        deadline = time.monotonic() + PATIENCE_SEC
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.words.read_text()
            try:
                answer = httpx.get(url)
                if answer.is_success and text in answer.text:
                    return answer
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.words.read_text())


@contextmanager
def up(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Up]:
    port, metrics_port = free_port(), free_port()
    ports = {"PORT": str(port), "METRICS_PORT": str(metrics_port)}
    words = folder / f"{port}.txt"
    with words.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            command(folder), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=clean() | ports | dict(environ or {})
        )
    with process:
        try:
            yield Up(process=process, port=port, metrics_port=metrics_port, words=words)
        finally:
            process.kill()
            assert have_ended(processes_in(folder), within_sec=10)


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "dict_rate_limit", "up", "--data", str(folder)]


def clean() -> dict[str, str]:
    """Return the environment of this process without the variables of the product."""
    prefixes = (
        "DATABASE_URL",
        "REDIS_",
        "TEMPORAL_",
        "BRIDGE_",
        "DATA_DIR",
        "PARTICIPANTS",
        "WORKFLOW_",
        "HOST",
        "AUTH_",
    )
    environ = os.environ  # noqa: TID251 -- coverage hands its own variables down
    return {name: value for name, value in environ.items() if not name.startswith(prefixes)}


def refused(folder: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    ended = subprocess.run(  # noqa: S603 -- our own command
        command(folder), env=clean() | dict(environ), capture_output=True, text=True, timeout=PATIENCE_SEC, check=False
    )
    return ended.returncode, ended.stderr


def test_policies_and_alerts_appear_and_ctrl_c_leaves_nothing(data_folder: Path) -> None:
    with up(data_folder) as running:
        policies = running.get("/api/v1/rate-limit/policies").json()
        page = running.get("/")
        alerts = running.metrics_with("dict_rate_limit_alerts_open{")
        running.until_said("Ctrl-C stops everything.")
        code = running.end(signal.SIGINT)
        left = processes_in(data_folder)

    assert policies["total"] >= 29
    assert page.headers["content-type"].startswith("text/html")
    assert "dict_rate_limit_tokens_available{" in alerts
    assert code == 0  # another code means that it was killed
    assert left == set()


def test_the_next_start_has_the_stored_data(data_folder: Path) -> None:
    with up(data_folder) as first:
        first.metrics_with('outcome="OK"')
        first.end(signal.SIGTERM)
        words = first.words.read_text()
    with up(data_folder) as second:
        second.until_said("up to date")
        metrics = second.metrics_with('outcome="OK"')
        second.end(signal.SIGTERM)

    assert "migrations applied" in words
    assert "dict_rate_limit_tokens_available{" in metrics


def test_killing_it_leaves_no_server(data_folder: Path) -> None:
    with up(data_folder) as running:
        running.until_said("Ctrl-C stops everything.")
        servers = processes_in(data_folder) - {running.process.pid}

        running.end(signal.SIGKILL)

        ended = have_ended(servers, within_sec=10)

    assert len(servers) > 3
    assert ended


def test_ctrl_c_while_it_starts_leaves_nothing(data_folder: Path) -> None:
    with up(data_folder) as running:
        running.until_said("Valkey: ready")

        code = running.end(signal.SIGINT)

        left = processes_in(data_folder)

    assert code == 0
    assert left == set()


def test_a_lost_server_is_named_and_stops_everything(data_folder: Path) -> None:
    with up(data_folder) as running:
        running.until_said("Ctrl-C stops everything.")
        valkeys = processes_in(data_folder / "valkey")

        for pid in valkeys:
            os.kill(pid, signal.SIGKILL)
        code = running.process.wait(PATIENCE_SEC)

        left = processes_in(data_folder)
        words = running.words.read_text()

    assert len(valkeys) == 1
    assert "error: Valkey ended" in words
    assert code == SYSTEM
    assert left == set()


def test_external_components_are_used(data_folder: Path, database_url: str, valkey: str, temporal_address: str) -> None:
    real = {"DATABASE_URL": database_url, "REDIS_ADDR": valkey, "TEMPORAL_HOST": temporal_address}

    with up(data_folder, real) as running:
        policies = running.get("/api/v1/rate-limit/policies").json()
        running.until_said("Ctrl-C stops everything.")
        processes = processes_in(data_folder)
        words = running.words.read_text()
        running.end(signal.SIGINT)

    assert policies["total"] >= 29
    assert processes == {running.process.pid}
    assert f"Valkey: external {valkey} (REDIS_ADDR)" in words


def test_a_second_process_on_the_same_folder_is_rejected(data_folder: Path) -> None:
    with up(data_folder) as running:
        running.until_said("Simulated DICT: ready")

        code, words = refused(data_folder, {"PORT": str(free_port()), "METRICS_PORT": str(free_port())})

    assert code == SYSTEM
    assert words.startswith(f"error: the data folder {data_folder} is in use by process {running.process.pid}: stop it")
    assert len(words.splitlines()) == 1


@pytest.mark.parametrize("variable", ["PORT", "METRICS_PORT"])
def test_a_used_port_is_a_one_line_error(data_folder: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"PORT": str(free_port()), "METRICS_PORT": str(free_port())} | {variable: str(port)}

        code, words = refused(data_folder, ports)

    line = f"error: port {port} on 127.0.0.1 is taken: stop what uses it, or set {variable} to another"
    assert (code, words.splitlines()) == (SYSTEM, [line])


def test_a_read_only_folder_is_a_one_line_error(data_folder: Path) -> None:
    place = data_folder / "taken"
    place.write_text("a file")

    code, words = refused(place, {"PORT": str(free_port()), "METRICS_PORT": str(free_port())})

    line = f"error: the data folder {place} cannot be written (File exists): name another with --data or DATA_DIR"
    assert (code, words.splitlines()) == (SYSTEM, [line])
