from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.domain.alerts.alert import Kind, Severity
from dict_rate_limit.domain.alerts.transition import Subject, drilled
from dict_rate_limit.domain.notifications.channel import ChannelType, Routes
from dict_rate_limit.domain.notifications.routing import (
    GIVE_UP_AFTER,
    INITIAL_BACKOFF,
    MAX_BACKOFF,
    MAX_REJECTIONS,
    DeliveryResult,
    Notification,
    Status,
    new_message_id,
    new_notification_id,
    next_state,
    route,
)
from dict_rate_limit.domain.notifications.silence import Matchers
from dict_rate_limit.texts.alert_lines import alert_events
from samples.alerts import HOUR, SILENCE_ID, acknowledgement_by, channel, one_of_each, open_change, silence
from samples.domain import NOON, PARTICIPANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.notifications.channel import Channel
    from dict_rate_limit.domain.notifications.silence import Silence

OPS = channel()
CRITICAL_ONLY = channel("pager", Routes(severity=Severity.CRITICAL))
EVERYTHING = silence()
BUSY = DeliveryResult(ok=False, text="503")
REFUSED = DeliveryResult(ok=False, text="400", refused=True)


def routed(
    events: Sequence[AlertEvent],
    channels: Sequence[Channel] = (OPS,),
    silences: Sequence[Silence] = (),
    notified: dict[str, set[str]] | None = None,
) -> list[tuple[str, str, Status]]:
    """Route events. `notified` has the channels notified earlier, by policy."""
    known = {
        event.alert_id: frozenset(notified[event.policy_name])
        for event in events
        if notified and event.policy_name in notified
    }
    notifications = route(events, known, channels, silences, NOON)
    return [(one.event.transition.value, one.channel, one.status) for one in notifications]


def whole_life() -> list[AlertEvent]:
    return list(one_of_each().values())


def drill() -> list[AlertEvent]:
    changes = drilled(Subject(participant=PARTICIPANT, policy_name="*", kind=Kind.DRILL), acknowledgement_by())
    return alert_events(changes)


def waiting(attempts: int = 0) -> Notification:
    _, event = open_change()
    return Notification(
        notification_id=new_notification_id(event.event_id, "ops"),
        channel="ops",
        event=event,
        status=Status.PENDING,
        created_at=NOON,
        next_try_at=NOON,
        attempts=attempts,
    )


def test_a_channel_gets_all_transitions_of_a_matching_alert() -> None:
    notified = routed(whole_life())

    assert notified == [
        (transition, "ops", Status.PENDING)
        for transition in ("OPENED", "ESCALATED", "ACKNOWLEDGED", "REMINDED", "DEESCALATED", "RESOLVED")
    ]


def test_a_critical_channel_gets_the_escalation_and_the_resolution() -> None:
    notified = [transition for transition, _, _ in routed(whole_life(), [CRITICAL_ONLY])]

    assert notified == ["ESCALATED", "ACKNOWLEDGED", "REMINDED", "DEESCALATED", "RESOLVED"]


@pytest.mark.parametrize("transition", ["DEESCALATED", "RESOLVED", "ACKNOWLEDGED"])
def test_a_channel_without_the_opening_gets_no_later_transitions(transition: str) -> None:
    assert routed([one_of_each()[transition]]) == []


@pytest.mark.parametrize("transition", ["DEESCALATED", "RESOLVED", "ACKNOWLEDGED"])
def test_a_notified_channel_gets_later_transitions(transition: str) -> None:
    notified = routed([one_of_each()[transition]], [OPS, CRITICAL_ONLY], notified={"CLAIMS_READ": {"pager"}})

    assert notified == [(transition, "pager", Status.PENDING)]


def test_a_silence_suppresses_and_is_recorded() -> None:
    _, event = open_change()

    (one,) = route([event], {}, [OPS], [EVERYTHING], NOON)

    assert (one.status, one.silence_id) == (Status.SUPPRESSED, SILENCE_ID)


def test_a_suppressed_opening_suppresses_the_resolution() -> None:
    notified = routed(whole_life(), silences=[EVERYTHING])

    assert notified == [
        ("OPENED", "ops", Status.SUPPRESSED),
        ("ESCALATED", "ops", Status.SUPPRESSED),
        ("REMINDED", "ops", Status.SUPPRESSED),
    ]


def test_a_silence_does_not_suppress_the_resolution_of_a_notified_alert() -> None:
    events = [one_of_each()["REMINDED"], one_of_each()["RESOLVED"]]

    notified = routed(events, silences=[EVERYTHING], notified={"CLAIMS_READ": {"ops"}})

    assert notified == [("REMINDED", "ops", Status.SUPPRESSED), ("RESOLVED", "ops", Status.PENDING)]


def test_a_silence_that_does_not_match_suppresses_nothing() -> None:
    other = silence(Matchers(policy="ENTRIES_*"))

    assert routed([one_of_each()["OPENED"]], silences=[other]) == [("OPENED", "ops", Status.PENDING)]


def test_an_ended_silence_suppresses_nothing() -> None:
    _, event = open_change()

    (one,) = route([event], {}, [OPS], [EVERYTHING], NOON + HOUR)

    assert one.status is Status.PENDING


def test_a_drill_goes_to_every_channel_despite_routes_and_silences() -> None:
    notified = routed(drill(), [OPS, CRITICAL_ONLY], [EVERYTHING])

    assert notified == [
        (transition, name, Status.PENDING) for transition in ("OPENED", "RESOLVED") for name in ("ops", "pager")
    ]


@pytest.mark.parametrize(
    ("routes", "wanted"),
    [
        (Routes(policies=("CLAIMS_*",)), True),
        (Routes(policies=("ENTRIES_*", "CLAIMS_READ")), True),
        (Routes(policies=("ENTRIES_*",)), False),
        (Routes(participants=(PARTICIPANT,)), True),
        (Routes(participants=("8*",)), False),
        (Routes(kinds=("RATE_LIMITED", "THRESHOLD")), True),
        (Routes(kinds=("RATE_*",)), False),
        (Routes(severity=Severity.WARNING), True),
        (Routes(severity=Severity.CRITICAL), False),
    ],
)
def test_a_channel_matches_when_all_its_routes_match(routes: Routes, *, wanted: bool) -> None:
    assert bool(routed([one_of_each()["OPENED"]], [channel(routes=routes)])) is wanted


def test_only_text_messages_wait_to_be_grouped() -> None:
    minute = timedelta(minutes=1)
    channels = [channel(format=kind, name=kind.value, group_wait=minute) for kind in ChannelType]
    _, event = open_change()

    due = {one.channel: one.next_try_at - NOON for one in route([event], {}, channels, [], NOON)}

    assert due == {"text": minute, "webhook": timedelta(0), "alertmanager": timedelta(0)}


def test_a_drill_is_not_grouped() -> None:
    patient = channel(group_wait=HOUR)

    assert {one.next_try_at for one in route(drill(), {}, [patient], [], NOON)} == {NOON}


def test_routing_twice_gives_the_same_notifications() -> None:
    first, second = (route(whole_life(), {}, [OPS, CRITICAL_ONLY], [], NOON) for _ in range(2))

    assert first == second
    assert len({one.notification_id for one in first}) == len(first)


def test_an_accepted_message_is_delivered() -> None:
    assert next_state(waiting(), DeliveryResult(ok=True, text="200"), NOON) == (Status.DELIVERED, None)


def test_a_failed_message_is_retried_with_exponential_backoff() -> None:
    pauses = [next_state(waiting(attempts), BUSY, NOON)[1] for attempts in (0, 1, 2, 20)]

    assert pauses == [
        NOON + INITIAL_BACKOFF,
        NOON + 2 * INITIAL_BACKOFF,
        NOON + 4 * INITIAL_BACKOFF,
        NOON + MAX_BACKOFF,
    ]


def test_a_message_is_dropped_after_a_day() -> None:
    almost = next_state(waiting(100), BUSY, NOON + GIVE_UP_AFTER - timedelta(seconds=1))

    assert almost[0] is Status.PENDING
    assert next_state(waiting(100), BUSY, NOON + GIVE_UP_AFTER) == (Status.DEAD, None)


def test_a_rejected_message_blocks_only_so_many_attempts() -> None:
    states = [next_state(waiting(attempts), REFUSED, NOON)[0] for attempts in range(MAX_REJECTIONS)]

    assert states == [Status.PENDING] * (MAX_REJECTIONS - 1) + [Status.DEAD]


def test_the_message_id_does_not_depend_on_the_order() -> None:
    ids = [one.notification_id for one in route(whole_life(), {}, [OPS], [], NOON)]

    assert new_message_id(ids) == new_message_id(reversed(ids))
    assert len({new_message_id(ids), new_message_id(ids[:1]), new_message_id(ids[:2])}) == 3


def test_two_policies_have_different_message_ids() -> None:
    _, other = open_change("ENTRIES_WRITE")
    over = one_of_each()["RESOLVED"]

    notified = routed([other, over], notified={"ENTRIES_WRITE": {"ops"}})

    assert notified == [("OPENED", "ops", Status.PENDING)]
