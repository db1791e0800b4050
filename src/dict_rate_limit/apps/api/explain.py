"""The explanation of a policy's alerts and notifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import litestar

from dict_rate_limit.apps.api.dependencies import Deps
from dict_rate_limit.apps.api.openapi import responses
from dict_rate_limit.apps.api.parameters import Participant, PolicyName
from dict_rate_limit.contract import explain as contract
from dict_rate_limit.contract.alerts import alert_document
from dict_rate_limit.contract.explain import ExplainedAlert, Explanation, LastDelivery
from dict_rate_limit.contract.fields import document
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.contract.silences import silence_documents
from dict_rate_limit.domain.buckets.level import FULL
from dict_rate_limit.domain.timestamps import to_utc
from dict_rate_limit.ports.notifications import LedgerEntry
from dict_rate_limit.usecases import explain as usecase
from dict_rate_limit.usecases.explain import explain


@litestar.get(
    "/explain/{policy:path}",
    operation_id="explainPolicy",
    responses=responses(
        Explanation,
        "The explanation",
        contract.EXPLANATION,
        ProblemType.STORE_UNAVAILABLE,
        ProblemType.POLICY_NOT_FOUND,
    ),
    summary="Explain the alerts and notifications of a policy",
    tags=["policies"],
)
async def explain_policy(deps: Deps, policy: PolicyName, participant: Participant = None) -> Explanation:
    """Return the level and the tokens that clear it, open alerts, silences, next reminders and last deliveries."""
    one = await explain(deps, deps.participant(participant), policy)
    bucket, thresholds = one.evaluated.bucket, one.evaluated.thresholds
    return document(
        Explanation,
        one,
        status=one.evaluated.level,
        exhausted=bucket.exhausted,
        enabled=one.evaluated.enabled,
        available_tokens=bucket.available_tokens,
        capacity_max=bucket.capacity,
        utilization_pct=bucket.utilization_pct,
        warning_threshold_pct=thresholds.warning * 100 / FULL,
        critical_threshold_pct=thresholds.critical * 100 / FULL,
        alerts=tuple(_alert(each) for each in one.alerts),
        silences=silence_documents(one.silences, one.now),
    )


def _alert(one: usecase.AlertExplanation) -> ExplainedAlert:
    return document(
        ExplainedAlert,
        alert_document(one.alert),
        silenced_by=tuple(each.silence_id for each in one.silences),
        next_reminder_at=one.next_reminder,
        last_deliveries=_last_deliveries(one.ledger),
    )


def _last_deliveries(ledger: Sequence[LedgerEntry]) -> tuple[LastDelivery, ...]:
    last = {entry.notification.channel: entry for entry in ledger}
    return tuple(
        LastDelivery(
            channel=channel,
            transition=entry.notification.event.transition,
            status=entry.notification.status,
            at=to_utc(entry.attempts[-1].at) if entry.attempts else None,
            text=entry.attempts[-1].answer.text if entry.attempts else None,
        )
        for channel, entry in sorted(last.items())
    )


ROUTES: Final = (explain_policy,)
