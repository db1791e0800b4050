from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dict_rate_limit.adapters.notify.alertmanager import AlertmanagerNotifier
from dict_rate_limit.adapters.notify.guarded_http import AddressGuard, GuardedHttp
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType, Language
from http_receiver import http_receiver
from notifier_harness import LOOPBACK, message
from samples.alerts import one_of_each, open_change

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from http_receiver import HttpReceiver


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as running:
        yield running


async def posted(receiver: HttpReceiver, *events: AlertEvent, language: Language = Language.EN) -> Any:  # noqa: ANN401 -- what came
    http = GuardedHttp(AddressGuard(allowed=LOOPBACK))
    notifier = AlertmanagerNotifier(http=http, runbook_base_url="https://wiki.example/dict")
    channel = Channel(name="am", format=ChannelType.ALERTMANAGER, url=receiver.url("/hook"), language=language)
    answer = await notifier.send(channel, replace(message(), events=events))
    assert answer.ok
    return receiver.requests[-1].json


async def test_the_body_matches_the_format_of_alertmanager(receiver: HttpReceiver) -> None:
    event = one_of_each()["ESCALATED"]

    body = await posted(receiver, event)

    labels = {
        "alertname": "DictThreshold",
        "severity": "critical",
        "participant": "12345678",
        "policy": "CLAIMS_READ",
        "kind": "THRESHOLD",
    }
    annotations = {
        "summary": event.message_en,
        "description": message().body,
        "runbook_url": "https://wiki.example/dict/alert-threshold.en.md",
    }
    group = {name: labels[name] for name in ("alertname", "participant", "policy")}
    (alert,) = body.pop("alerts")
    assert body == {
        "version": "4",
        "groupKey": '{}:{alertname="DictThreshold", participant="12345678", policy="CLAIMS_READ"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "am",
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
    }
    assert len(alert.pop("fingerprint")) == 16
    assert alert == {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-11-23T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
    }


async def test_an_alert_has_the_same_labels_from_start_to_end(receiver: HttpReceiver) -> None:
    bodies = [await posted(receiver, event) for event in one_of_each().values()]

    assert len({body["groupKey"] for body in bodies}) == 1
    assert len({body["alerts"][0]["fingerprint"] for body in bodies}) == 1
    assert len({body["alerts"][0]["startsAt"] for body in bodies}) == 1


async def test_a_resolved_alert_has_an_end_time(receiver: HttpReceiver) -> None:
    body = await posted(receiver, one_of_each()["RESOLVED"])

    assert (body["status"], body["alerts"][0]["status"]) == ("resolved", "resolved")
    assert body["alerts"][0]["endsAt"] == "2026-11-23T12:05:00Z"


async def test_the_group_is_firing_while_one_alert_is_firing(receiver: HttpReceiver) -> None:
    body = await posted(receiver, one_of_each()["RESOLVED"], open_change("KEYS_CHECK")[1])

    assert body["status"] == "firing"
    assert [alert["status"] for alert in body["alerts"]] == ["firing", "resolved"]
    assert body["groupLabels"] == {"alertname": "DictThreshold", "participant": "12345678"}
    assert body["commonLabels"]["severity"] == "warning"


async def test_the_summary_has_the_language_of_the_channel(receiver: HttpReceiver) -> None:
    event = one_of_each()["ESCALATED"]

    body = await posted(receiver, event, language=Language.PT)

    assert body["alerts"][0]["annotations"]["summary"] == event.message
