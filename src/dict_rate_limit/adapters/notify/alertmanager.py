"""Notifications in the format of Alertmanager's webhook, version 4, for receivers of Alertmanager."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from dict_rate_limit.adapters.notify.guarded_http import GuardedHttp
from dict_rate_limit.adapters.notify.webhook import TIMEOUT_SEC, post_json
from dict_rate_limit.domain.alerts.alert import AlertEvent, TransitionKind
from dict_rate_limit.domain.notifications.channel import Channel, Language
from dict_rate_limit.domain.notifications.routing import DeliveryResult
from dict_rate_limit.domain.timestamps import format_rfc3339
from dict_rate_limit.ports.notifications import Message
from dict_rate_limit.texts.notification import latest, runbook_url

VERSION: Final = "4"
# Go's zero time, which Alertmanager sends as `endsAt` of a firing alert.
NEVER: Final = "0001-01-01T00:00:00Z"

GROUP_LABELS: Final = ("alertname", "participant", "policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerNotifier:
    """Posts the alerts of a message in Alertmanager's format."""

    http: GuardedHttp
    runbook_base_url: str | None = None
    timeout_sec: float = TIMEOUT_SEC

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        document = json.dumps(body(channel, message, self.runbook_base_url), ensure_ascii=False).encode()
        return await post_json(self.http, channel, document, self.timeout_sec)


def body(channel: Channel, message: Message, runbook_base_url: str | None) -> dict[str, object]:
    """Return the body. `groupKey` and fingerprints do not change during an alert's life."""
    events = latest(message.events)
    labels = [_labels(event) for event in events]
    annotations = [_annotations(event, channel, message, runbook_base_url) for event in events]
    group = {name: text for name, text in _common(labels).items() if name in GROUP_LABELS}
    return {
        "version": VERSION,
        "groupKey": "{}:{" + ", ".join(f"{name}={json.dumps(text)}" for name, text in group.items()) + "}",
        "truncatedAlerts": 0,
        "status": "resolved" if all(_is_over(event) for event in events) else "firing",
        "receiver": channel.name,
        "groupLabels": group,
        "commonLabels": _common(labels),
        "commonAnnotations": _common(annotations),
        "externalURL": "",
        "alerts": [
            {
                "status": "resolved" if _is_over(event) else "firing",
                "labels": its_labels,
                "annotations": its_annotations,
                "startsAt": format_rfc3339(event.opened_at),
                "endsAt": format_rfc3339(event.detected_at) if _is_over(event) else NEVER,
                "generatorURL": "",
                "fingerprint": _fingerprint(event),
            }
            for event, its_labels, its_annotations in zip(events, labels, annotations, strict=True)
        ],
    }


def _labels(event: AlertEvent) -> dict[str, str]:
    return {
        "alertname": "Dict" + "".join(word.capitalize() for word in event.kind.value.split("_")),
        "severity": event.severity.value.lower(),
        "participant": event.participant,
        "policy": event.policy_name,
        "kind": event.kind.value,
    }


def _annotations(event: AlertEvent, channel: Channel, message: Message, runbook_base_url: str | None) -> dict[str, str]:
    texts = {
        "summary": event.message if channel.language is Language.PT else event.message_en,
        "description": message.body,
    }
    link = runbook_url(event.kind, channel.language, runbook_base_url)
    return texts if link is None else {**texts, "runbook_url": link}


def _is_over(event: AlertEvent) -> bool:
    return event.transition is TransitionKind.RESOLVED


def _fingerprint(event: AlertEvent) -> str:
    # Alertmanager hashes all labels, but the severity changes during an alert. Its fingerprints have 16 hex digits.
    return sha256(event.alert_id.bytes).hexdigest()[:16]


def _common(maps: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first, *others = maps
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}
