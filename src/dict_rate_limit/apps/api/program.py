"""The process `dict-rate-limit api`: the API on PORT, metrics on METRICS_PORT, until the shutdown."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from dict_rate_limit.apps.api.app import build, span_names
from dict_rate_limit.apps.api.dependencies import ApiDeps
from dict_rate_limit.apps.api.fast_path import FastPath
from dict_rate_limit.apps.api.request_metrics import Requests
from dict_rate_limit.apps.api.security import AccessControl, TokensFile
from dict_rate_limit.bootstrap.api import ApiComponents, api_components
from dict_rate_limit.bootstrap.container import Container, open_container
from dict_rate_limit.bootstrap.operations import exporter
from dict_rate_limit.bootstrap.telemetry import LogContexts, open_telemetry
from dict_rate_limit.domain.errors import SchemaRefusedError, StoreError
from dict_rate_limit.serving.granian import serve
from dict_rate_limit.serving.operations import OperationsApp
from dict_rate_limit.serving.rsgi import RsgiApp
from dict_rate_limit.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The application and its components."""

    app: FastPath
    components: ApiComponents


def api(container: Container) -> Api:
    settings, components = container.settings, api_components(container)
    tokens = TokensFile(settings.api_tokens_file, container.clock)
    app = build(
        ApiDeps(
            reader=components.reader,
            stores=container.database.stores,
            clock=container.clock,
            access=AccessControl(tokens, settings.anonymous_role, loopback=settings.on_loopback),
            operations=OperationsApp(components.readiness),
            requests=Requests(components.request_metrics, every=settings.access_log),
            version=container.version,
            broker=settings.pulsar_broker_url is not None,
            thresholds=settings.thresholds,
            remind_every=settings.remind_every,
        )
    )
    return Api(app=app, components=components)


async def program(settings: Settings, shutdown: asyncio.Event, log_contexts: LogContexts) -> None:
    """Run the process `dict-rate-limit api` until `shutdown`; running requests are finished.

    Raises:
        SchemaRefusedError: the database serves newer code only.
        OSError: a port is taken.
    """
    with open_telemetry(settings, "dict-rate-limit-api", log_contexts) as telemetry:
        async with open_container(settings, telemetry) as container:
            await refuse_foreign_schema(container)
            served = api(container)
            metrics = OperationsApp(
                served.components.readiness, exporter(container, [served.components.request_metrics]).scrape
            )
            servers = (
                asyncio.create_task(serve_api(served, container, shutdown)),
                asyncio.create_task(serve(metrics, settings.host, settings.metrics_port, shutdown)),
            )
            await asyncio.wait(servers, return_when=asyncio.FIRST_COMPLETED)
            shutdown.set()
            await asyncio.gather(*servers)


async def refuse_foreign_schema(container: Container) -> None:
    """Raise SchemaRefusedError, which waiting cannot end; `/ready` shows a late schema or a database that is down."""
    try:
        await container.database.require_schema()
    except SchemaRefusedError:
        raise
    except StoreError as error:
        _log.warning("schema.awaited", extra={"error": str(error)})


async def serve_api(api: Api, container: Container, shutdown: asyncio.Event) -> None:
    stopping = asyncio.Event()

    async def drain() -> None:
        await shutdown.wait()
        api.components.readiness.drain()
        stopping.set()

    draining = asyncio.create_task(drain())
    api.components.readiness.start()
    # responses from memory are not traced: a span costs as much as the response
    app = RsgiApp(container.telemetry.asgi_middleware(api.app, span_names), api.app.from_cache)
    try:
        await serve(app, container.settings.host, container.settings.port, stopping)
    finally:
        draining.cancel()
        await api.components.reader.close()
