"""Dashboard of all participants: lowest levels, forecasts, alerts, age of readings."""

from __future__ import annotations

from typing import Final

from tools.dashboards import style, worst
from tools.dashboards.board import Board
from tools.dashboards.links import runbook
from tools.dashboards.panel import About, Graph, Panel, Query, Row, number
from tools.dashboards.promql import BUCKET, PARTICIPANT, counted, gained, stored
from tools.dashboards.style import Style, limit

LEVEL: Final = stored("level", BUCKET)
MONITORED: Final = f"count({stored('poll_age_seconds', PARTICIPANT)})"
ALERTS: Final = ("participant", "kind", "severity")
BAD: Final = Style(unit=style.COUNT, bad=1)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="overview",
        title="DICT rate limits / Overview",
        about=About(
            pt="Todos os participantes: o pior primeiro, quais esvaziam primeiro, alertas abertos, idade das leituras.",
            en="All participants: worst first, first to empty, open alerts, age of readings.",
        ),
        policies=True,
        rows=(
            Row(title="Now", panels=_now()),
            Row(title="Worst first", panels=(worst.participants(), worst.buckets(), worst.first_to_empty())),
            Row(title="Alerts", panels=(worst.open_alerts(), _open_by_kind(), _transitions())),
            Row(title="History", panels=(_levels(), _lowest_levels(), _ages())),
        ),
    )


def _now() -> tuple[Panel, ...]:
    no_data = stored("alerts_open", PARTICIPANT, 'kind="SOURCE_UNREACHABLE"')
    alerts = f"sum({stored('alerts_open', ALERTS)})"
    return (
        number(
            "Participants", "Participantes monitorados.", "Monitored participants.", MONITORED, Style(unit=style.COUNT)
        ),
        number(
            "Buckets CRITICAL",
            "Políticas no limite crítico ou abaixo dele. O produto exporta os limites de alerta.",
            "Policies at or below the critical threshold. The product exports the thresholds.",
            counted(f"{LEVEL} == bool 2"),
            BAD,
        ),
        number(
            "Buckets WARNING",
            "Políticas em atenção, ainda não críticas.",
            "Policies in warning, not yet critical.",
            counted(f"{LEVEL} == bool 1"),
            Style(unit=style.COUNT, bad=1, alarm=style.YELLOW),
        ),
        number(
            "Buckets exhausted",
            "Políticas sem fichas: o DICT responde 429.",
            "Policies without tokens: DICT answers 429.",
            counted(stored("exhausted", BUCKET)),
            BAD,
        ),
        number(
            "Open alerts",
            "Alertas abertos de todos os tipos.",
            "Open alerts of all kinds.",
            f"{alerts} or 0 * {MONITORED}",
            BAD,
        ),
        number(
            "Participants without data",
            "Participantes sem leitura nova (SOURCE_UNREACHABLE).",
            "Participants without a new reading (SOURCE_UNREACHABLE).",
            f"sum({no_data}) or 0 * {MONITORED}",
            BAD,
        ),
    )


def _open_by_kind() -> Graph:
    return Graph(
        title="Open alerts by kind",
        about=About(pt="Alertas abertos ao longo do tempo.", en="Open alerts over time."),
        queries=(Query(f"sum by (kind, severity) ({stored('alerts_open', ALERTS)})", "{{kind}} {{severity}}"),),
        look=Style(unit=style.COUNT, decimals=0, least=0),
        stacked=True,
        steps=True,
    )


def _transitions() -> Graph:
    by = ("participant", "kind", "transition")
    return Graph(
        title="Alert transitions",
        about=About(
            pt="Transições em cada passo do gráfico: abertura, agravamento, atenuação, encerramento, lembrete.",
            en="Transitions in each step of the graph: opened, escalated, de-escalated, resolved, reminded.",
        ),
        queries=(
            Query(f"sum by (kind, transition) ({gained('alert_transitions_total', by)})", "{{kind}} {{transition}}"),
        ),
        look=Style(unit=style.COUNT, decimals=0, least=0),
        bars=True,
        stacked=True,
        interval="1m",
        width=24,
    )


def _levels() -> Graph:
    levels = {"CRITICAL": style.RED, "WARNING": style.YELLOW, "OK": style.GREEN}
    numbers = {text: number for number, (text, _) in style.LEVELS.items()}
    unknown = f"count({stored('tokens_available', BUCKET)}) - count({LEVEL})"
    return Graph(
        title="Buckets by level",
        about=About(
            pt="Número de baldes em cada nível. UNKNOWN: capacidade desconhecida.",
            en="Number of buckets at each level. UNKNOWN: unknown capacity.",
        ),
        queries=(
            *(Query(counted(f"{LEVEL} == bool {numbers[name]}"), name) for name in levels),
            Query(unknown, "UNKNOWN"),
        ),
        look=Style(unit=style.COUNT, decimals=0, least=0),
        overrides=style.colored({**levels, "UNKNOWN": style.PURPLE}),
        stacked=True,
        steps=True,
    )


def _lowest_levels() -> Graph:
    return Graph(
        title="Lowest level by participant, 10 lowest",
        about=About(
            pt="O nível do balde mais vazio de cada participante.",
            en="Level of the emptiest bucket of each participant.",
        ),
        queries=(Query(f"bottomk(10, 1 - {stored('utilization_ratio', PARTICIPANT)})", "{{participant}}"),),
        look=Style(unit=style.SHARE, least=0, most=1),
    )


def _ages() -> Graph:
    return Graph(
        title="Age of readings, 10 oldest",
        about=About(
            pt="Tempo desde a última leitura nova. Acima de alguns intervalos, não há dados atuais.",
            en="Time since the last new reading. Above some intervals there is no current data.",
        ),
        queries=(
            Query(f"topk(10, {stored('reading_age_seconds', PARTICIPANT)})", "{{participant}}"),
            Query(stored("poll_interval_seconds"), "Poll interval"),
        ),
        look=Style(unit=style.SECONDS, least=0),
        overrides=(limit("Poll interval", style.GREY),),
        width=24,
        links=(runbook("alert-source-unreachable"),),
    )
