"""The process `dict-rate-limit api`: the API on PORT, metrics on METRICS_PORT, until told to stop."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dict_rate_limit.adapters.telemetry.prometheus.exporter import SourceCallsCollector
from dict_rate_limit.adapters.telemetry.prometheus.http_metrics import HttpCollector
from dict_rate_limit.apps.api.app import build, span_names
from dict_rate_limit.apps.api.dependencies import ApiDeps
from dict_rate_limit.apps.api.request_metrics import Requests
from dict_rate_limit.apps.api.security import AccessControl, TokensFile
from dict_rate_limit.bootstrap import container as bootstrap
from dict_rate_limit.bootstrap.telemetry import Tracing, log_context, tracing
from dict_rate_limit.domain.errors import SchemaRefusedError, StoreError
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp
from dict_rate_limit.serving.rsgi import RsgiApp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.adapters.telemetry.prometheus.exporter import Collector
    from dict_rate_limit.apps.api.fast_path import FastPath
    from dict_rate_limit.bootstrap.container import Container
    from dict_rate_limit.serving.readiness import Readiness
    from dict_rate_limit.settings import Settings
    from dict_rate_limit.usecases.readings.reader import Reader

LOG_CONTEXTS: Final = (log_context,)
"""What else stands on this program's log lines."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The application, its readiness, what it counts, and the reader to be closed after it."""

    app: FastPath
    readiness: Readiness
    collectors: Sequence[Collector]
    reader: Reader


def assemble(settings: Settings, parts: Container) -> Api:
    """Put the API together."""
    readiness = bootstrap.readiness(settings, parts)
    reader = bootstrap.reader(settings, parts)
    traffic = HttpCollector()
    access = AccessControl(
        TokensFile(settings.api_tokens_file, parts.clock), settings.anonymous_role, loopback=settings.on_loopback
    )
    app = build(
        ApiDeps(
            reader=reader,
            stores=parts.stores,
            clock=parts.clock,
            access=access,
            operations=OperationsApp(readiness),
            requests=Requests(traffic, every=settings.access_log),
            version=parts.version,
            broker=settings.pulsar_broker_url is not None,
            thresholds=settings.thresholds,
            remind_every=settings.remind_every,
        )
    )
    return Api(
        app=app,
        readiness=readiness,
        collectors=(traffic, SourceCallsCollector(lambda: reader.source_calls)),
        reader=reader,
    )


async def program(settings: Settings, shutdown: asyncio.Event) -> None:
    """Serve until `shutdown`; requests under way are answered first.

    Raises:
        SchemaRefusedError: the database serves newer code only.
        OSError: a port is taken.
    """
    with tracing(settings, "dict-rate-limit-api") as traced:
        async with bootstrap.backing(settings, traced.tracer) as parts:
            await refuse_foreign_schema(parts)
            api = assemble(settings, parts)
            metrics = OperationsApp(api.readiness, bootstrap.exporter(settings, parts, api.collectors).scrape)
            servers = (
                asyncio.create_task(answer(api, settings, shutdown, traced)),
                asyncio.create_task(serve(metrics, settings.host, settings.metrics_port, shutdown)),
            )
            await asyncio.wait(servers, return_when=asyncio.FIRST_COMPLETED)
            shutdown.set()
            await asyncio.gather(*servers)


async def refuse_foreign_schema(parts: Container) -> None:
    """End where waiting does not help; a schema that is late or a database that is away shows on /ready."""
    try:
        await parts.require_schema()
    except SchemaRefusedError:
        raise
    except StoreError as error:
        _log.warning("schema.awaited", extra={"error": str(error)})


async def answer(api: Api, settings: Settings, shutdown: asyncio.Event, traced: Tracing) -> None:
    """Serve the API alone. What memory answers is not traced: a span costs as much as the answer."""
    stopping = asyncio.Event()

    async def drain() -> None:
        await shutdown.wait()
        api.readiness.drain()
        stopping.set()

    draining = asyncio.create_task(drain())
    api.readiness.start()
    try:
        await serve(
            RsgiApp(traced.asgi_middleware(api.app, span_names), api.app.from_cache),
            settings.host,
            settings.port,
            stopping,
        )
    finally:
        draining.cancel()
        await api.reader.close()
