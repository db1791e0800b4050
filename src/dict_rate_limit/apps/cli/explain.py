"""`dict-rate-limit explain`: what decides the alerts and notifications of a policy, from a running API."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from dict_rate_limit.apps.cli.alerts import STATUS_STYLES, about_text, acknowledgement_text, severity_text
from dict_rate_limit.apps.cli.client import DEFAULT_URL, Token, TokenFile, Url, api_at, segment
from dict_rate_limit.apps.cli.output import STYLES, Output, Shape, facts, format_time, lines, print_response, words
from dict_rate_limit.apps.cli.silences import silences_view
from dict_rate_limit.contract.explain import ExplainedAlert, Explanation, LastDelivery
from dict_rate_limit.contract.paths import EXPLAIN
from dict_rate_limit.texts.format import duration_text


def explain(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="Name of the policy: CLAIMS_READ.")],
    *,
    participant: Annotated[str | None, typer.Option(help="ISPB; by default the API's first participant.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    token_file: TokenFile = None,
    output: Shape = Output.TEXT,
) -> int:
    """Explain the alerts and notifications of a policy.

    Shows its level and what would clear it, open alerts, silences that suppress them, next reminders, and the last
    answer of each channel. Needs a running API.
    """
    client = api_at(url, token, token_file)
    response = client.get(f"{EXPLAIN}/{segment(policy)}", Explanation, participant=participant)
    return print_response(response, output, explain_view)


def explain_view(one: Explanation) -> RenderableType:
    """Return the bucket and its levels, each open alert, then the silences."""
    blocks: list[RenderableType] = [_policy(one)]
    for alert in sorted(one.alerts, key=lambda alert: alert.policy_name != one.policy_name):
        blocks += [Text(), _alert(alert)]
    if one.silences:
        blocks += [Text(), silences_view(one.silences, one.now)]
    return Group(*blocks)


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
        ("read", f"{format_time(one.checked_at)}, {duration_text(one.now - one.checked_at)} ago"),
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
        reminder = f"{format_time(one.next_reminder_at)}, unless it changes before"
    silenced = ", ".join(str(silence_id) for silence_id in one.silenced_by)
    deliveries = [_delivery(each) for each in one.last_deliveries]
    return facts(
        ("open alert", f"{about_text(one)}, since {format_time(one.opened_at)}, sequence {one.sequence}"),
        ("", words(str(one.alert_id), "dim")),
        ("severity", severity_text(one)),
        ("acknowledged", acknowledgement_text(one) or "no"),
        ("silenced", f"by {silenced}" if silenced else "no"),
        ("reminder", reminder),
        ("notified", lines(*deliveries) if deliveries else "no channel yet"),
    )


def _delivery(one: LastDelivery) -> Text:
    text = words(f"{one.channel}: {one.transition} ").append_text(words(one.status, STATUS_STYLES.get(one.status, "")))
    return text if one.at is None else text.append_text(words(f" {format_time(one.at)} {one.text}"))
