"""Workflows on the time-skipping server, with activities that fail as the test wishes."""

from __future__ import annotations

import sysconfig
import uuid
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, CancelledError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from dict_rate_limit.workflows import inputs, names
from dict_rate_limit.workflows.definitions import (
    WORKFLOWS,
    MaintainRateLimitsWorkflow,
    MonitorRateLimitsWorkflow,
    SweepTransitionsWorkflow,
)
from scripted_activities import GROUP, MAINTAINED, POLLS, ScriptedActivities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from temporalio.client import Client
    from temporalio.worker import WorkflowRunner

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client() -> AsyncIterator[Client]:
    path = Path(sysconfig.get_path("scripts")) / "temporal-test-server"
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=str(path)) as environment:
        yield environment.client


@asynccontextmanager
async def working(
    client: Client, activities: ScriptedActivities, runner: WorkflowRunner | None = None
) -> AsyncIterator[str]:
    """Run a worker; gives its task queue."""
    queue = str(uuid.uuid4())
    async with Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=activities.all(),
        workflow_runner=runner or SandboxedWorkflowRunner(),
    ):
        yield queue


async def monitor(client: Client, queue: str) -> inputs.MonitorOutput:
    return await client.execute_workflow(MonitorRateLimitsWorkflow.run, GROUP, id=queue, task_queue=queue)


async def began(client: Client, workflow: str) -> float:
    return (await client.get_workflow_handle(workflow).describe()).start_time.timestamp()


@pytest.mark.parametrize("runner", [SandboxedWorkflowRunner(), UnsandboxedWorkflowRunner()], ids=["sandbox", "plain"])
async def test_a_cycle_fetches_records_publishes_and_notifies(client: Client, runner: WorkflowRunner) -> None:
    activities = ScriptedActivities()

    async with working(client, activities, runner) as queue:
        result = await monitor(client, queue)

    assert activities.given == {
        names.FETCH: inputs.FetchInput(participants=GROUP.participants),
        names.RECORD: inputs.RecordInput(polls=POLLS),
        names.PUBLISH: inputs.PublishInput(polls=POLLS),
        names.NOTIFY: inputs.NotifyInput(beat=True, began=await began(client, queue)),
    }
    assert result == inputs.MonitorOutput(polled=2, recorded=2, transitions=1, delivered=1)


async def test_a_reading_is_recorded_after_a_long_database_outage(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.RECORD: 500}))

    async with working(client, activities) as queue:
        result = await monitor(client, queue)

    assert activities.attempts[names.RECORD] == 501
    assert result.recorded == 2


async def test_the_source_is_polled_once_during_a_database_outage(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.RECORD: 20}))

    async with working(client, activities) as queue:
        await monitor(client, queue)

    assert activities.attempts[names.FETCH] == 1


async def test_a_failed_fetch_ends_the_cycle(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.FETCH: 99}))

    async with working(client, activities) as queue:
        with pytest.raises(WorkflowFailureError) as caught:
            await monitor(client, queue)

    assert isinstance(caught.value.cause, ActivityError)
    assert activities.attempts == {names.FETCH: 5}


async def test_a_cycle_succeeds_without_the_broker_and_leaves_the_rest_to_the_sweep(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.PUBLISH: 99}))

    async with working(client, activities) as queue:
        result = await monitor(client, queue)

    assert result.delivered is None
    assert activities.attempts[names.PUBLISH] == 4


async def test_notifications_are_sent_without_the_broker_and_without_a_heartbeat(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.PUBLISH: 99}))

    async with working(client, activities) as queue:
        await monitor(client, queue)

    assert activities.given[names.NOTIFY] == inputs.NotifyInput(beat=False, began=await began(client, queue))


async def test_a_cycle_without_a_new_reading_sends_no_heartbeat(client: Client) -> None:
    activities = ScriptedActivities(advanced=0)

    async with working(client, activities) as queue:
        await monitor(client, queue)

    assert activities.given[names.NOTIFY] == inputs.NotifyInput(beat=False, began=await began(client, queue))


async def test_a_cycle_succeeds_while_notifications_fail(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.NOTIFY: 99}))

    async with working(client, activities) as queue:
        result = await monitor(client, queue)

    assert result.delivered == 1
    assert activities.attempts[names.NOTIFY] == 3


async def test_a_rejected_record_is_not_retried(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.RECORD: 99}), final=True)

    async with working(client, activities) as queue:
        with pytest.raises(WorkflowFailureError):
            await monitor(client, queue)

    assert activities.attempts[names.RECORD] == 1


async def test_a_cancelled_cycle_is_cancelled_and_not_a_success(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.PUBLISH: 99}))

    async with working(client, activities) as queue:
        handle = await client.start_workflow(MonitorRateLimitsWorkflow.run, GROUP, id=queue, task_queue=queue)
        await activities.publishing.wait()
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()

    assert isinstance(caught.value.cause, CancelledError)


async def test_a_cycle_cancelled_during_notifications_is_cancelled(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.NOTIFY: 99}))

    async with working(client, activities) as queue:
        handle = await client.start_workflow(MonitorRateLimitsWorkflow.run, GROUP, id=queue, task_queue=queue)
        await activities.notifying.wait()
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()

    assert isinstance(caught.value.cause, CancelledError)


async def test_the_sweep_publishes_without_polls(client: Client) -> None:
    activities = ScriptedActivities()

    async with working(client, activities) as queue:
        published = await client.execute_workflow(SweepTransitionsWorkflow.run, id=queue, task_queue=queue)

    assert activities.given == {
        names.PUBLISH: inputs.PublishInput(polls=[]),
        names.NOTIFY: inputs.NotifyInput(beat=False),
    }
    assert published == 1


async def test_the_sweep_leaves_failed_publications_to_the_next(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.PUBLISH: 99}))

    async with working(client, activities) as queue:
        published = await client.execute_workflow(SweepTransitionsWorkflow.run, id=queue, task_queue=queue)

    assert published is None


async def test_maintenance_is_retried_for_hours(client: Client) -> None:
    activities = ScriptedActivities(failures=Counter({names.MAINTAIN: 19}))

    async with working(client, activities) as queue:
        done = await client.execute_workflow(MaintainRateLimitsWorkflow.run, id=queue, task_queue=queue)

    assert done == MAINTAINED
