"""The overview as text: what is in trouble, how bad, since when, and how fresh all of this is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from dict_rate_limit.apps.api.page.model import AlertRow, BucketRow, Note, OverviewModel, OverviewPage, PageLink
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Alert, Kind, Scope
from dict_rate_limit.domain.alerts.state import EvaluatedBucket
from dict_rate_limit.domain.buckets.bucket import Bucket
from dict_rate_limit.domain.buckets.forecast import time_to_usable
from dict_rate_limit.domain.buckets.level import remaining_share
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.notifications.silence import Purpose, Silence
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.texts.catalog.schema import Catalog, DisplayStatus
from dict_rate_limit.texts.format import clock_text, duration_text, number_text, percent_text, plural_text

LATE: Final = timedelta(minutes=5)
"""A transition that waits longer is late: the worker publishes after every poll, and sweeps the outbox."""

_UNKNOWN: Final = "—"
_LONGEST_CATEGORY: Final = 40
_RANKS: Final = list(DisplayStatus)
_TROUBLE: Final = (DisplayStatus.EXHAUSTED, DisplayStatus.CRITICAL, DisplayStatus.WARNING)


def overview_page(model: OverviewModel, catalog: Catalog) -> OverviewPage:
    """Return the page of a model in the language of the catalogue."""
    texts, alerts = catalog.page, _alert_rows(model, catalog)
    counts = Counter(_bucket_status(evaluated) for evaluated in model.buckets if evaluated.enabled)
    return OverviewPage(
        status=_page_status(model, counts, alerts),
        headline=_headline(model, counts, catalog),
        summary=_summary(model, counts, catalog),
        category=_cut(model.category),
        age=_age(model, catalog),
        checked_at=None if model.checked_at is None else clock_text(model.checked_at, model.now),
        checked_at_iso=None if model.checked_at is None else model.checked_at.isoformat(),
        notes=tuple(_notes(model, catalog)),
        alerts=alerts,
        groups=_bucket_groups(model, catalog),
        legend=_legend(model, catalog),
        no_broker=None if model.broker else texts.no_broker,
        rendered=texts.rendered.format(moment=clock_text(model.now, model.now)),
        participants=_participants(model, catalog),
        language=_other_language(model, catalog),
        refresh=_refresh(model, catalog),
    )


def _page_status(model: OverviewModel, counts: Counter[DisplayStatus], alerts: list[AlertRow]) -> DisplayStatus:
    found = [*counts, *(alert.status for alert in alerts)]
    if model.stale:
        found.append(DisplayStatus.WARNING)
    if not model.buckets or model.alerts is None:
        found.append(DisplayStatus.UNKNOWN)
    return min(found, key=_RANKS.index, default=DisplayStatus.OK)


def _headline(model: OverviewModel, counts: Counter[DisplayStatus], catalog: Catalog) -> str:
    if not model.buckets:
        return catalog.page.nothing_yet
    text = _state(model, counts, catalog)
    if model.stale and model.age_seconds is not None:
        return catalog.page.of_then.format(age=_seconds(model.age_seconds), text=text[0].lower() + text[1:])
    return text


def _state(model: OverviewModel, counts: Counter[DisplayStatus], catalog: Catalog) -> str:
    texts = catalog.page
    trouble = [plural_text(texts.counts[status], counts[status]) for status in _TROUBLE if counts[status]]
    if trouble:
        return ", ".join(text.replace(" ", "\N{NO-BREAK SPACE}") for text in trouble)
    if model.alerts:
        return plural_text(texts.some_alerts, len(model.alerts))
    unknown = counts[DisplayStatus.UNKNOWN]
    if unknown:
        return plural_text(texts.counts[DisplayStatus.UNKNOWN], unknown)
    return texts.good_but_alerts if model.alerts is None else texts.all_good


def _summary(model: OverviewModel, counts: Counter[DisplayStatus], catalog: Catalog) -> tuple[str, ...]:
    texts, silences = catalog.page, tuple(_active_silences(model, catalog))
    if not model.buckets:
        return silences
    quiet = (DisplayStatus.UNKNOWN, DisplayStatus.OK)
    levels = [plural_text(texts.counts[status], counts[status]) for status in quiet if counts[status]]
    alerts = [] if model.alerts is None else [_alert_count(len(model.alerts), catalog)]
    return plural_text(texts.counts_policies, len(model.buckets)), *levels, *alerts, *silences


def _alert_count(number: int, catalog: Catalog) -> str:
    return plural_text(catalog.page.some_alerts, number) if number else catalog.page.no_alerts


def _active_silences(model: OverviewModel, catalog: Catalog) -> Iterator[str]:
    """Count the active silences, by purpose, with the end of the last."""
    for purpose in Purpose:
        active = [one for one in model.silences or () if one.purpose is purpose and one.active_at(model.now)]
        if active:
            _, until = _last_end(active, model.now)
            count = plural_text(catalog.page.active_silences[purpose], len(active))
            yield catalog.page.active_until.format(count=count, moment=_clock(until, model))


def _age(model: OverviewModel, catalog: Catalog) -> str:
    if model.age_seconds is None:
        return catalog.page.no_reading
    recent = model.age_seconds < 1
    return catalog.page.just_now if recent else catalog.page.ago.format(age=_seconds(model.age_seconds))


def _notes(model: OverviewModel, catalog: Catalog) -> Iterator[Note]:
    texts, found = catalog.page, list[str]()
    if not model.buckets:
        found.append(texts.nothing_yet_why)
    elif model.stale:
        found.append(texts.stale_why)
    if model.last_outcome not in {None, Outcome.OK}:
        found.append(texts.last_poll.format(outcome=texts.outcomes[model.last_outcome]))
    if found:
        status = DisplayStatus.WARNING if model.buckets else DisplayStatus.UNKNOWN
        yield Note(status=status, text=" ".join(found))
    if model.alerts is None:
        yield Note(status=DisplayStatus.WARNING, text=texts.stored_unknown)
    if model.backlog is not None:
        yield from _backlog_notes(model.backlog, model.now, catalog)
    if model.rejected:
        yield Note(status=DisplayStatus.UNKNOWN, text=plural_text(texts.rejected, model.rejected))


def _backlog_notes(backlog: Backlog, now: datetime, catalog: Catalog) -> Iterator[Note]:
    if backlog.oldest_at is not None and now - backlog.oldest_at > LATE:
        text = plural_text(catalog.page.late, backlog.waiting, number_text(backlog.waiting, catalog))
        yield Note(status=DisplayStatus.WARNING, text=text.replace("{age}", duration_text(now - backlog.oldest_at)))
    if backlog.dead:
        yield Note(status=DisplayStatus.UNKNOWN, text=plural_text(catalog.page.dead, backlog.dead))


def _legend(model: OverviewModel, catalog: Catalog) -> str | None:
    usual = _usual_thresholds(model.buckets)
    if usual is None:
        return None
    warning, critical = (percent_text(share, catalog, 1) for share in usual)
    return catalog.page.legend.format(warning=warning, critical=critical)


def _participants(model: OverviewModel, catalog: Catalog) -> tuple[PageLink, ...]:
    return tuple(
        PageLink(text=name, href=_href(model, catalog.language, participant=name), current=name == model.participant)
        for name in model.participants
    )


def _other_language(model: OverviewModel, catalog: Catalog) -> PageLink:
    other = Language.EN if catalog.language is Language.PT else Language.PT
    return PageLink(text=catalog.page.other_language, href=_href(model, other))


def _refresh(model: OverviewModel, catalog: Catalog) -> PageLink:
    """Link to the page that refreshes when this one does not, and the other way round."""
    paused = model.refresh_seconds == 0
    text = catalog.page.resume if paused else catalog.page.pause
    return PageLink(text=text, href=_href(model, catalog.language, paused=not paused), current=paused)


def _href(
    model: OverviewModel, language: Language, *, participant: str | None = None, paused: bool | None = None
) -> str:
    query = {"participant": participant or model.participant, "lang": language.value}
    if model.refresh_seconds == 0 if paused is None else paused:
        query["refresh"] = "0"
    return "?" + urlencode(query)


def _alert_rows(model: OverviewModel, catalog: Catalog) -> list[AlertRow]:
    """Return the open alerts: by severity, what concerns the whole participant first, then the oldest."""
    buckets = {evaluated.bucket.name: evaluated.bucket for evaluated in model.buckets}
    ranked = sorted(model.alerts or (), key=_alert_rank)
    return [_alert_row(alert, buckets.get(alert.policy_name), model, catalog) for alert in ranked]


def _alert_rank(alert: Alert) -> tuple[int, bool, bool, float]:
    return -alert.severity.rank(), alert.policy_name != ANY_POLICY, not alert.exhausted, alert.opened_at.timestamp()


def _alert_row(alert: Alert, bucket: Bucket | None, model: OverviewModel, catalog: Catalog) -> AlertRow:
    # An alert stays exhausted until its severity steps down; the word is for a bucket without tokens now.
    exhausted = alert.exhausted and (bucket is None or bucket.exhausted)
    status = DisplayStatus.EXHAUSTED if exhausted else DisplayStatus(alert.severity.lower())
    return AlertRow(
        status=status,
        level=catalog.page.levels[status],
        policy_name=None if alert.policy_name == ANY_POLICY else alert.policy_name,
        text=_alert_text(alert, bucket, catalog),
        open_for=catalog.page.open_for.format(age=duration_text(model.now - alert.opened_at)),
        since=catalog.page.since.format(moment=_clock(alert.opened_at, model)),
        opened_at=alert.opened_at.isoformat(),
        asides=tuple(_alert_asides(alert, model, catalog)),
    )


def _alert_text(alert: Alert, bucket: Bucket | None, catalog: Catalog) -> str:
    if alert.kind.info.scope is Scope.PARTICIPANT:
        return catalog.kinds[alert.kind].page or alert.kind.value
    if bucket is None:
        return ""
    share = remaining_share(bucket)
    if share is None:
        return catalog.page.unknown_capacity
    return catalog.page.tokens_left.format(
        tokens=_number(bucket.available_tokens, catalog),
        capacity=_number(bucket.capacity, catalog),
        share=percent_text(share, catalog, 1),
    )


def _alert_asides(alert: Alert, model: OverviewModel, catalog: Catalog) -> Iterator[str]:
    """Say who acknowledged the alert, and whether its notifications are suppressed."""
    acknowledgement = alert.acknowledgement
    if acknowledgement is not None and acknowledgement.until > model.now:
        until = _clock(acknowledgement.until, model)
        yield catalog.page.acknowledged.format(actor=acknowledgement.actor, moment=until)
    suppressing = [silence for silence in model.silences or () if silence.suppresses(alert, model.now)]
    if suppressing:
        purpose, end = _last_end(suppressing, model.now)
        yield catalog.page.held_back[purpose].format(moment=_clock(end, model))


def _bucket_groups(model: OverviewModel, catalog: Catalog) -> list[list[BucketRow]]:
    """Return the buckets in groups of equal status, worst first; the emptiest first within a group.

    Policies without alerts come last, whatever their level: operators chose not to be bothered by them.
    """
    ranked = sorted(model.buckets, key=_bucket_rank)
    grouped = groupby(ranked, key=lambda evaluated: (evaluated.enabled, _bucket_status(evaluated)))
    return [[_bucket_row(evaluated, model, catalog) for evaluated in group] for _, group in grouped]


def _bucket_rank(evaluated: EvaluatedBucket) -> tuple[bool, int, int, str]:
    share = remaining_share(evaluated.bucket)
    return not evaluated.enabled, _RANKS.index(_bucket_status(evaluated)), share or 0, evaluated.bucket.name


def _bucket_status(evaluated: EvaluatedBucket) -> DisplayStatus:
    return DisplayStatus.EXHAUSTED if evaluated.bucket.exhausted else DisplayStatus(evaluated.level.lower())


def _bucket_row(evaluated: EvaluatedBucket, model: OverviewModel, catalog: Catalog) -> BucketRow:
    bucket, status = evaluated.bucket, _bucket_status(evaluated)
    share = remaining_share(bucket)
    return BucketRow(
        status=status,
        level=catalog.page.levels[status],
        name=bucket.name,
        tokens=_UNKNOWN if share is None else _number(bucket.available_tokens, catalog),
        capacity=None if share is None else _number(bucket.capacity, catalog),
        share=_UNKNOWN if share is None else percent_text(share, catalog, 1),
        refill=_refill(bucket, catalog),
        fill=None if share is None else share / 100,
        ticks=(evaluated.thresholds.critical / 100, evaluated.thresholds.warning / 100),
        notes=tuple(_bucket_notes(evaluated, model, catalog)),
        in_alert=_in_alert(bucket, model, catalog),
        enabled=evaluated.enabled,
    )


def _refill(bucket: Bucket, catalog: Catalog) -> str:
    if 0 in {bucket.refill_tokens, bucket.refill_period_sec}:
        return _UNKNOWN
    texts, seconds = catalog.page, bucket.refill_period_sec
    named = {60: texts.per_minute, 3_600: texts.per_hour, 86_400: texts.per_day}
    period = named.get(seconds) or texts.period.format(seconds=_number(seconds, catalog))
    return f"+{_number(bucket.refill_tokens, catalog)}{period}"


def _in_alert(bucket: Bucket, model: OverviewModel, catalog: Catalog) -> str | None:
    key = (bucket.name, Kind.THRESHOLD)
    alert = next((alert for alert in model.alerts or () if alert.key == key), None)
    return None if alert is None else catalog.page.in_alert.format(age=duration_text(model.now - alert.opened_at))


def _bucket_notes(evaluated: EvaluatedBucket, model: OverviewModel, catalog: Catalog) -> Iterator[str]:
    texts, bucket, thresholds = catalog.page, evaluated.bucket, evaluated.thresholds
    if bucket.capacity == 0:
        yield texts.unknown_capacity
    elif bucket.available_tokens < 0:
        yield texts.negative
    elif bucket.available_tokens > bucket.capacity:
        yield texts.over_capacity
    if bucket.exhausted and not model.stale:
        yield from _usable_in(bucket, catalog)
    if (thresholds.warning, thresholds.critical) != _usual_thresholds(model.buckets):
        warning, critical = (percent_text(share, catalog, 1) for share in (thresholds.warning, thresholds.critical))
        yield texts.own_thresholds.format(warning=warning, critical=critical)
    if not evaluated.enabled:
        yield texts.disabled


def _usable_in(bucket: Bucket, catalog: Catalog) -> Iterator[str]:
    span = time_to_usable(bucket)
    if span is not None:
        ends = (_seconds(seconds) for seconds in (span.earliest, span.latest))
        yield catalog.page.usable_in.format(span=catalog.page.to.join(dict.fromkeys(ends)))


def _usual_thresholds(buckets: tuple[EvaluatedBucket, ...]) -> tuple[int, int] | None:
    """Return the warning and critical thresholds most buckets have; None without buckets."""
    counted = Counter((evaluated.thresholds.warning, evaluated.thresholds.critical) for evaluated in buckets)
    return counted.most_common(1)[0][0] if counted else None


def _last_end(silences: Sequence[Silence], now: datetime) -> tuple[Purpose, datetime]:
    ends = [(silence.purpose, silence.active_until(now)) for silence in silences]
    return max(ends, key=lambda end: end[1])


def _clock(moment: datetime, model: OverviewModel) -> str:
    return clock_text(moment, model.now, "%H:%M")


def _seconds(seconds: float) -> str:
    return duration_text(timedelta(seconds=seconds))


def _number(number: int, catalog: Catalog) -> str:
    return number_text(number, catalog).replace("-", "\N{MINUS SIGN}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CATEGORY else text[:_LONGEST_CATEGORY] + "…"
