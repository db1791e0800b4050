"""Tables of the overview, worst first."""

from __future__ import annotations

from typing import Final

from tools.dashboards import style
from tools.dashboards.links import to_console, to_policy, to_runbook, with_runbook
from tools.dashboards.panel import HIDDEN, About, Query, Table
from tools.dashboards.promql import BUCKET, PARTICIPANT, stored
from tools.dashboards.style import Style, named

LEVEL: Final = stored("level", BUCKET)
USED: Final = stored("utilization_ratio", BUCKET)
EARLIEST: Final = stored("time_to_empty_seconds", BUCKET, 'bound="lower"')
LATEST: Final = stored("time_to_empty_seconds", BUCKET, 'bound="upper"')
ALERTS: Final = ("participant", "kind", "severity")
LEFT: Final = Style(unit=style.SHARE, least=0, most=1, color=style.BLUE, custom={"cellOptions": {"type": "gauge"}})
SPAN: Final = Style(unit=style.SECONDS, never=True)
LEVELS: Final = Style(words=style.LEVELS, custom={"cellOptions": {"type": "color-background"}, "width": 110})


def participants() -> Table:
    """Return all participants, the lowest level first."""
    return Table(
        title="Participants",
        about=About(
            pt="Cada participante com o seu pior balde. Vazio significa desconhecido, nunca zero.",
            en="Each participant with its worst bucket. Empty means unknown, never zero.",
        ),
        queries=(
            Query(stored("level", PARTICIPANT), "Level"),
            Query(f"1 - {stored('utilization_ratio', PARTICIPANT)}", "Lowest level"),
            Query(stored("time_to_empty_seconds", PARTICIPANT, 'bound="lower"', how="min"), "Empties, earliest"),
            Query(f"sum by (participant) ({stored('alerts_open', ALERTS)})", "Open alerts"),
            Query(stored("reading_age_seconds", PARTICIPANT), "Reading age"),
            Query(stored("category_info", (*PARTICIPANT, "category")), HIDDEN),
        ),
        labels={"participant": "Participant", "category": "Category"},
        look=Style(unit=style.COUNT),
        overrides=(
            named("Participant", Style(unit=style.TEXT, links=(to_console("Participant"),))),
            named("Level", LEVELS),
            named("Lowest level", LEFT),
            named("Empties, earliest", SPAN),
            named("Reading age", Style(unit=style.SECONDS)),
        ),
        worst=(("Level", True), ("Lowest level", False)),
    )


def buckets() -> Table:
    """Return the buckets with the lowest levels."""
    worst = f"topk(50, {LEVEL} + {USED})"

    def of_worst(expr: str) -> str:
        return f"{expr} and on (participant, policy) {worst}"

    return Table(
        title="Buckets, 50 worst",
        about=About(
            pt="Pelo nível, depois pelo que resta. Empties: no consumo atual. Full again: sem chamadas.",
            en="By level, then by the remaining share. Empties: at the current consumption. Full again: without calls.",
        ),
        queries=(
            Query(of_worst(LEVEL), "Level"),
            Query(of_worst(f"1 - {USED}"), "Left"),
            Query(of_worst(stored("warning_threshold_ratio", BUCKET)), "Warning at"),
            Query(of_worst(stored("critical_threshold_ratio", BUCKET)), "Critical at"),
            Query(of_worst(stored("tokens_available", BUCKET)), "Tokens"),
            Query(of_worst(stored("capacity", BUCKET)), "Capacity"),
            Query(of_worst(EARLIEST), "Empties, earliest"),
            Query(of_worst(LATEST), "Empties, latest"),
            Query(of_worst(stored("time_to_full_seconds", BUCKET, 'bound="upper"')), "Full again, latest"),
        ),
        labels={"participant": "Participant", "policy": "Policy"},
        look=Style(unit=style.TOKENS),
        overrides=(
            named("Participant", Style(unit=style.TEXT)),
            named("Policy", Style(unit=style.TEXT, links=(to_policy("Participant", "Policy"),), custom={"width": 300})),
            named("Level", LEVELS),
            named("Left", LEFT),
            *(named(name, Style(unit=style.SHARE)) for name in ("Warning at", "Critical at")),
            *(named(name, SPAN) for name in ("Empties, earliest", "Empties, latest", "Full again, latest")),
        ),
        worst=(("Level", True), ("Left", False)),
        height=12,
    )


def first_to_empty() -> Table:
    """Return the buckets that empty soonest."""
    first = f"bottomk(15, {EARLIEST} < Inf)"
    return Table(
        title="First to empty",
        about=About(
            pt="Baldes que esvaziam no consumo do último intervalo, do mais próximo ao mais distante.",
            en="Buckets that empty at the consumption of the last interval, soonest first.",
        ),
        queries=(
            Query(first, "Earliest"),
            Query(f"{LATEST} and on (participant, policy) {first}", "Latest"),
            Query(f"{LEVEL} and on (participant, policy) {first}", "Level"),
            Query(f"1 - {USED} and on (participant, policy) {first}", "Left"),
        ),
        labels={"participant": "Participant", "policy": "Policy"},
        look=SPAN,
        overrides=(
            named("Participant", Style(unit=style.TEXT)),
            named("Policy", Style(unit=style.TEXT, links=(to_policy("Participant", "Policy"),))),
            named("Level", LEVELS),
            named("Left", LEFT),
        ),
        worst=(("Earliest", False),),
    )


def open_alerts() -> Table:
    """Return the open alerts with their runbooks."""
    return Table(
        title="Open alerts",
        about=About(
            pt="Cada linha tem o link do runbook do seu tipo. Reconheça e silencie alertas na página do produto.",
            en="Each row links to the runbook of its kind. Acknowledge and silence alerts on the product's page.",
        ),
        queries=(Query(with_runbook(f"{stored('alerts_open', ALERTS)} > 0"), "Open"),),
        labels={"participant": "Participant", "kind": "Kind", "severity": "Severity", "runbook": "Runbook"},
        look=Style(unit=style.COUNT),
        overrides=(
            named("Participant", Style(unit=style.TEXT, links=(to_console("Participant"),))),
            *(named(name, Style(unit=style.TEXT)) for name in ("Kind", "Severity")),
            named("Runbook", Style(unit=style.TEXT, links=(to_runbook("Runbook"),))),
            named("Open", Style(custom={"width": 70})),
        ),
        worst=(("Severity", False), ("Open", True)),
        width=12,
        height=9,
    )
