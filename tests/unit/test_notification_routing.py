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
from samples.alerts import HOUR, SILENCE_ID, channel, life, open_change, silence, taken_up
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
    told: dict[str, set[str]] | None = None,
) -> list[tuple[str, str, Status]]:
    """Route, and say who is told of what; `told` by policy."""
    known = {
        event.alert_id: frozenset(told[event.policy_name]) for event in events if told and event.policy_name in told
    }
    notifications = route(events, known, channels, silences, NOON)
    return [(one.event.transition.value, one.channel, one.status) for one in notifications]


def whole_life() -> list[AlertEvent]:
    return list(life().values())


def drill() -> list[AlertEvent]:
    changes = drilled(Subject(participant=PARTICIPANT, policy_name="*", kind=Kind.DRILL), taken_up())
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


def test_a_channel_hears_the_whole_life_of_an_alert_it_wants() -> None:
    told = routed(whole_life())

    assert told == [
        (transition, "ops", Status.PENDING)
        for transition in ("OPENED", "ESCALATED", "ACKNOWLEDGED", "REMINDED", "DEESCALATED", "RESOLVED")
    ]


def test_a_channel_for_the_critical_begins_when_it_gets_critical_and_hears_the_end() -> None:
    told = [transition for transition, _, _ in routed(whole_life(), [CRITICAL_ONLY])]

    assert told == ["ESCALATED", "ACKNOWLEDGED", "REMINDED", "DEESCALATED", "RESOLVED"]


@pytest.mark.parametrize("transition", ["DEESCALATED", "RESOLVED", "ACKNOWLEDGED"])
def test_a_channel_that_did_not_hear_the_beginning_does_not_hear_how_it_goes_on(transition: str) -> None:
    assert routed([life()[transition]]) == []


@pytest.mark.parametrize("transition", ["DEESCALATED", "RESOLVED", "ACKNOWLEDGED"])
def test_whoever_heard_of_it_earlier_hears_how_it_goes_on(transition: str) -> None:
    told = routed([life()[transition]], [OPS, CRITICAL_ONLY], told={"CLAIMS_READ": {"pager"}})

    assert told == [(transition, "pager", Status.PENDING)]


def test_a_silence_holds_back_and_leaves_a_trace() -> None:
    _, event = open_change()

    (one,) = route([event], {}, [OPS], [EVERYTHING], NOON)

    assert (one.status, one.silence_id) == (Status.SUPPRESSED, SILENCE_ID)


def test_who_was_kept_from_the_beginning_does_not_hear_the_end() -> None:
    told = routed(whole_life(), silences=[EVERYTHING])

    assert told == [
        ("OPENED", "ops", Status.SUPPRESSED),
        ("ESCALATED", "ops", Status.SUPPRESSED),
        ("REMINDED", "ops", Status.SUPPRESSED),
    ]


def test_during_a_silence_the_end_of_what_was_told_before_is_told() -> None:
    events = [life()["REMINDED"], life()["RESOLVED"]]

    told = routed(events, silences=[EVERYTHING], told={"CLAIMS_READ": {"ops"}})

    assert told == [("REMINDED", "ops", Status.SUPPRESSED), ("RESOLVED", "ops", Status.PENDING)]


def test_a_silence_for_something_else_holds_nothing_back() -> None:
    other = silence(Matchers(policy="ENTRIES_*"))

    assert routed([life()["OPENED"]], silences=[other]) == [("OPENED", "ops", Status.PENDING)]


def test_a_silence_that_is_over_holds_nothing_back() -> None:
    _, event = open_change()

    (one,) = route([event], {}, [OPS], [EVERYTHING], NOON + HOUR)

    assert one.status is Status.PENDING


def test_a_drill_goes_to_every_channel_whatever_routes_and_silences_say() -> None:
    told = routed(drill(), [OPS, CRITICAL_ONLY], [EVERYTHING])

    assert told == [
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
def test_a_channel_wants_what_all_its_routes_want(routes: Routes, *, wanted: bool) -> None:
    assert bool(routed([life()["OPENED"]], [channel(routes=routes)])) is wanted


def test_texts_wait_for_others_and_all_else_goes_at_once() -> None:
    minute = timedelta(minutes=1)
    channels = [channel(format=kind, name=kind.value, group_wait=minute) for kind in ChannelType]
    _, event = open_change()

    due = {one.channel: one.next_try_at - NOON for one in route([event], {}, channels, [], NOON)}

    assert due == {"text": minute, "webhook": timedelta(0), "alertmanager": timedelta(0)}


def test_a_drill_waits_for_nobody() -> None:
    patient = channel(group_wait=HOUR)

    assert {one.next_try_at for one in route(drill(), {}, [patient], [], NOON)} == {NOON}


def test_routing_twice_gives_the_same_notifications() -> None:
    first, second = (route(whole_life(), {}, [OPS, CRITICAL_ONLY], [], NOON) for _ in range(2))

    assert first == second
    assert len({one.notification_id for one in first}) == len(first)


def test_what_was_taken_is_delivered() -> None:
    assert next_state(waiting(), DeliveryResult(ok=True, text="200"), NOON) == (Status.DELIVERED, None)


def test_what_failed_is_tried_again_twice_as_late_each_time() -> None:
    pauses = [next_state(waiting(attempts), BUSY, NOON)[1] for attempts in (0, 1, 2, 20)]

    assert pauses == [
        NOON + INITIAL_BACKOFF,
        NOON + 2 * INITIAL_BACKOFF,
        NOON + 4 * INITIAL_BACKOFF,
        NOON + MAX_BACKOFF,
    ]


def test_after_a_day_it_is_given_up() -> None:
    almost = next_state(waiting(100), BUSY, NOON + GIVE_UP_AFTER - timedelta(seconds=1))

    assert almost[0] is Status.PENDING
    assert next_state(waiting(100), BUSY, NOON + GIVE_UP_AFTER) == (Status.DEAD, None)


def test_what_is_refused_for_what_it_is_stands_in_the_way_only_so_often() -> None:
    states = [next_state(waiting(attempts), REFUSED, NOON)[0] for attempts in range(MAX_REJECTIONS)]

    assert states == [Status.PENDING] * (MAX_REJECTIONS - 1) + [Status.DEAD]


def test_a_message_of_the_same_notifications_has_the_same_name_in_any_order() -> None:
    ids = [one.notification_id for one in route(whole_life(), {}, [OPS], [], NOON)]

    assert new_message_id(ids) == new_message_id(reversed(ids))
    assert len({new_message_id(ids), new_message_id(ids[:1]), new_message_id(ids[:2])}) == 3


def test_two_policies_are_told_apart() -> None:
    _, other = open_change("ENTRIES_WRITE")
    over = life()["RESOLVED"]

    told = routed([other, over], told={"ENTRIES_WRITE": {"ops"}})

    assert told == [("OPENED", "ops", Status.PENDING)]
