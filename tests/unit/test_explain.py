from __future__ import annotations

from dataclasses import replace

import pytest

from dict_rate_limit.adapters.memory.stores import memory_stores
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind
from dict_rate_limit.domain.alerts.state import PolicyOverride
from dict_rate_limit.domain.buckets.level import Level
from dict_rate_limit.domain.errors import NotFoundError, Outcome
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose
from dict_rate_limit.usecases.alerts import AcknowledgeAlert, acknowledge
from dict_rate_limit.usecases.explain import ExplainDeps, PolicyExplanation, explain
from dict_rate_limit.usecases.notify import send_notifications
from dict_rate_limit.usecases.silences import CreateSilence, create_silence
from samples.alerts import HOUR, MINUTE, acknowledgement_by, channel
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, THRESHOLDS, bucket, failure, snapshot
from samples.fake_ports import FakeClock, notifications
from samples.readings import recorded

LATER = NOON + FIVE_MINUTES


class ExplainWorld:
    """A store and the dependencies of explain."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stores = memory_stores(self.clock)
        self.deps = ExplainDeps(
            stores=self.stores,
            clock=self.clock,
            thresholds=THRESHOLDS,
            remind_every=HOUR,
        )

    async def explained(self, policy_name: str = "CLAIMS_READ") -> PolicyExplanation:
        return await explain(self.deps, PARTICIPANT, policy_name)

    async def silence(self, matchers: Matchers, *, later: bool = False) -> str:
        """Add a silence; return its id as text."""
        now = self.clock.now()
        order = CreateSilence(
            purpose=Purpose.SILENCE,
            matchers=matchers,
            starts_at=now + MINUTE if later else None,
            ends_at=now + HOUR,
            actor="ana",
            reason="work",
        )
        return str((await create_silence(self.stores.silences, self.clock, order)).silence_id)


@pytest.fixture
def world() -> ExplainWorld:
    return ExplainWorld()


async def test_a_quiet_policy_is_explained_by_its_bucket(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(700)))
    world.clock.move(MINUTE)

    found = await world.explained()

    assert (found.participant, found.policy_name) == (PARTICIPANT, "CLAIMS_READ")
    assert (found.now, found.checked_at) == (NOON + MINUTE, NOON)
    assert (found.evaluated.bucket.available_tokens, found.evaluated.level, found.alert_level) == (
        700,
        Level.OK,
        Level.OK,
    )
    assert (found.warns_at_tokens, found.clears_above_tokens) == (250, None)
    assert (found.alerts, found.silences) == ([], [])


async def test_an_alert_in_warning_clears_above_the_threshold_and_the_margin(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(200)), snapshot(bucket(260), at=LATER))

    found = await world.explained()

    assert (found.evaluated.level, found.alert_level, found.clears_above_tokens) == (Level.OK, Level.WARNING, 270)


async def test_the_explained_number_of_tokens_clears_an_alert(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(50)))
    clears = (await world.explained()).clears_above_tokens
    assert clears == 120

    await recorded(world.stores, snapshot(bucket(clears), at=LATER))
    held = await world.explained()
    await recorded(world.stores, snapshot(bucket(clears + 1), at=LATER + FIVE_MINUTES))
    cleared = await world.explained()

    assert (held.alert_level, cleared.alert_level) == (Level.CRITICAL, Level.WARNING)


async def test_one_token_below_a_full_bucket_does_not_clear(world: ExplainWorld) -> None:
    world.stores.database.set_policy_override(PARTICIPANT, "CLAIMS_READ", PolicyOverride(warning=9900))
    await recorded(world.stores, snapshot(bucket(500)))

    found = await world.explained()

    assert found.clears_above_tokens == 999


async def test_a_bucket_without_capacity_has_no_figures(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(200)), snapshot(bucket(0, capacity=0), at=LATER))

    found = await world.explained()

    assert (found.evaluated.level, found.alert_level) == (Level.UNKNOWN, Level.WARNING)
    assert (found.warns_at_tokens, found.clears_above_tokens) == (None, None)


async def test_thresholds_are_those_of_the_policy(world: ExplainWorld) -> None:
    world.stores.database.set_policy_override(PARTICIPANT, "CLAIMS_READ", PolicyOverride(warning=5000, enabled=False))
    await recorded(world.stores, snapshot(bucket(400)))

    found = await world.explained()

    assert (found.evaluated.level, found.evaluated.enabled, found.warns_at_tokens) == (Level.WARNING, False, 500)


async def test_alerts_of_the_policy_and_of_the_whole_participant_concern_it(world: ExplainWorld) -> None:
    await recorded(
        world.stores, snapshot(bucket(200), bucket(100, name="OTHER")), failure(Outcome.RATE_LIMITED, at=LATER)
    )

    found = await world.explained()

    assert {one.alert.key for one in found.alerts} == {
        ("CLAIMS_READ", Kind.THRESHOLD),
        (ANY_POLICY, Kind.RATE_LIMITED),
    }


async def test_the_next_reminder_follows_the_acknowledgement(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(200)))
    (open_one,) = (await world.explained()).alerts
    until = NOON + 3 * HOUR
    order = AcknowledgeAlert(alert_id=open_one.alert.alert_id, actor="ana", reason="looking", until=until)
    await acknowledge(world.stores.alerts, world.clock, order)

    (taken,) = (await world.explained()).alerts

    assert (open_one.next_reminder, taken.next_reminder) == (NOON + HOUR, until)
    assert taken.alert.acknowledgement == replace(acknowledgement_by(), until=until)


async def test_possible_silences_are_listed(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(200)))
    now = await world.silence(Matchers(policy="CLAIMS_*"))
    later = await world.silence(Matchers(participant="1234*"), later=True)
    await world.silence(Matchers(policy="ENTRIES_*"))
    await world.silence(Matchers(participant="8*"))

    found = await world.explained()

    assert {str(one.silence_id) for one in found.silences} == {now, later}


async def test_an_alert_lists_its_active_silences(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(200)))
    now = await world.silence(Matchers(policy="CLAIMS_*"))
    await world.silence(Matchers(), later=True)
    await world.silence(Matchers(severity="CRITICAL"))

    (alert,) = (await world.explained()).alerts

    assert [str(one.silence_id) for one in alert.silences] == [now]


async def test_an_alert_has_its_notifications(world: ExplainWorld) -> None:
    await recorded(world.stores, snapshot(bucket(200)))
    await send_notifications(notifications(world.stores, world.clock, channel()), within=HOUR)

    (alert,) = (await world.explained()).alerts

    assert [(entry.notification.channel, len(entry.attempts)) for entry in alert.ledger] == [("ops", 1)]


@pytest.mark.parametrize("policy_name", ["OTHER", "*"])
async def test_a_policy_that_the_last_reading_lacks_is_not_found(world: ExplainWorld, policy_name: str) -> None:
    await recorded(world.stores, snapshot(bucket(700)))

    with pytest.raises(NotFoundError, match="expected one of the last reading of 12345678"):
        await world.explained(policy_name)


async def test_before_the_first_poll_no_policy_is_found(world: ExplainWorld) -> None:
    with pytest.raises(NotFoundError):
        await world.explained()


async def test_before_the_first_good_reading_nothing_is_found(world: ExplainWorld) -> None:
    await recorded(world.stores, failure())

    with pytest.raises(NotFoundError):
        await world.explained()
