"""The core event: one transition of an alert, as readers of the topic and webhooks receive it.

Its shape is frozen: fields are added, never renamed or removed. docs/events/core-event.schema.json is generated from
these types.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from dict_rate_limit.contract.fields import document
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, AlertEvent, Kind, Severity, TransitionKind
from dict_rate_limit.domain.timestamps import to_utc

ACTION: Final = "ActionRateLimitAlert"
SOURCE: Final = "dict-rate-limit-monitoring"

_OUTLOOK: Final = ("empty_in_sec", "usable_in_sec", "full_in_sec", "safe_tokens", "refill_per_minute")
_NUMBERS: Final = ("available_tokens", "capacity_max", "utilization_pct", *_OUTLOOK)
_ACKNOWLEDGEMENT: Final = ("acknowledged_by", "acknowledged_until", "reason")
_Moment = Annotated[datetime, Meta(tz=True, extra_json_schema={"pattern": "Z$"})]
_Seconds = Annotated[float, Meta(ge=0)] | None
_Range = tuple[_Seconds, _Seconds]


def _all(names: tuple[str, ...], kind: str) -> dict[str, object]:
    return {"properties": {name: {"type": kind} for name in names}}


_RULES: Final = [
    {"if": {"properties": {"policy_name": {"const": ANY_POLICY}}}, "then": _all(_NUMBERS, "null")},
    {
        "if": {"properties": {"transition": {"const": TransitionKind.ACKNOWLEDGED}}},
        "then": _all(_ACKNOWLEDGEMENT, "string"),
        "else": _all(_ACKNOWLEDGEMENT, "null"),
    },
]


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """The transition and its alert."""

    policy_name: Annotated[
        str,
        Meta(
            description="The policy, which is also the message's key; `*` when the whole participant is concerned.",
            pattern=r"^([A-Z0-9_]{1,100}|\*)$",
        ),
    ]
    category: Annotated[
        str, Meta(description="The participant's category as DICT wrote it; empty without an answer of DICT.")
    ]
    severity: Annotated[Severity, Meta(description="The severity. A RESOLVED has the alert's last one.")]
    available_tokens: Annotated[
        int | None, Meta(description="Tokens left, may be negative; null when no bucket is concerned.")
    ]
    capacity_max: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="Capacity of the bucket in tokens.")]
    utilization_pct: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None, Meta(description="Used share of the capacity in percent.")
    ]
    message: Annotated[str, Meta(description="What happened, one line in Portuguese.", min_length=1)]
    detected_at: Annotated[_Moment, Meta(description="Time of the transition.")]
    alert_id: Annotated[UUID, Meta(description="The alert: the same on all of its transitions.")]
    participant: Annotated[
        str, Meta(description="ISPB; `default` when the installation configures none.", min_length=1)
    ]
    kind: Annotated[
        str,
        Meta(
            description="What the alert is about. New kinds may be added: show a kind that you do not know.",
            pattern="^[A-Z][A-Z_]*$",
            examples=list(Kind),
        ),
    ]
    transition: Annotated[
        TransitionKind,
        Meta(description="What happened to the alert. NOTICED is the only transition of an alert without duration."),
    ]
    sequence: Annotated[int, Meta(description="Counts the transitions of the alert from 1.", ge=1)]
    exhausted: Annotated[
        bool, Meta(description="The bucket was exhausted, and the severity has not de-escalated since.")
    ]
    previous: Annotated[
        str | None, Meta(description="The value before the change, as text; null when nothing changed.")
    ]
    current: Annotated[
        str | None, Meta(description="The value after the change, as text; for the source, the last poll's outcome.")
    ]
    opened_at: Annotated[_Moment, Meta(description="Time at which the alert opened.")]
    message_en: Annotated[str, Meta(description="What happened, one line in English.", min_length=1)]
    empty_in_sec: Annotated[
        _Range | None,
        Meta(
            description="Seconds from the reading until the bucket is empty at the consumption of the last interval, "
            "as [earliest, latest]; null in it = never; null = unknown."
        ),
    ]
    usable_in_sec: Annotated[
        _Range | None, Meta(description="Seconds until a request is admitted again without consumption, likewise.")
    ]
    full_in_sec: Annotated[
        _Range | None, Meta(description="Seconds until the bucket is full without consumption, likewise.")
    ]
    safe_tokens: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="Tokens that can be consumed now without reaching the critical threshold."),
    ]
    refill_per_minute: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Tokens that the bucket regains per minute: the sustainable consumption."),
    ]
    acknowledged_by: Annotated[str | None, Meta(description="On ACKNOWLEDGED: the actor; null on other transitions.")]
    acknowledged_until: Annotated[
        _Moment | None, Meta(description="On ACKNOWLEDGED: the time until which no reminder is sent.")
    ]
    reason: Annotated[Annotated[str, Meta(min_length=1)] | None, Meta(description="On ACKNOWLEDGED: the reason.")]


class EventMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The message itself: who sent it, when, and its id."""

    source: Literal["dict-rate-limit-monitoring"]
    version: Annotated[str, Meta(description="Version of the product that sent the message.", min_length=1)]
    created_at: Annotated[
        _Moment, Meta(description="Time at which this document was created; a repeat has a later one.")
    ]
    event_id: Annotated[
        UUID, Meta(description="The transition: the same on every repeat. Drop events that you have seen.")
    ]


class CoreEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the topic of core events with the property action = ActionRateLimitAlert.

    Fields are only ever added. Ignore fields that you do not know.
    """

    action: Literal["ActionRateLimitAlert"]
    data: Annotated[EventData, Meta(extra_json_schema={"allOf": _RULES})]
    metadata: EventMetadata


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A core event in the envelope of the Standard Webhooks specification 1.0.0."""

    type: str
    timestamp: datetime
    data: CoreEvent


def core_event(event: AlertEvent, version: str, created_at: datetime) -> CoreEvent:
    """Return the document of a transition.

    When no policy is concerned `policy_name` is `*` and the numbers are null. A RESOLVED has the last severity.
    """
    outlook: dict[str, Any] = dict.fromkeys(_OUTLOOK) if event.outlook is None else event.outlook.to_dict()
    acknowledgement = event.acknowledgement
    data = document(
        EventData,
        event,
        **outlook,
        acknowledged_by=None if acknowledgement is None else acknowledgement.actor,
        acknowledged_until=None if acknowledgement is None else acknowledgement.until,
        reason=None if acknowledgement is None else acknowledgement.reason,
    )
    metadata = EventMetadata(source=SOURCE, version=version, created_at=to_utc(created_at), event_id=event.event_id)
    return CoreEvent(action=ACTION, data=data, metadata=metadata)


def event_document(event: AlertEvent, version: str, created_at: datetime) -> dict[str, Any]:
    """Return the document of a transition as plain JSON values."""
    document: dict[str, Any] = msgspec.to_builtins(core_event(event, version, created_at))
    return document


def event_json(event: AlertEvent, version: str, created_at: datetime) -> bytes:
    """Return the document of a transition as JSON."""
    return msgspec.json.encode(core_event(event, version, created_at))


def webhook_json(event: AlertEvent, version: str, created_at: datetime) -> bytes:
    """Return the document of a transition as the body of a webhook."""
    return msgspec.json.encode(
        WebhookEvent(
            type=f"rate_limit.alert.{event.transition.value.lower()}",
            timestamp=to_utc(event.detected_at),
            data=core_event(event, version, created_at),
        )
    )
