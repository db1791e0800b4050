"""Temporal schedules, updated to the settings at every start of a worker."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from dict_rate_limit.workflows import inputs, names

# how late a message may be that waited for others, or for its channel
SWEEP_CRON: Final = "@every 15s"
MAINTAIN_CRON: Final = "17 3 * * *"

# an older missed run is not repeated: DICT only answers with the present state
CATCH_UP_WINDOW: Final = timedelta(minutes=3)

MAINTAIN_CATCH_UP_WINDOW: Final = timedelta(days=1)

_FINGERPRINT: Final = "settings"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleConfig:
    """What to schedule. `cron` is the schedule of the polls: five fields in UTC, or `@every 15s`."""

    task_queue: str
    cron: str
    participants: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledWorkflow:
    """One schedule: the workflow it starts, its id, its times, and how late it may start."""

    schedule_id: str
    workflow: str
    workflow_id: str
    task_queue: str
    cron: str
    catch_up: timedelta
    participants: Sequence[str] = ()

    @property
    def fingerprint(self) -> str:
        """A text that differs when the schedule differs, stored in the schedule's memo."""
        # Temporal returns calendars, never the cron text, so schedules cannot be compared directly
        return json.dumps([self.workflow, self.task_queue, self.cron, list(self.participants)])

    def schedule(self, state: ScheduleState) -> Schedule:
        """Return the schedule as a value of Temporal's client."""
        return Schedule(
            action=ScheduleActionStartWorkflow(
                self.workflow,
                args=[inputs.MonitorInput(participants=list(self.participants))] if self.participants else [],
                id=self.workflow_id,
                task_queue=self.task_queue,
                memo={_FINGERPRINT: self.fingerprint},
            ),
            spec=ScheduleSpec(cron_expressions=[self.cron]),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=self.catch_up),
            state=state,
        )


def groups(participants: Sequence[str]) -> list[Sequence[str]]:
    """Split the participants into groups of at most 50, in order."""
    return [participants[start : start + names.GROUP_SIZE] for start in range(0, len(participants), names.GROUP_SIZE)]


def entries(schedule_config: ScheduleConfig) -> list[ScheduledWorkflow]:
    """Return every schedule. No workflow id is a prefix of another one, as Temporal appends the time."""
    queue = schedule_config.task_queue
    monitors = [
        ScheduledWorkflow(
            schedule_id=names.monitor_schedule_id(number),
            workflow=names.MONITOR_WORKFLOW,
            workflow_id=names.monitor_workflow_id(number),
            task_queue=queue,
            cron=schedule_config.cron,
            catch_up=CATCH_UP_WINDOW,
            participants=group,
        )
        for number, group in enumerate(groups(schedule_config.participants), start=1)
    ]
    others = [
        ScheduledWorkflow(
            schedule_id=name, workflow=workflow, workflow_id=name, task_queue=queue, cron=cron, catch_up=catch_up
        )
        for name, workflow, cron, catch_up in (
            (names.MAINTAIN_SCHEDULE, names.MAINTAIN_WORKFLOW, MAINTAIN_CRON, MAINTAIN_CATCH_UP_WINDOW),
            (names.SWEEP_SCHEDULE, names.SWEEP_WORKFLOW, SWEEP_CRON, CATCH_UP_WINDOW),
        )
    ]
    return [*monitors, *others]


async def ensure_schedules(client: Client, schedule_config: ScheduleConfig) -> None:
    """Create, update and delete schedules until they match; several workers may do so concurrently.

    New and changed schedules run once immediately. A restart with the same settings runs nothing and spends no token.

    Raises:
        RPCError: Temporal rejects the schedule, or is unavailable.
    """
    wanted = entries(schedule_config)
    created = await _create_missing(client, wanted)
    there = [entry for entry in wanted if entry not in created]
    await asyncio.gather(*(_update(client.get_schedule_handle(entry.schedule_id), entry) for entry in there))
    await _delete_orphans(client, schedule_config)


async def restore_schedules(client: Client, schedule_config: ScheduleConfig) -> None:
    """Create missing schedules and delete orphans; leave the others as they are.

    Temporal may have lost its data, or a worker with other settings may have changed something. Without a schedule
    nothing is polled and nothing fails, so the worker calls this regularly.

    Raises:
        RPCError: Temporal rejects a schedule, or is unavailable.
    """
    for entry in await _create_missing(client, entries(schedule_config)):
        _log.warning("schedule.recreated", extra={"schedule_id": entry.schedule_id})
    await _delete_orphans(client, schedule_config)


async def _create_missing(client: Client, wanted: Sequence[ScheduledWorkflow]) -> list[ScheduledWorkflow]:
    created = await asyncio.gather(*(_create(client, entry) for entry in wanted))
    return [entry for entry, new in zip(wanted, created, strict=True) if new]


async def _create(client: Client, entry: ScheduledWorkflow) -> bool:
    try:
        await client.create_schedule(entry.schedule_id, entry.schedule(ScheduleState()), trigger_immediately=True)
    except ScheduleAlreadyRunningError:
        return False
    return True


async def _update(handle: ScheduleHandle, entry: ScheduledWorkflow) -> None:
    run_now = False

    async def updated(found: ScheduleUpdateInput) -> ScheduleUpdate:
        nonlocal run_now
        state = found.description.schedule.state
        # a schedule that an operator has paused stays paused
        run_now = not state.paused and await _stored_fingerprint(found.description) != entry.fingerprint
        return ScheduleUpdate(schedule=entry.schedule(state))

    await handle.update(updated)
    if run_now:
        await handle.trigger(overlap=ScheduleOverlapPolicy.SKIP)


async def _stored_fingerprint(description: ScheduleDescription) -> object:
    action = description.schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow) or not action.memo or _FINGERPRINT not in action.memo:
        return None
    values = await description.data_converter.decode([action.memo[_FINGERPRINT]])
    return values[0]


async def _delete_orphans(client: Client, schedule_config: ScheduleConfig) -> None:
    wanted = len(groups(schedule_config.participants))
    async for listed in await client.list_schedules():
        if (names.group_number(listed.id) or 0) > wanted:
            await _delete(client.get_schedule_handle(listed.id))


async def _delete(handle: ScheduleHandle) -> None:
    (fault,) = await asyncio.gather(handle.delete(), return_exceptions=True)
    already_deleted = isinstance(fault, RPCError) and fault.status is RPCStatusCode.NOT_FOUND
    if fault is not None and not already_deleted:
        raise fault
