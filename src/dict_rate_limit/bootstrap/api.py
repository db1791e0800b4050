"""The components of the API."""

from __future__ import annotations

from dataclasses import dataclass

from dict_rate_limit.adapters.telemetry.prometheus.process_metrics import HttpCollector
from dict_rate_limit.bootstrap.container import Container
from dict_rate_limit.bootstrap.operations import readiness
from dict_rate_limit.serving.readiness import Readiness
from dict_rate_limit.usecases.readings.budget import BudgetConfig
from dict_rate_limit.usecases.readings.reader import Reader, ReaderConfig, ReaderDeps


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiComponents:
    reader: Reader
    readiness: Readiness
    request_metrics: HttpCollector


def api_components(container: Container) -> ApiComponents:
    settings, stores = container.settings, container.database.stores
    reader = Reader(
        ReaderDeps(
            source=container.source.policies,
            cache=container.cache,
            gates=(container.cache, stores.rate_limiter),
            store=stores.state,
            clock=container.clock,
            metrics=container.telemetry.metrics,
        ),
        ReaderConfig(
            participants=settings.participants,
            thresholds=settings.thresholds,
            budget=BudgetConfig(cache_ttl=settings.cache_ttl, share=settings.list_budget_share),
        ),
    )
    return ApiComponents(reader=reader, readiness=readiness(container), request_metrics=HttpCollector())
