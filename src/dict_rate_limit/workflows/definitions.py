"""Workflows. They are deterministic: no clock, no randomness, no input or output except through activities.

A changed order of activities breaks running workflows: see `tests/integration/test_workflow_replay.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    # by the modules' full names: a name imported from a package is loaded again for every run, 40 ms each time
    from dict_rate_limit.workflows.activities import Activities
    from dict_rate_limit.workflows.inputs import (
        FetchInput,
        MaintainInput,
        MaintainOutput,
        MonitorInput,
        MonitorOutput,
        NotifyInput,
        PublishInput,
        PublishOutput,
        RecordInput,
        RecordOutput,
    )
    from dict_rate_limit.workflows.names import MAINTAIN_WORKFLOW, MONITOR_WORKFLOW, SWEEP_WORKFLOW


# without a heartbeat for this long a worker counts as dead, and another one takes over
_HEARTBEAT_TIMEOUT: Final = timedelta(seconds=6)

FETCHING: Final = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(seconds=40),
    heartbeat_timeout=_HEARTBEAT_TIMEOUT,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=5),
)
# no limit of attempts: a reading must survive an outage of the database of any length
RECORDING: Final = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(seconds=60),
    heartbeat_timeout=_HEARTBEAT_TIMEOUT,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10)),
)
PUBLISHING: Final = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(seconds=30),
    heartbeat_timeout=_HEARTBEAT_TIMEOUT,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=4),
)
NOTIFYING: Final = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(seconds=75),
    heartbeat_timeout=_HEARTBEAT_TIMEOUT,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=3),
)
MAINTAINING: Final = workflow.ActivityConfig(
    start_to_close_timeout=timedelta(minutes=30),
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=10), maximum_attempts=20
    ),
)


@workflow.defn(name=MONITOR_WORKFLOW)
class MonitorRateLimitsWorkflow:
    """One cycle over a group: fetch, record, publish, notify."""

    @workflow.run
    async def run(self, group: MonitorInput) -> MonitorOutput:
        """Run one cycle. The sweep publishes and sends what this cycle could not."""
        polls = await workflow.execute_activity_method(
            Activities.fetch, FetchInput(participants=group.participants), **FETCHING
        )
        recorded = await workflow.execute_activity_method(Activities.record, RecordInput(polls=polls), **RECORDING)
        published = await _publish(polls)
        good = published is not None and recorded.advanced > 0
        await _notify(NotifyInput(beat=good, began=workflow.info().workflow_start_time.timestamp()))
        result = MonitorOutput(
            polled=len(polls),
            recorded=recorded.recorded,
            transitions=recorded.transitions,
            delivered=published.delivered if published else None,
        )
        _log_cycle(group, recorded, result)
        return result


@workflow.defn(name=SWEEP_WORKFLOW)
class SweepTransitionsWorkflow:
    """Publishes and sends what earlier cycles could not."""

    @workflow.run
    async def run(self) -> int | None:
        """Return how many transitions were published; None while the broker is unavailable."""
        published = await _publish([])
        await _notify(NotifyInput(beat=False))
        return published.delivered if published else None


@workflow.defn(name=MAINTAIN_WORKFLOW)
class MaintainRateLimitsWorkflow:
    """Daily maintenance of the database."""

    @workflow.run
    async def run(self) -> MaintainOutput:
        return await workflow.execute_activity_method(Activities.maintain, MaintainInput(), **MAINTAINING)


WORKFLOWS: Final = (MonitorRateLimitsWorkflow, SweepTransitionsWorkflow, MaintainRateLimitsWorkflow)


def _log_cycle(group: MonitorInput, recorded: RecordOutput, result: MonitorOutput) -> None:
    fields = {
        "participants": len(group.participants),
        "polled": result.polled,
        "recorded": result.recorded,
        "new_readings": recorded.advanced,
        "transitions": result.transitions,
        "delivered": result.delivered,
        "duration_seconds": (workflow.now() - workflow.info().workflow_start_time).total_seconds(),
    }
    workflow.logger.info("cycle.completed", extra=fields)


async def _publish(polls: list[str]) -> PublishOutput | None:
    try:
        return await workflow.execute_activity_method(Activities.publish, PublishInput(polls=polls), **PUBLISHING)
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        workflow.logger.warning("publish.postponed", extra={"error": str(error.cause)})
        return None


async def _notify(request: NotifyInput) -> None:
    # also while the broker is unavailable: notifications must not wait for it
    try:
        await workflow.execute_activity_method(Activities.notify, request, **NOTIFYING)
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        workflow.logger.warning("notify.postponed", extra={"error": str(error.cause)})
