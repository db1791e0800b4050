"""Schedules on the dev server."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    ScheduleSpec,
)
from temporalio.service import RPCError

from dict_rate_limit.adapters.temporal import apply_schedules, connect
from dict_rate_limit.domain.errors import SchedulerUnavailableError, SettingsError
from dict_rate_limit.workflows.schedules import ScheduleConfig, _delete, ensure_schedules, restore_schedules
from temporal_namespace import new_namespace, new_namespaces

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from temporalio.client import Client, ScheduleDescription

    from dict_rate_limit.adapters.temporal import TemporalAddress

ONE = [f"{number:08}" for number in range(1)]
NEVER = "0 0 1 1 *"
FIRST = "monitor-rate-limits-1"


@pytest.fixture(scope="module")
def namespaces(temporal_address: str) -> Iterator[TemporalAddress]:
    return new_namespaces(temporal_address, 24)


@pytest.fixture
async def client(namespaces: Iterator[TemporalAddress]) -> Client:
    return await connect(next(namespaces))


def schedule_config(participants: int = 1, cron: str = NEVER) -> ScheduleConfig:
    names = [f"{number:08}" for number in range(participants)]
    return ScheduleConfig(task_queue="nobody-listens", cron=cron, participants=names)


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what the server does by itself; a test that hangs here fails by the limit."""
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 -- the server sends no event
            await asyncio.sleep(0.05)


async def listed(client: Client) -> set[str]:
    return {entry.id async for entry in await client.list_schedules()}


async def described(client: Client, schedule_id: str = FIRST) -> ScheduleDescription:
    return await client.get_schedule_handle(schedule_id).describe()


async def runs(client: Client, schedule_id: str = FIRST) -> int:
    """Count what the schedule started, and what it would have but for a run that is still going."""
    info = (await described(client, schedule_id)).info
    return info.num_actions + info.num_actions_skipped_overlap


async def test_every_configured_schedule_is_created(client: Client) -> None:
    await ensure_schedules(client, schedule_config(51))

    async def all_there() -> bool:
        return await listed(client) == {FIRST, "monitor-rate-limits-2", "maintain-rate-limits", "sweep-transitions"}

    await eventually(all_there)


async def test_runs_of_one_schedule_do_not_overlap(client: Client) -> None:
    await ensure_schedules(client, schedule_config())

    assert (await described(client)).schedule.policy.overlap is ScheduleOverlapPolicy.SKIP


async def test_long_missed_runs_are_not_caught_up(client: Client) -> None:
    await ensure_schedules(client, schedule_config())

    assert (await described(client)).schedule.policy.catchup_window == timedelta(minutes=3)


async def test_a_new_schedule_runs_once_immediately(client: Client) -> None:
    await ensure_schedules(client, schedule_config())

    async def ran() -> bool:
        return await runs(client) == 1

    await eventually(ran)


async def test_a_restart_with_the_same_settings_runs_nothing(client: Client) -> None:
    await ensure_schedules(client, schedule_config())
    await eventually(lambda: has_run(client, 1))

    await ensure_schedules(client, schedule_config())

    await client.get_schedule_handle(FIRST).pause()
    await eventually(lambda: is_paused(client))  # a trigger before it would have been counted by then
    assert await runs(client) == 1


async def is_paused(client: Client) -> bool:
    return (await described(client)).schedule.state.paused


async def has_run(client: Client, times: int) -> bool:
    return await runs(client) >= times


async def test_a_changed_schedule_runs_once_immediately(client: Client) -> None:
    await ensure_schedules(client, schedule_config())
    await eventually(lambda: has_run(client, 1))

    await ensure_schedules(client, schedule_config(2))

    await eventually(lambda: has_run(client, 2))


async def test_a_schedule_follows_the_settings(client: Client) -> None:
    await ensure_schedules(client, schedule_config(1, "@every 1h"))

    await ensure_schedules(client, schedule_config(1, "@every 15s"))

    async def followed() -> bool:
        intervals = (await described(client)).schedule.spec.intervals
        return [interval.every for interval in intervals] == [timedelta(seconds=15)]

    await eventually(followed)


async def test_a_cron_expression_is_in_utc(client: Client) -> None:
    await ensure_schedules(client, schedule_config(1, "30 4 * * *"))

    following = (await described(client)).info.next_action_times[0]
    assert (following.hour, following.minute, following.utcoffset()) == (4, 30, timedelta(0))


async def test_an_interval_of_seconds_works(client: Client) -> None:
    await ensure_schedules(client, schedule_config(1, "@every 1s"))

    await eventually(lambda: has_run(client, 3))


async def test_schedules_of_removed_groups_are_deleted(client: Client) -> None:
    await ensure_schedules(client, schedule_config(101))
    await eventually(lambda: is_listed(client, "monitor-rate-limits-3"))

    await ensure_schedules(client, schedule_config(1))

    with pytest.raises(RPCError, match="not found"):
        await described(client, "monitor-rate-limits-3")


async def is_listed(client: Client, schedule_id: str) -> bool:
    return schedule_id in await listed(client)


async def test_foreign_schedules_are_not_changed(client: Client) -> None:
    await client.create_schedule(
        "somebody-elses",
        Schedule(action=ScheduleActionStartWorkflow("Other", id="other", task_queue="other"), spec=ScheduleSpec()),
    )
    await eventually(lambda: is_listed(client, "somebody-elses"))

    await ensure_schedules(client, schedule_config())

    assert (await described(client, "somebody-elses")).id == "somebody-elses"


async def test_a_manual_schedule_of_the_same_name_is_updated(client: Client) -> None:
    await client.create_schedule(
        FIRST,
        Schedule(action=ScheduleActionStartWorkflow("Other", id="other", task_queue="other"), spec=ScheduleSpec()),
    )

    await ensure_schedules(client, schedule_config())

    async def taken_over() -> bool:
        action = (await described(client)).schedule.action
        return isinstance(action, ScheduleActionStartWorkflow) and action.workflow == "MonitorRateLimitsWorkflow"

    await eventually(taken_over)


async def test_a_paused_schedule_stays_paused_and_is_not_run(client: Client) -> None:
    await ensure_schedules(client, schedule_config())
    await eventually(lambda: has_run(client, 1))
    await client.get_schedule_handle(FIRST).pause(note="BACEN maintenance")
    await eventually(lambda: is_paused(client))

    await ensure_schedules(client, schedule_config(2))

    async def followed() -> bool:
        action = (await described(client)).schedule.action
        return isinstance(action, ScheduleActionStartWorkflow) and "00000001" in str(action.args)

    await eventually(followed)
    state = (await described(client)).schedule.state
    assert (state.paused, state.note) == (True, "BACEN maintenance")
    assert await runs(client) == 1


async def test_many_workers_can_start_concurrently(client: Client) -> None:
    await asyncio.gather(*(ensure_schedules(client, schedule_config(51)) for _ in range(4)))

    await eventually(lambda: is_listed(client, "monitor-rate-limits-2"))


async def test_many_workers_can_delete_orphans_concurrently(client: Client) -> None:
    await ensure_schedules(client, schedule_config(101))
    await eventually(lambda: is_listed(client, "monitor-rate-limits-3"))

    await asyncio.gather(*(ensure_schedules(client, schedule_config(1)) for _ in range(4)))

    with pytest.raises(RPCError, match="not found"):
        await described(client, "monitor-rate-limits-2")


async def test_an_invalid_cron_expression_is_a_settings_error(client: Client) -> None:
    with pytest.raises(SettingsError, match="INVALID_ARGUMENT"):
        await apply_schedules(client, schedule_config(1, "every now and then"))


async def test_a_missing_namespace_is_a_retryable_error(temporal_address: str) -> None:
    address = await new_namespace(temporal_address)

    with pytest.raises(SchedulerUnavailableError, match="not found"):
        await connect(type(address)(host=address.host, namespace="no-such"))


async def test_a_lost_schedule_is_created_again(client: Client) -> None:
    await ensure_schedules(client, schedule_config())
    await client.get_schedule_handle(FIRST).delete()

    await restore_schedules(client, schedule_config())

    assert (await described(client)).id == FIRST


async def test_existing_schedules_are_unchanged_when_lost_ones_are_restored(client: Client) -> None:
    await ensure_schedules(client, schedule_config(1, "@every 1h"))

    await restore_schedules(client, schedule_config(1, "@every 15s"))

    (interval,) = (await described(client)).schedule.spec.intervals
    assert interval.every == timedelta(hours=1)


async def test_a_concurrent_deletion_counts_as_deleted(client: Client) -> None:
    await _delete(client.get_schedule_handle("monitor-rate-limits-77"))


async def test_a_failed_deletion_raises_an_error(client: Client) -> None:
    with pytest.raises(RPCError, match="not set"):
        await _delete(client.get_schedule_handle(""))
