"""An explanation as a person reads it in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from dict_rate_limit.apps.cli.alerts_table import STATUS_STYLES, about_text, severity_text, taken_up_by
from dict_rate_limit.apps.cli.formatting import moment_text
from dict_rate_limit.apps.cli.output import STYLES, facts, lines, words
from dict_rate_limit.apps.cli.silences_table import silences_view
from dict_rate_limit.texts.format import duration_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dict_rate_limit.apps.cli.documents import ExplainedAlert, Explanation, LastDelivery


def explain_view(one: Explanation) -> RenderableType:
    """Lay out an explanation: the bucket and its levels, each open alert, then the silences."""
    parts: list[RenderableType] = [_policy(one)]
    for alert in sorted(one.alerts, key=lambda alert: alert.policy_name != one.policy_name):
        parts += [Text(), _alert(alert)]
    if one.silences:
        parts += [Text(), silences_view(one.silences, one.now)]
    return Group(*parts)


def _policy(one: Explanation) -> RenderableType:
    left = f"{one.available_tokens:,} of {one.capacity_max:,} tokens left"
    if one.utilization_pct is not None:
        left += f" ({100 - one.utilization_pct:.1f} %)"
    level = words(one.status, STYLES.get(one.status, "")).append(f": {left}")
    if one.exhausted:
        level.append(", exhausted")
    thresholds = f"WARNING at {one.warning_threshold_pct:g} %, CRITICAL at {one.critical_threshold_pct:g} %"
    return facts(
        ("policy", f"{one.policy_name}, participant {one.participant}"),
        ("read", f"{moment_text(one.checked_at)}, {duration_text(one.now - one.checked_at)} ago"),
        ("level", level),
        ("alert", _alert_level(one)),
        ("thresholds", thresholds if one.enabled else f"{thresholds}; alerts are off for this policy"),
    )


def _alert_level(one: Explanation) -> Text:
    if one.alert_level == "OK":
        at = "" if one.warns_at_tokens is None else f": opens at {one.warns_at_tokens:,} tokens or fewer"
        return Text(f"none{at}")
    clears = one.clears_above_tokens
    steps_down = "stays while the capacity is unknown" if clears is None else f"steps down above {clears:,} tokens"
    return words(one.alert_level, STYLES.get(one.alert_level, "")).append(f": {steps_down}")


def _alert(one: ExplainedAlert) -> RenderableType:
    if one.next_reminder_at is None:
        reminder = "none"
    else:
        reminder = f"{moment_text(one.next_reminder_at)}, unless something moves before"
    silenced = ", ".join(one.silenced_by) or "no silence now"
    return facts(
        ("open alert", f"{about_text(one)}, since {moment_text(one.opened_at)}, sequence {one.sequence}"),
        ("", words(one.alert_id, "dim")),
        ("severity", severity_text(one)),
        ("taken up by", taken_up_by(one) or "nobody"),
        ("held back", f"by {silenced}"),
        ("reminder", reminder),
        ("told", lines(*(_delivery(each) for each in one.last_deliveries)) if one.last_deliveries else "nobody yet"),
    )


def _delivery(one: LastDelivery) -> Text:
    text = words(f"{one.channel}: {one.transition} ").append_text(words(one.status, STATUS_STYLES.get(one.status, "")))
    return text if one.at is None else text.append_text(words(f" {moment_text(one.at)} {one.text}"))
