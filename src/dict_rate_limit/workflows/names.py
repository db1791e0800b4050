"""What things are called in Temporal. Part of the outside contract: running workflows and operators know them."""

from __future__ import annotations

from typing import Final

FETCH: Final = "fetch"
RECORD: Final = "record"
PUBLISH: Final = "publish"
NOTIFY: Final = "notify"
MAINTAIN: Final = "maintain"

MONITOR_WORKFLOW: Final = "MonitorRateLimitsWorkflow"
MAINTAIN_WORKFLOW: Final = "MaintainRateLimitsWorkflow"
SWEEP_WORKFLOW: Final = "SweepTransitionsWorkflow"

MONITOR_SCHEDULE_PREFIX: Final = "monitor-rate-limits-"
MAINTAIN_SCHEDULE: Final = "maintain-rate-limits"
SWEEP_SCHEDULE: Final = "sweep-transitions"

GROUP_SIZE: Final = 50
"""Participants of one monitoring workflow, at most."""


def monitor_schedule_id(number: int) -> str:
    """Name the schedule of a group; groups count from 1."""
    return f"{MONITOR_SCHEDULE_PREFIX}{number}"


def monitor_workflow_id(number: int) -> str:
    """Name a group's workflow, before Temporal adds the time. Of equal length, so that none is another's prefix."""
    return f"monitor-group-{number:05}"


def group_number(schedule_id: str) -> int | None:
    """Return the group a schedule belongs to; None when it is not one of ours."""
    text = schedule_id.removeprefix(MONITOR_SCHEDULE_PREFIX)
    if text == schedule_id or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
