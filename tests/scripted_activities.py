"""Activities that fail on request and do nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from dict_rate_limit.domain.codec import encode_poll
from dict_rate_limit.workflows import inputs, names
from samples.fake_ports import readings_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

GROUP = inputs.MonitorInput(participants=["12345678", "87654321"])
POLLS = [encode_poll(reading) for reading in readings_of(GROUP.participants)]
MAINTAINED = inputs.MaintainOutput(made=["2027_01"], dropped=[], rolled_up=29)


@dataclass
class ScriptedActivities:
    """Each activity fails as often as `failures` says, then succeeds. Inputs are recorded."""

    failures: Counter[str] = field(default_factory=Counter)
    final: bool = False
    given: dict[str, object] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    publishing: asyncio.Event = field(default_factory=asyncio.Event)
    notifying: asyncio.Event = field(default_factory=asyncio.Event)
    advanced: int = 2

    def all(self) -> list[Callable[..., Awaitable[object]]]:
        return [self.fetch, self.record, self.publish, self.notify, self.maintain]

    def attempt(self, name: str, order: object) -> None:
        self.given[name] = order
        self.attempts[name] += 1
        if self.attempts[name] <= self.failures[name]:
            message = f"{name} cannot now"
            raise ApplicationError(
                message, type="Scripted", non_retryable=self.final, category=ApplicationErrorCategory.BENIGN
            )

    @activity.defn(name=names.FETCH)
    async def fetch(self, order: inputs.FetchInput) -> list[str]:
        self.attempt(names.FETCH, order)
        return POLLS

    @activity.defn(name=names.RECORD)
    async def record(self, order: inputs.RecordInput) -> inputs.RecordOutput:
        self.attempt(names.RECORD, order)
        return inputs.RecordOutput(recorded=2, transitions=1, advanced=self.advanced)

    @activity.defn(name=names.PUBLISH)
    async def publish(self, order: inputs.PublishInput) -> inputs.PublishOutput:
        self.publishing.set()
        self.attempt(names.PUBLISH, order)
        return inputs.PublishOutput(cached=2, delivered=1)

    @activity.defn(name=names.NOTIFY)
    async def notify(self, order: inputs.NotifyInput) -> inputs.NotifyOutput:
        self.notifying.set()
        self.attempt(names.NOTIFY, order)
        return inputs.NotifyOutput(routed=1, delivered=1, failed=0)

    @activity.defn(name=names.MAINTAIN)
    async def maintain(self, order: inputs.MaintainInput) -> inputs.MaintainOutput:
        self.attempt(names.MAINTAIN, order)
        return MAINTAINED
