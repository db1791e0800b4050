"""Open alerts as lines, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.apps.api.page.delivery_lines import alert_asides
from dict_rate_limit.apps.api.page.formats import clock_text, remaining_basis_points
from dict_rate_limit.apps.api.page.words import Mark
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Alert, Kind
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from dict_rate_limit.apps.api.page.model import OverviewModel
    from dict_rate_limit.apps.api.page.words import Words
    from dict_rate_limit.domain.buckets.bucket import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """One open alert in words; `policy_name` is None where the whole participant is concerned.

    `asides` say who has it and what holds messages back.
    """

    mark: Mark
    level: str
    policy_name: str | None
    text: str
    open_for: str
    since: str
    opened_at: str
    asides: tuple[str, ...]


def alert_lines(model: OverviewModel, words: Words) -> list[AlertLine]:
    """Return the lines: by severity, what concerns the whole participant first, then the oldest."""
    buckets = {evaluated.bucket.name: evaluated.bucket for evaluated in model.buckets}
    ranked = sorted(model.alerts or (), key=_rank)
    return [_line(alert, buckets.get(alert.policy_name), model, words) for alert in ranked]


def _rank(alert: Alert) -> tuple[int, bool, bool, float]:
    return -alert.severity.rank(), alert.policy_name != ANY_POLICY, not alert.exhausted, alert.opened_at.timestamp()


def _line(alert: Alert, bucket: Bucket | None, model: OverviewModel, words: Words) -> AlertLine:
    # An alert remembers that its bucket ran dry; the word is for now.
    dry = alert.exhausted and (bucket is None or bucket.exhausted)
    mark = Mark.EXHAUSTED if dry else Mark(alert.severity.lower())
    return AlertLine(
        mark=mark,
        level=words.levels[mark],
        policy_name=None if alert.policy_name == ANY_POLICY else alert.policy_name,
        text=_text(alert, bucket, words),
        open_for=words.open_for.format(age=duration_text(model.now - alert.opened_at)),
        since=words.since.format(moment=clock_text(alert.opened_at, model.now, "%H:%M")),
        opened_at=alert.opened_at.isoformat(),
        asides=tuple(alert_asides(alert, model, words)),
    )


def _text(alert: Alert, bucket: Bucket | None, words: Words) -> str:
    if alert.kind is Kind.THRESHOLD:
        return "" if bucket is None else _tokens(bucket, words)
    return words.kinds.get(alert.kind, alert.kind.value)


def _tokens(bucket: Bucket, words: Words) -> str:
    share = remaining_basis_points(bucket)
    if share is None:
        return words.unknown_capacity
    return words.tokens_left.format(
        tokens=words.formats.number(bucket.available_tokens),
        capacity=words.formats.number(bucket.capacity),
        share=words.formats.percent(share),
    )
