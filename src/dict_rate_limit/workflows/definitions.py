"""Workflows. Deterministic: no clock, no randomness, no input or output but through activities.

Changing the order of activities here breaks running workflows: `tests/integration/test_workflow_replay.py` notices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from dict_rate_limit.workflows import inputs, names
    from dict_rate_limit.workflows.activities import Activities


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one attempt of an activity may take, how fast a dead worker is noticed, what happens then."""

    attempt: timedelta
    silence: timedelta
    retry: RetryPolicy


_SILENCE: Final = timedelta(seconds=6)

FETCHING: Final = Limits(
    attempt=timedelta(seconds=40),
    silence=_SILENCE,
    retry=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=5),
)
RECORDING: Final = Limits(  # for as long as the database is away: the reading is never lost
    attempt=timedelta(seconds=60),
    silence=_SILENCE,
    retry=RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10)),
)
PUBLISHING: Final = Limits(
    attempt=timedelta(seconds=30),
    silence=_SILENCE,
    retry=RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=4),
)
MAINTAINING: Final = Limits(
    attempt=timedelta(minutes=30),
    silence=timedelta(seconds=30),
    retry=RetryPolicy(
        initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=10), maximum_attempts=20
    ),
)


@workflow.defn(name=names.MONITOR_WORKFLOW)
class MonitorRateLimitsWorkflow:
    """One cycle over a group: fetch, record, publish."""

    @workflow.run
    async def run(self, group: inputs.MonitorInput) -> inputs.MonitorResult:
        """Run one cycle; what cannot be told now is left to the sweep."""
        polls = await workflow.execute_activity_method(
            Activities.fetch,
            inputs.FetchInput(participants=group.participants),
            start_to_close_timeout=FETCHING.attempt,
            heartbeat_timeout=FETCHING.silence,
            retry_policy=FETCHING.retry,
        )
        recorded = await workflow.execute_activity_method(
            Activities.record,
            inputs.RecordInput(polls=polls),
            start_to_close_timeout=RECORDING.attempt,
            heartbeat_timeout=RECORDING.silence,
            retry_policy=RECORDING.retry,
        )
        published = await _publish(polls)
        return inputs.MonitorResult(
            polled=len(polls),
            recorded=recorded.recorded,
            transitions=recorded.transitions,
            delivered=published.delivered if published else None,
        )


@workflow.defn(name=names.SWEEP_WORKFLOW)
class SweepTransitionsWorkflow:
    """Tells what earlier cycles could not."""

    @workflow.run
    async def run(self) -> int | None:
        """Return how many transitions were told; None while their readers are away."""
        published = await _publish([])
        return published.delivered if published else None


@workflow.defn(name=names.MAINTAIN_WORKFLOW)
class MaintainRateLimitsWorkflow:
    """Daily housekeeping."""

    @workflow.run
    async def run(self) -> inputs.MaintainResult:
        """Run it."""
        return await workflow.execute_activity_method(
            Activities.maintain,
            inputs.MaintainInput(),
            start_to_close_timeout=MAINTAINING.attempt,
            heartbeat_timeout=MAINTAINING.silence,
            retry_policy=MAINTAINING.retry,
        )


WORKFLOWS: Final = (MonitorRateLimitsWorkflow, SweepTransitionsWorkflow, MaintainRateLimitsWorkflow)


async def _publish(polls: list[str]) -> inputs.PublishResult | None:
    try:
        return await workflow.execute_activity_method(
            Activities.publish,
            inputs.PublishInput(polls=polls),
            start_to_close_timeout=PUBLISHING.attempt,
            heartbeat_timeout=PUBLISHING.silence,
            retry_policy=PUBLISHING.retry,
        )
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        workflow.logger.warning("publish: %s; left to the next sweep", error.cause)
        return None
