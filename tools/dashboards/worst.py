"""Tables of the overview: the worst comes first."""

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
    """Return the table."""
    return Table(
        title="Participants",
        about=About(
            pt="Cada participante pelo seu pior balde. Vazio significa desconhecido, nunca zero.",
            en="Each participant by its worst bucket. Empty means unknown, never zero.",
        ),
        queries=(
            Query(stored("level", PARTICIPANT), "Level"),
            Query(f"1 - {stored('utilization_ratio', PARTICIPANT)}", "Least left"),
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
            named("Least left", LEFT),
            named("Empties, earliest", SPAN),
            named("Reading age", Style(unit=style.SECONDS)),
        ),
        worst=(("Level", True), ("Least left", False)),
    )


def buckets() -> Table:
    """Return the table."""
    worst = f"topk(50, {LEVEL} + {USED})"

    def of_worst(expr: str) -> str:
        return f"{expr} and on (participant, policy) {worst}"

    return Table(
        title="Buckets: the worst 50",
        about=About(
            pt="Nível primeiro, depois o que resta. Tempos: se ninguém mudar o ritmo; cheio de novo, se ninguém usar.",
            en="By level, then by what is left. Empties: if the pace stays; full again: if nobody takes any.",
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


def who_empties_first() -> Table:
    """Return the table."""
    first = f"bottomk(15, {EARLIEST} < Inf)"
    return Table(
        title="Who empties first",
        about=About(
            pt="Baldes que esvaziam se o ritmo do último intervalo continuar, do mais próximo ao mais distante.",
            en="Buckets that empty if the pace of the last interval goes on, the soonest first.",
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
    """Return the table."""
    return Table(
        title="Open alerts",
        about=About(
            pt="Cada linha leva ao runbook do seu tipo. Reconhecer e silenciar: na página do produto.",
            en="Each row leads to the runbook of its kind. Acknowledge and silence on the product's page.",
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
