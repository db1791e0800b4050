"""When tracing begins, and that nothing of it is there when it does not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.bootstrap.telemetry import log_context, tracing
from dict_rate_limit.ports.telemetry import NULL_TRACER
from dict_rate_limit.settings import load
from log_lines import log_lines

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
START = """
import asyncio, re, sys
from dict_rate_limit.apps.cli import serve
from dict_rate_limit.apps.{module} import LOG_CONTEXTS, assemble
from dict_rate_limit.bootstrap.container import backing
from dict_rate_limit.bootstrap.publisher import publishing
from dict_rate_limit.bootstrap.telemetry import tracing
from dict_rate_limit.settings import load

settings = load({{
    "DATABASE_URL": "postgresql://127.0.0.1:1/x",
    "REDIS_ADDR": "127.0.0.1:1",
    "BRIDGE_GRPC_ADDRESS": "127.0.0.1:1",
    "TEMPORAL_HOST": "127.0.0.1:1",
    "PULSAR_BROKER_URL": "pulsar://127.0.0.1:1",
}})

async def started():
    with tracing(settings, "service") as traced:
        async with backing(settings, traced.steps) as parts, publishing(settings, parts) as where:
            assemble(settings, parts{more})
            [context() for context in LOG_CONTEXTS]

asyncio.run(started())
# Litestar looks whether OpenTelemetry is there, and comes as far as a module of names.
sys.exit(", ".join(name for name in sys.modules if re.match(r"opentelemetry\\.(?!semconv)", name)) or 0)
"""


@pytest.mark.parametrize(("module", "more"), [("api.program", ""), ("worker", ", where")])
def test_without_a_collector_no_program_imports_the_libraries(module: str, more: str) -> None:
    script = START.format(module=module, more=more)

    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)  # noqa: S603

    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_collector_nothing_is_traced() -> None:
    async def app(*_: object) -> None: ...

    with tracing(load({}), "service") as traced:
        assert (traced.on, traced.tracer) == (False, NULL_TRACER)
        assert traced.asgi_middleware(app, lambda *_: None) is app
        assert log_context() == {}


def test_with_a_collector_spans_and_log_lines_are_traced_until_the_end() -> None:
    with tracing(load(NOWHERE), "service") as traced:
        assert traced.on
        assert traced.tracer is not NULL_TRACER
        assert log_context() == {}
    assert log_context() == {}


def test_an_unreadable_ca_file_is_logged_and_nothing_is_traced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    absent = tmp_path / "ca.pem"
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:1",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(absent),
    }

    with tracing(load(environ), "service") as traced:
        assert not traced.on

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

    with tracing(load(NOWHERE), "service"):
        reached = True

    assert reached
