from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from database_replay import replayed, rules_every, stored_events, stored_polls
from dict_rate_limit.adapters.postgres.pool import open_pool
from dict_rate_limit.bootstrap.store import postgres_stores
from dict_rate_limit.domain.buckets.reading import FailedPoll, Snapshot, split_valid
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.simulator.fake_dict import FakeDict, World
from dict_rate_limit.simulator.faults import ErrorStatus, Listing
from dict_rate_limit.simulator.scenario import SCENARIOS
from dict_rate_limit.usecases.poll import record_group
from samples.domain import NOON

if TYPE_CHECKING:
    from datetime import datetime

    from dict_rate_limit.domain.buckets.reading import Poll

EVERY = timedelta(seconds=20)
PARTICIPANTS = ("12345678", "ABCDEFGH")


def asked(fake: FakeDict, participant: str, at: datetime) -> Poll:
    answer = fake.list_policies(participant, at).answer
    if isinstance(answer, ErrorStatus):
        outcome = {429: Outcome.RATE_LIMITED, 503: Outcome.UNAVAILABLE}[answer.status]
        return FailedPoll(
            participant=participant, source="simulator", outcome=outcome, detail=answer.detail, received_at=at
        )
    assert isinstance(answer, Listing)
    buckets, rejected = split_valid(answer.policies)
    return Snapshot(
        participant=participant,
        source="simulator",
        response_time=answer.response_time,
        received_at=at,
        category=answer.category,
        correlation_id=None,
        buckets=buckets,
        rejected=rejected,
    )


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
async def test_half_an_hour_in_the_database_equals_a_replay_of_its_polls(
    migrated_database_url: str, scenario: str
) -> None:
    fake = FakeDict(World(scenario=SCENARIOS[scenario], start=NOON, participants=PARTICIPANTS))
    rules = rules_every(EVERY)
    ticks = [NOON + number * EVERY for number in range(int(timedelta(minutes=30) / EVERY))]
    polls = [[asked(fake, participant, tick) for participant in PARTICIPANTS] for tick in ticks]

    async with open_pool(migrated_database_url) as pool:
        stores, gate = postgres_stores(pool), asyncio.Semaphore(4)
        for group in polls:
            await record_group(stores.state, group, rules, gate)
            await record_group(stores.state, group, rules, gate)  # an activity tried again

    expected = replayed((poll for group in polls for poll in group), rules)
    events = await stored_events(migrated_database_url)
    assert sorted(events, key=str) == sorted(expected, key=str)
    assert replayed(await stored_polls(migrated_database_url), rules) == events
    assert bool(events) is (scenario not in {"still", "calm-day"})
