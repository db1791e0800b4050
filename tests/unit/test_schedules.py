from __future__ import annotations

from itertools import permutations

import pytest

from dict_rate_limit.workflows.names import group_number, monitor_schedule_id
from dict_rate_limit.workflows.schedules import ScheduleConfig, ScheduledWorkflow, entries, groups


def make_entries(participants: int, cron: str = "*/5 * * * *") -> list[ScheduledWorkflow]:
    names = [f"{number:08}" for number in range(participants)]
    return entries(ScheduleConfig(task_queue="queue", cron=cron, participants=names))


@pytest.mark.parametrize(("participants", "sizes"), [(1, [1]), (50, [50]), (51, [50, 1]), (1000, [50] * 20)])
def test_a_group_has_at_most_fifty_participants(participants: int, sizes: list[int]) -> None:
    assert [len(group) for group in groups([str(number) for number in range(participants)])] == sizes


def test_every_participant_is_in_one_group() -> None:
    names = [str(number) for number in range(120)]

    assert [name for group in groups(names) for name in group] == names


def test_each_group_has_one_schedule_and_maintenance_has_two() -> None:
    assert [entry.schedule_id for entry in make_entries(51)] == [
        "monitor-rate-limits-1",
        "monitor-rate-limits-2",
        "maintain-rate-limits",
        "sweep-transitions",
    ]


def test_no_workflow_id_begins_with_another() -> None:
    ids = [entry.workflow_id for entry in make_entries(600)]

    assert len(ids) == 14
    assert not [(one, other) for one, other in permutations(ids, 2) if one.startswith(other)]


def test_the_fingerprint_changes_with_cron_and_participants() -> None:
    changed = [make_entries(1)[0], make_entries(2)[0], make_entries(1, "@every 15s")[0]]

    assert len({entry.fingerprint for entry in changed}) == 3


def test_a_schedules_group_is_read_from_its_id() -> None:
    assert group_number(monitor_schedule_id(12)) == 12


@pytest.mark.parametrize(
    "name", ["sweep-transitions", "monitor-rate-limits-", "monitor-rate-limits-x", "monitor-rate-limits-²", "12"]
)
def test_foreign_schedule_ids_have_no_group(name: str) -> None:
    assert group_number(name) is None
