"""When tracing begins, and that nothing of it is there when it does not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.bootstrap.telemetry import open_telemetry
from dict_rate_limit.ports.telemetry import NULL_TRACER
from dict_rate_limit.settings import load
from log_lines import log_lines

if TYPE_CHECKING:
    from pathlib import Path

    from dict_rate_limit.bootstrap.telemetry import LogContexts

NOWHERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
API = """
from dict_rate_limit.apps.api.program import api
from dict_rate_limit.bootstrap.telemetry import open_telemetry

async def build(container):
    api(container)
"""
WORKER = """
from dict_rate_limit.bootstrap.publisher import open_publisher
from dict_rate_limit.bootstrap.worker import worker_deps
from dict_rate_limit.bootstrap.worker import worker_telemetry as open_telemetry

async def build(container):
    async with open_publisher(container) as publishing:
        worker_deps(container, publishing)
"""
START = """
import asyncio, re, sys
from dict_rate_limit.apps.cli import serve
from dict_rate_limit.bootstrap.container import open_container
from dict_rate_limit.settings import load

settings = load({
    "DATABASE_URL": "postgresql://127.0.0.1:1/x",
    "REDIS_ADDR": "127.0.0.1:1",
    "BRIDGE_GRPC_ADDRESS": "127.0.0.1:1",
    "TEMPORAL_HOST": "127.0.0.1:1",
    "PULSAR_BROKER_URL": "pulsar://127.0.0.1:1",
})

async def started():
    contexts = []
    with open_telemetry(settings, "service", contexts) as telemetry:
        async with open_container(settings, telemetry) as container:
            await build(container)
            [context() for context in contexts]

asyncio.run(started())
# Litestar looks whether OpenTelemetry is there, and comes as far as a module of names.
sys.exit(", ".join(name for name in sys.modules if re.match(r"opentelemetry\\.(?!semconv)", name)) or 0)
"""


@pytest.mark.parametrize("program", [API, WORKER], ids=["api", "worker"])
def test_without_a_collector_no_program_imports_the_libraries(program: str) -> None:
    script = program + START

    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)  # noqa: S603

    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_collector_nothing_is_traced() -> None:
    async def app(*_: object) -> None: ...

    contexts: LogContexts = []
    with open_telemetry(load({}), "service", contexts) as telemetry:
        assert (telemetry.traced, telemetry.tracer) == (False, NULL_TRACER)
        assert telemetry.asgi_middleware(app, lambda *_: None) is app
        assert contexts == []


def test_with_a_collector_spans_and_log_lines_are_traced_until_the_end() -> None:
    contexts: LogContexts = []
    with open_telemetry(load(NOWHERE), "service", contexts) as telemetry:
        assert telemetry.traced
        assert telemetry.tracer is not NULL_TRACER
        assert [context() for context in contexts] == [{}]
    assert contexts == []


def test_an_unreadable_ca_file_is_logged_and_nothing_is_traced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    absent = tmp_path / "ca.pem"
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:1",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(absent),
    }

    with open_telemetry(load(environ), "service", []) as telemetry:
        assert not telemetry.traced

    assert log_lines(caplog) == [f"tracing.impossible error=[Errno 2] No such file or directory: '{absent}'"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "much"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "few"),
    ],
)
def test_variables_of_the_library_do_not_affect_the_product(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with open_telemetry(load(NOWHERE), "service", []):
        reached = True

    assert reached
