"""The answers of `/ready` and `/metrics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dict_rate_limit.adapters.postgres.migrations.goose import shipped_migrations
from dict_rate_limit.adapters.telemetry.prometheus.certificates import CertificateExpiry
from dict_rate_limit.adapters.telemetry.prometheus.exporter import Collector, Exporter, Given, StoredSource, single
from dict_rate_limit.bootstrap.container import Container
from dict_rate_limit.serving.readiness import Check, Readiness


def exporter(container: Container, collectors: Sequence[Collector] = ()) -> Exporter:
    """Return what `/metrics` shows: the stored state, what the process has counted, and `collectors`."""
    settings = container.settings
    stored = StoredSource(
        stores=container.database.stores,
        participants=settings.participants,
        thresholds=settings.thresholds,
        interval=settings.poll_interval,
        clock=container.clock,
    )
    own = (
        Given(
            (
                single("publisher_info", 1, "log" if settings.pulsar_broker_url is None else "pulsar"),
                single("poll_interval_seconds", settings.poll_interval.total_seconds()),
                single("schema_version_expected", shipped_migrations()[-1].version),
            )
        ),
        CertificateExpiry(_certificates(container)),
        container.telemetry.metrics,
    )
    return Exporter(container.version, stored, (*own, *collectors))


def readiness(container: Container, more: Mapping[str, Check] | None = None) -> Readiness:
    """Return what `/ready` shows: the shared components and `more`."""

    async def postgresql() -> str:
        await container.database.require_schema()
        return "ok"

    async def redis() -> str:
        await container.cache.ping()
        return "ok"

    # A call of the source would spend a token, so the last poll represents it.
    async def source() -> str:
        first = container.settings.participants[0]
        latest = (await container.database.stores.state.latest([first])).get(first)
        return "not polled yet" if latest is None else f"last poll: {latest.last_outcome}"

    checks: dict[str, Check] = {"postgresql": postgresql, "redis": redis, "source": source}
    return Readiness(checks | dict(more or {}), container.clock.monotonic)


def _certificates(container: Container) -> dict[str, Path]:
    settings = container.settings
    files = {
        **container.source.certificates,
        "temporal_client": settings.temporal_tls_cert_file,
        "temporal_ca": settings.temporal_tls_ca_file,
        "pulsar_ca": settings.pulsar_tls_ca_file,
    }
    return {name: path for name, path in files.items() if path is not None}
