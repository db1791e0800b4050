"""Names in Temporal. They are frozen: running workflows and operators use them."""

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

# participants of one monitoring workflow, at most
GROUP_SIZE: Final = 50


def monitor_schedule_id(number: int) -> str:
    """Return the id of a group's schedule; groups count from 1."""
    return f"{MONITOR_SCHEDULE_PREFIX}{number}"


def monitor_workflow_id(number: int) -> str:
    """Return the id of a group's workflow, to which Temporal appends the time."""
    # of equal length, so that none is a prefix of another
    return f"monitor-group-{number:05}"


def group_number(schedule_id: str) -> int | None:
    """Return the group of a schedule; None if it is not a monitoring schedule."""
    text = schedule_id.removeprefix(MONITOR_SCHEDULE_PREFIX)
    if text == schedule_id or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
