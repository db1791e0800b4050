"""What travels between workflows and activities: one value per activity, polls as the text of `domain.codec`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorInput:
    """A group of participants; also the input of a monitoring workflow."""

    participants: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchInput:
    """Whom to poll."""

    participants: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordInput:
    """What to keep and judge."""

    polls: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishInput:
    """What to show readers; without polls only the outbox is drained."""

    polls: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyInput:
    """Whether a cycle went well: then the heartbeat beats.

    `began` is when the cycle did, in seconds since 1970; None where there was no cycle.
    """

    beat: bool
    began: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintainInput:
    """Nothing yet; there so that a field may be added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutput:
    """How many polls were new to the store, the transitions they caused, and how many of them were new readings."""

    recorded: int
    transitions: int
    advanced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOutput:
    """Snapshots that reached the cache and transitions that reached their readers."""

    cached: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOutput:
    """Transitions for which it was settled who is told, and messages that channels took or refused."""

    routed: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintainOutput:
    """Partitions made and dropped, rows of the hourly roll-up written."""

    made: list[str]
    dropped: list[str]
    rolled_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorOutput:
    """One cycle, for operators who look into Temporal. `delivered` is None where it was left to the sweep."""

    polled: int
    recorded: int
    transitions: int
    delivered: int | None
