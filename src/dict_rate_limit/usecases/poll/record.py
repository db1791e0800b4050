"""Record and evaluate polls, one transaction each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import AlertConfig
from dict_rate_limit.domain.buckets.reading import Poll
from dict_rate_limit.domain.errors import StoreError, StoreUnavailableError
from dict_rate_limit.ports.stores import StateStore
from dict_rate_limit.texts.alert_lines import alert_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The result of recording one poll. `repeated`: it was stored before. `events` counts its transitions."""

    participant: str
    repeated: bool
    is_new_reading: bool
    events: int


async def record_group(
    store: StateStore, polls: Sequence[Poll], config: AlertConfig, gate: asyncio.Semaphore
) -> list[Recorded]:
    """Store and evaluate every poll, one transaction each, as many at a time as the semaphore allows.

    Raises:
        StoreUnavailableError | StoreError: after every poll was tried. Those that succeeded remain recorded, and a
            retry finds them so.
    """
    results = await asyncio.gather(*(_record(store, poll, config, gate) for poll in polls), return_exceptions=True)
    faults = [result for result in results if isinstance(result, BaseException)]
    if faults:
        raise min(faults, key=_urgency)
    return [result for result in results if isinstance(result, Recorded)]


async def _record(store: StateStore, poll: Poll, config: AlertConfig, gate: asyncio.Semaphore) -> Recorded:
    async with gate, store.begin(poll.participant) as unit:
        state = await unit.load(poll)
        if state is None:
            return Recorded(participant=poll.participant, repeated=True, is_new_reading=False, events=0)
        _, evaluation = evaluate_poll(state, poll, config)
        await unit.save(evaluation, alert_events(evaluation.changes))
    return Recorded(
        participant=poll.participant,
        repeated=False,
        is_new_reading=evaluation.is_new_reading,
        events=len(evaluation.changes),
    )


def _urgency(fault: BaseException) -> int:
    # An error that a retry can resolve comes first: one rejected poll must not prevent the retry of the others.
    if isinstance(fault, StoreUnavailableError):
        return 0
    return 1 if isinstance(fault, StoreError) else 2
