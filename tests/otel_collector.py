"""An OTLP collector over gRPC on a free local port, with or without TLS."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import grpc
import trustme
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1 import trace_pb2

    Context = grpc.aio.ServicerContext[ExportTraceServiceRequest, ExportTraceServiceResponse]

LOOPBACK: Final = "127.0.0.1"
SERVICE: Final = "opentelemetry.proto.collector.trace.v1.TraceService"
PATIENCE_SEC: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A received span. `parent` is "" for a root."""

    trace_id: str
    span_id: str
    parent: str
    name: str
    kind: int
    failed: bool
    attributes: dict[str, object]
    resource: dict[str, object]
    start_ns: int
    end_ns: int
    text: str
    """Everything of it, as text."""


@dataclass(kw_only=True)
class Collector:
    """Stores received spans. While `gate` is closed it does not respond."""

    spans: list[Seen] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def export(self, request: ExportTraceServiceRequest, context: Context) -> ExportTraceServiceResponse:
        await self.gate.wait()
        async with self._came:
            self.metadata.append({key: str(value) for key, value in context.invocation_metadata() or ()})
            self.spans.extend(seen(request))
            self._came.notify_all()
        return ExportTraceServiceResponse()

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]

    def traces_of(self, name: str) -> dict[str, list[Seen]]:
        """Return the traces that contain such a span."""
        wanted = {span.trace_id for span in self.named(name)}
        return {trace: [span for span in self.spans if span.trace_id == trace] for trace in wanted}

    async def until(self, holds: Callable[[Collector], bool]) -> None:
        """Wait until the condition is true."""
        async with asyncio.timeout(PATIENCE_SEC), self._came:
            await self._came.wait_for(lambda: holds(self))


@asynccontextmanager
async def collecting(
    port: int = 0, credentials: grpc.ServerCredentials | None = None, host: str = LOOPBACK
) -> AsyncIterator[Collector]:
    """Run a collector inside the block."""
    collector = Collector()
    collector.gate.set()
    handler = grpc.unary_unary_rpc_method_handler(
        collector.export, ExportTraceServiceRequest.FromString, ExportTraceServiceResponse.SerializeToString
    )
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": handler}),))
    wanted = f"{LOOPBACK}:{port}"
    port = server.add_secure_port(wanted, credentials) if credentials else server.add_insecure_port(wanted)
    collector.url = f"{'https' if credentials else 'http'}://{host}:{port}"
    await server.start()
    try:
        yield collector
    finally:
        collector.gate.set()
        await server.stop(grace=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A certificate for "localhost" and the file of its authority."""

    credentials: grpc.ServerCredentials
    authority: Path


def certified(folder: Path) -> Certified:
    ca = trustme.CA()
    leaf = ca.issue_cert("localhost")
    chain = b"".join(part.bytes() for part in leaf.cert_chain_pems)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    credentials = grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)])
    return Certified(credentials=credentials, authority=folder / "ca.pem")


def seen(request: ExportTraceServiceRequest) -> Iterable[Seen]:
    for group in request.resource_spans:
        resource = _values(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield _seen(span, resource)


def _seen(span: trace_pb2.Span, resource: dict[str, object]) -> Seen:
    return Seen(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind=span.kind,
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        attributes=_values(span.attributes),
        resource=resource,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        text=str(span),
    )


def _values(pairs: Iterable[KeyValue]) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)
