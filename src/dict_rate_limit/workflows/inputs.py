"""Payloads between workflows and activities. Polls are encoded by `domain.codec`.

Field names are frozen: workflows that run during an upgrade have them in their history.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorInput:
    """A group of participants; also the input of a monitoring workflow."""

    participants: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchInput:
    participants: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordInput:
    polls: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishInput:
    """The polls to cache; without polls only the outbox is drained."""

    polls: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyInput:
    """`beat`: the cycle was good, so the heartbeat is sent.

    `began` is the start of the cycle in seconds since 1970; None without a cycle.
    """

    beat: bool
    began: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintainInput:
    """Empty, so that fields can be added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutput:
    """The number of polls that were new to the store, of the transitions they caused, and of new readings."""

    recorded: int
    transitions: int
    advanced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOutput:
    """The number of snapshots cached and of transitions published."""

    cached: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOutput:
    """The number of transitions routed to channels, and of messages that were delivered or failed."""

    routed: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintainOutput:
    """Partitions created and dropped, and the number of rows rolled up by hour."""

    made: list[str]
    dropped: list[str]
    rolled_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorOutput:
    """One cycle, shown in Temporal's web interface. `delivered` is None if it was left to the sweep."""

    polled: int
    recorded: int
    transitions: int
    delivered: int | None
