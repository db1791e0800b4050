"""The monitoring side: what the worker does, when, and by which Temporal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dict_rate_limit.adapters.temporal import TemporalAddress, TemporalTls
from dict_rate_limit.bootstrap.notifications import notifying
from dict_rate_limit.domain.alerts.state import AlertConfig
from dict_rate_limit.ports.telemetry import CountMetric, DurationMetric
from dict_rate_limit.usecases.poll.fetch import Fetcher
from dict_rate_limit.workflows.activities import Activities
from dict_rate_limit.workflows.names import FETCH, MAINTAIN, NOTIFY, PUBLISH, RECORD
from dict_rate_limit.workflows.schedules import ScheduleConfig

if TYPE_CHECKING:
    from dict_rate_limit.bootstrap.container import Container
    from dict_rate_limit.ports.delivery import EventPublisher
    from dict_rate_limit.ports.telemetry import Metrics
    from dict_rate_limit.settings import Settings


def declare_metrics(metrics: Metrics) -> None:
    """Show the worker's series at zero."""
    for result in ("good", "bad"):
        metrics.declare(CountMetric.CYCLES, result)
    metrics.declare(DurationMetric.CYCLE)
    for activity in (FETCH, RECORD, PUBLISH, NOTIFY, MAINTAIN):
        metrics.declare(CountMetric.ACTIVITY_FAILURES, activity)
        metrics.declare(DurationMetric.ACTIVITY, activity)


def activities(settings: Settings, parts: Container, publisher: EventPublisher) -> Activities:
    """Make the monitoring side."""
    declare_metrics(parts.metrics)
    ways = notifying(settings, parts)
    return Activities(
        fetcher=Fetcher(source=parts.source, clock=parts.clock),
        store=parts.stores.state,
        cache=parts.cache,
        outbox=parts.stores.outbox,
        publisher=publisher,
        notifications=ways.notifications,
        heartbeat=ways.heartbeat,
        maintenance=parts.stores.maintenance,
        clock=parts.clock,
        rules=AlertConfig(
            thresholds=settings.thresholds,
            interval=settings.poll_interval,
            unreachable_after=settings.unreachable_after_intervals,
            remind_every=settings.remind_every,
        ),
        retention_months=settings.retention_months,
        metrics=parts.metrics,
    )


def schedule_config(settings: Settings) -> ScheduleConfig:
    """Say what Temporal has to schedule."""
    return ScheduleConfig(
        task_queue=settings.temporal_task_queue,
        cron=str(settings.workflow_cron_schedule),
        participants=settings.participants,
    )


def temporal_address(settings: Settings) -> TemporalAddress:
    """Say where Temporal is."""
    tls = TemporalTls(
        ca_file=settings.temporal_tls_ca_file,
        cert_file=settings.temporal_tls_cert_file,
        key_file=settings.temporal_tls_key_file,
        server_name=settings.temporal_tls_server_name,
    )
    return TemporalAddress(
        host=settings.temporal_host or "",
        namespace=settings.temporal_namespace,
        tls=tls if settings.temporal_tls else None,
    )
