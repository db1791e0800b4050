"""Every text in English."""

from __future__ import annotations

from typing import Final

from dict_rate_limit.domain.alerts.alert import Kind, TransitionKind
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.notifications.silence import Purpose
from dict_rate_limit.texts.catalog.schema import (
    BySeverity,
    Catalog,
    DisplayStatus,
    KindText,
    MessageTexts,
    NotificationTexts,
    PageTexts,
    Plural,
)

_KINDS: Final = {
    Kind.THRESHOLD: KindText(
        title="{policy}{left}",
        messages={
            TransitionKind.OPENED: "{policy} {state}: {left}{threshold}",
            TransitionKind.ESCALATED: "{policy} got worse, {state}: {left}{threshold}; open for {age}",
            TransitionKind.DEESCALATED: "{policy} got better, still {state}: {left}{threshold}; open for {age}",
            TransitionKind.REMINDED: "{policy} still {state} for {age}: {left}{threshold}",
            TransitionKind.ACKNOWLEDGED: "{policy}: acknowledged by {actor} until {until}: {reason}",
            TransitionKind.RESOLVED: "{policy}: alert closed after {age}; {left}",
        },
    ),
    Kind.CATEGORY_CHANGED: KindText(
        title="category in DICT changed from {previous} to {current}",
        messages={TransitionKind.NOTICED: "Category of the participant in DICT: {previous} → {current}"},
    ),
    Kind.LIMITS_CHANGED: KindText(
        title="BACEN changed the limits of {policy}",
        messages={TransitionKind.NOTICED: "{policy}: BACEN changed the limits: {previous} → {current}"},
    ),
    Kind.POLICY_APPEARED: KindText(
        title="new policy in DICT, {policy}", messages={TransitionKind.NOTICED: "{policy}: new policy in DICT; {left}"}
    ),
    Kind.POLICY_VANISHED: KindText(
        title="{policy} is gone from DICT",
        messages={TransitionKind.NOTICED: "{policy}: the policy is gone from DICT's answers"},
    ),
    Kind.SOURCE_UNREACHABLE: KindText(
        title="no reading from DICT",
        resolved_title="readings from DICT are back",
        messages={
            TransitionKind.OPENED: "No new reading from DICT: the current levels are unknown; last poll: {current}",
            TransitionKind.REMINDED: (
                "Still no new reading from DICT, for {age}: the current levels are unknown; last poll: {current}"
            ),
            TransitionKind.ACKNOWLEDGED: "No new reading from DICT: acknowledged by {actor} until {until}: {reason}",
            TransitionKind.RESOLVED: "Readings from DICT are back; alert closed after {age}",
        },
        page="No new reading from DICT: the current levels are unknown",
    ),
    Kind.RATE_LIMITED: KindText(
        title="DICT refuses our query of the limits (429)",
        resolved_title="DICT accepts our query of the limits",
        messages={
            TransitionKind.OPENED: (
                "DICT refused our own query of the limits (429): readings are late until tokens are back"
            ),
            TransitionKind.REMINDED: "DICT has refused our own query of the limits (429) for {age}: readings are late",
            TransitionKind.ACKNOWLEDGED: (
                "Query of the limits refused (429): acknowledged by {actor} until {until}: {reason}"
            ),
            TransitionKind.RESOLVED: "DICT accepts our query of the limits again; alert closed after {age}",
        },
        page="DICT refused our own query of the limits (429): readings are late",
    ),
    Kind.DRILL: KindText(
        title="TEST alert, nothing to do",
        resolved_title="TEST alert over",
        messages={
            TransitionKind.OPENED: "TEST sent by {actor}: {reason}. Nothing needs to be done",
            TransitionKind.RESOLVED: "TEST over. Nothing needs to be done",
        },
    ),
}

_MESSAGES: Final = MessageTexts(
    states=BySeverity(
        info="under watch", warning="in warning", critical="critical", exhausted="EXHAUSTED, DICT refuses calls"
    ),
    warning_threshold=", warning threshold {share}",
    critical_threshold=", critical threshold {share}",
    left="{tokens} of {capacity} tokens left ({share})",
    unknown_left="tokens left unknown",
    limits="{capacity} tokens, +{refill} every {period} s",
    nothing="(empty)",
    participant=" [participant {name}]",
)

_NOTIFICATIONS: Final = NotificationTexts(
    day="{day} {name}",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    at_once="less than 1 s",
    states=BySeverity(info="NOTICE", warning="WARNING", critical="CRITICAL", exhausted="EXHAUSTED"),
    lasting=BySeverity(info="UNDER NOTICE", warning="IN WARNING", critical="CRITICAL", exhausted="EXHAUSTED"),
    beginnings={
        TransitionKind.OPENED: "{state}: ",
        TransitionKind.ESCALATED: "WORSE, {state}: ",
        TransitionKind.DEESCALATED: "BETTER, now {state}: ",
        TransitionKind.RESOLVED: "RESOLVED after {age}: ",
        TransitionKind.ACKNOWLEDGED: "ACKNOWLEDGED by {actor} until {until}: ",
        TransitionKind.REMINDED: "STILL {lasting} for {age}: ",
        TransitionKind.NOTICED: "{state}: ",
    },
    left=", {share} left",
    exhausted=", DICT refuses calls",
    several="{count} alerts, the worst: {headline}",
    more="… and {count} more alerts.",
    on="On {at}.",
    since="Since {at}.",
    since_for="Since {at}, for {age}.",
    lasted="From {start} to {end}.",
    late="LATE: this was at {at}, {age} ago. Check the current levels before you act.",
    acknowledged=(
        "{matter}: acknowledged by {actor} until {until}, no reminders until then unless it gets worse: {reason}"
    ),
    verbs={
        TransitionKind.ESCALATED: "got worse",
        TransitionKind.DEESCALATED: "got better",
        TransitionKind.RESOLVED: "closed",
        TransitionKind.ACKNOWLEDGED: "acknowledged",
        TransitionKind.REMINDED: "reminder",
        TransitionKind.NOTICED: "notice",
    },
    before="Before: {steps}.",
    use_unknown="Current use unknown: no forecast of when it empties.",
    not_emptying="At the current pace it does not empty.",
    may_empty="At the highest possible use it empties in {span}; at the lowest it does not.",
    emptying="At the current pace it empties in {span}.",
    usable="Without use, DICT accepts calls again in {span}.",
    full="Without use, full in {span}.",
    then_full="Full in {span}.",
    span="{earliest} to {latest}",
    up_to="at most {latest}",
    no_data="When it recovers, and what is safe to send until then: unknown.",
    room="Safe to send now: up to {tokens} tokens, then {pace}.",
    no_room="NO ROOM: hold back what can wait; the bucket regains {pace}.",
    per_minute="{tokens}/min",
    per_hour="{tokens}/h",
    per_day="{tokens} a day",
    antiscan="Each 404 costs 3 tokens: at worst {calls} look-ups now, then {pace}.",
    runbook="Runbook: {url}",
)

_PAGE: Final = PageTexts(
    title="DICT limits",
    participant="Participant",
    participants="Participants",
    participant_of="{participant}, one of {n}",
    category="Category",
    all_good="All good",
    nothing_yet="No reading yet",
    nothing_yet_why="No bucket has been read so far. This page shows the first one as soon as DICT answers.",
    last_poll="Last poll: {outcome}.",
    some_alerts=Plural("{n} open alert", "{n} open alerts"),
    no_alerts="no open alert",
    good_but_alerts="Levels good, alerts unknown",
    stored_unknown="Open alerts, silences and deliveries unknown: the database did not answer.",
    alerts="Open alerts",
    acknowledged="acknowledged by {actor} until {moment}",
    held_back={
        Purpose.SILENCE: "silenced until {moment}",
        Purpose.MAINTENANCE: "maintenance until {moment}: no notifications",
    },
    active_silences={
        Purpose.SILENCE: Plural("{n} silence", "{n} silences"),
        Purpose.MAINTENANCE: Plural("{n} maintenance window", "{n} maintenance windows"),
    },
    active_until="{count} until {moment}",
    late=Plural(
        "{n} transition of an alert has not been published yet, for {age}.",
        "{n} transitions of alerts have not been published yet, the oldest for {age}.",
    ),
    dead=Plural(
        "{n} transition of an alert was rejected by the broker and dead-lettered.",
        "{n} transitions of alerts were rejected by the broker and dead-lettered.",
    ),
    no_broker="Transitions of alerts go to the log only: no broker is configured.",
    open_for="for {age}",
    in_alert="alert for {age}",
    since="since {moment}",
    tokens_left="{tokens} of {capacity} tokens ({share})",
    of_then="No new reading for {age}; before that, {text}",
    counts={
        DisplayStatus.EXHAUSTED: Plural("{n} exhausted", "{n} exhausted"),
        DisplayStatus.CRITICAL: Plural("{n} critical", "{n} critical"),
        DisplayStatus.WARNING: Plural("{n} in warning", "{n} in warning"),
        DisplayStatus.UNKNOWN: Plural("{n} of unknown level", "{n} of unknown level"),
        DisplayStatus.OK: Plural("{n} OK", "{n} OK"),
    },
    counts_policies=Plural("{n} policy", "{n} policies"),
    levels={
        DisplayStatus.EXHAUSTED: "Exhausted",
        DisplayStatus.CRITICAL: "Critical",
        DisplayStatus.WARNING: "Warning",
        DisplayStatus.UNKNOWN: "Unknown",
        DisplayStatus.INFO: "Info",
        DisplayStatus.OK: "OK",
    },
    reading="Reading",
    ago="{age} ago",
    just_now="just now",
    no_reading="none",
    stale="Stale reading",
    stale_why="The levels below are of then; the current ones are unknown.",
    rejected=Plural("{n} item of DICT's answer could not be read.", "{n} items of DICT's answer could not be read."),
    policies="Policies",
    level="Level",
    policy="Policy",
    tokens="Tokens available",
    left="Left",
    refill="Refill",
    out_of="of",
    unknown_capacity="capacity 0 in the answer: level unknown",
    disabled="alerts off",
    negative="below zero",
    over_capacity="above capacity",
    own_thresholds="own thresholds: {warning} and {critical}",
    usable_in="unused, the next token comes in {span}",
    to=" to ",
    legend="A full bar = all tokens. Marks on the bar: warning up to {warning}, critical up to {critical}.",
    per_minute="/min",
    per_hour="/h",
    per_day="/day",
    period=" every {seconds} s",
    outcomes={
        Outcome.OK: "answered",
        Outcome.EMPTY: "an answer without policies",
        Outcome.UNAVAILABLE: "DICT is not available",
        Outcome.DEADLINE_EXCEEDED: "DICT did not answer in time",
        Outcome.RATE_LIMITED: "DICT refused the query (429)",
        Outcome.PERMISSION_DENIED: "the certificate may not ask for this participant (403)",
        Outcome.UNAUTHENTICATED: "the certificate was not accepted",
        Outcome.INVALID_ARGUMENT: "DICT did not accept the participant",
        Outcome.NOT_FOUND: "policy not found (404)",
        Outcome.GONE: "this address of DICT is switched off (410)",
        Outcome.INTERNAL: "internal error in DICT (500)",
        Outcome.MALFORMED: "the answer could not be read",
    },
    refreshes="Refreshes every {n} s",
    paused="Paused: does not refresh",
    pause="pause",
    resume="refresh by itself",
    rendered="Page of {moment}",
    other_language="Português",
    api="API",
)

EN: Final = Catalog(
    language=Language.EN,
    tag="en",
    thousands=",",
    decimals=".",
    kinds=_KINDS,
    messages=_MESSAGES,
    notifications=_NOTIFICATIONS,
    page=_PAGE,
)
