"""The state in which each runbook is tested: a fault of the product, the data in the database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import NOTICE, Kind
from postgres_database import execute, opened_store, record
from runbooks.product import HEALTHY, Fault
from samples.domain import bucket, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dict_rate_limit.domain.buckets.reading import Poll


INTERNAL_CHANNEL = """
[channels.on-call]
format = "webhook"
url = "https://127.0.0.1/hooks/dict"
secrets = ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`fault` of the product (None: no product), `mounts` of the stage, `prepare` to fill the database at a URL."""

    fault: Fault | None = None
    mounts: tuple[str, ...] = ()
    prepare: Callable[[str], None] = lambda _: None


def changed_policies(url: str) -> None:
    """Record two polls with different category, limits and policies."""
    now = datetime.now(UTC)  # noqa: TID251 -- runbooks query the last hours
    before, after = now - timedelta(minutes=10), now - timedelta(minutes=5)
    limits = bucket(900, capacity=1000, name="CLAIMS_READ")
    first = snapshot(limits, bucket(5, 10, name="KEYS_CHECK"), at=before, category="C")
    then = replace(limits, capacity=500, available_tokens=450)
    record_polls(url, first, snapshot(then, bucket(40, 50, name="FUNDS_RECOVERY_WRITE"), at=after, category="D"))


def reading_without_partition(url: str) -> None:
    """Store a reading of a month without partition, within the retention."""
    changed_policies(url)
    execute(
        url,
        "INSERT INTO dict_rate_limit_states_default SELECT nextval('dict_rate_limit_states_id_seq'), participant,"
        " policy_name, available_tokens, capacity, refill_tokens, refill_period_sec, utilization_pct, category,"
        " policy_category, date_trunc('month', now()) - interval '45 days', received_at, correlation_id"
        " FROM dict_rate_limit_states WHERE policy_name = 'CLAIMS_READ' LIMIT 1",
    )


def unpublished_transitions(url: str) -> None:
    """Store transitions that wait for the broker, and one that is dead-lettered."""
    changed_policies(url)
    execute(
        url,
        "UPDATE dict_rate_limit_alert_events SET dead_at = now(), refusals = 5, refusal = 'message too large'"
        " WHERE position = (SELECT min(position) FROM dict_rate_limit_alert_events)",
    )


def database_role(url: str) -> None:
    """Create the role of the first install, and some history."""
    changed_policies(url)
    execute(url, "CREATE ROLE dict LOGIN")


def record_polls(url: str, *polls: Poll) -> None:
    """Record polls as the worker does."""

    async def record_all() -> None:
        async with opened_store(url) as stores:
            await record(stores, *polls)

    asyncio.run(record_all())


NOTICES: Final = [kind.runbook for kind in Kind if kind.info.transitions == NOTICE]
RATE_LIMITED = Fault(simulate=("--fault", "rate-limited"), signs=('kind="RATE_LIMITED"',))
NOT_NOTIFIED = Fault(channels=INTERNAL_CHANNEL, signs=('notification_oldest_age_seconds{channel="on-call"}',))
SCENES: Final[Mapping[str, Scene]] = {
    **{name: Scene(prepare=changed_policies) for name in NOTICES if name},
    "alert-rate-limited": Scene(fault=RATE_LIMITED),
    "alert-source-unreachable": Scene(fault=Fault(closed="bridge", signs=('kind="SOURCE_UNREACHABLE"',))),
    "alert-threshold": Scene(fault=HEALTHY),
    "bridge-down": Scene(fault=Fault(closed="bridge", signs=('"source":"last poll: UNAVAILABLE"',))),
    "certificate-rotation": Scene(fault=HEALTHY, mounts=("certs",)),
    "database-maintenance": Scene(fault=HEALTHY, prepare=reading_without_partition),
    "deploy-new-version": Scene(fault=HEALTHY),
    "disaster-recovery": Scene(prepare=database_role),
    "first-install": Scene(fault=HEALTHY, mounts=("tokens",)),
    "migration-job": Scene(fault=HEALTHY),
    "postgresql-down": Scene(fault=Fault(closed="postgresql", signs=('"postgresql":"unavailable"',))),
    "notifications-failing": Scene(fault=NOT_NOTIFIED),
    "prometheus-certificate-expires": Scene(fault=HEALTHY),
    "prometheus-cycles": Scene(fault=HEALTHY),
    "prometheus-http-errors": Scene(fault=HEALTHY),
    "prometheus-latency": Scene(fault=HEALTHY),
    "prometheus-metrics-absent": Scene(fault=HEALTHY),
    "prometheus-partitions-missing": Scene(fault=HEALTHY),
    "prometheus-polls-stopped": Scene(fault=HEALTHY),
    "prometheus-replicas-missing": Scene(),
    "prometheus-schema-mismatch": Scene(fault=HEALTHY),
    "pulsar-down": Scene(prepare=unpublished_transitions),
    "redis-down": Scene(fault=Fault(closed="redis", signs=('"redis":"unavailable"',))),
    "roll-back": Scene(fault=HEALTHY),
    "temporal-down": Scene(fault=Fault(closed="temporal", signs=('"temporal":"unavailable"',))),
}
