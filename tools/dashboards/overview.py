"""All participants: who is in trouble, who empties first, how old the readings are."""

from __future__ import annotations

from typing import Final

from tools.dashboards import style, worst
from tools.dashboards.board import Board
from tools.dashboards.links import runbook
from tools.dashboards.panel import About, Graph, Panel, Query, Row, number
from tools.dashboards.promql import BUCKET, PARTICIPANT, counted, gained, stored
from tools.dashboards.style import Style, limit

LEVEL: Final = stored("level", BUCKET)
WATCHED: Final = f"count({stored('poll_age_seconds', PARTICIPANT)})"
ALERTS: Final = ("participant", "kind", "severity")
BAD: Final = Style(unit=style.COUNT, bad=1)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="overview",
        title="DICT rate limits / Overview",
        about=About(
            pt="Todos os participantes: o pior primeiro, quem esvazia primeiro, alertas abertos, idade das leituras.",
            en="All participants: worst first, who empties first, open alerts, age of readings.",
        ),
        policies=True,
        rows=(
            Row(title="Now", panels=_now()),
            Row(title="Worst first", panels=(worst.participants(), worst.buckets(), worst.who_empties_first())),
            Row(title="Alerts", panels=(worst.open_alerts(), _open_by_kind(), _transitions())),
            Row(title="History", panels=(_levels(), _least_left(), _ages())),
        ),
    )


def _now() -> tuple[Panel, ...]:
    blind = stored("alerts_open", PARTICIPANT, 'kind="SOURCE_UNREACHABLE"')
    alerts = f"sum({stored('alerts_open', ALERTS)})"
    return (
        number("Participants", "Participantes observados.", "Participants watched.", WATCHED, Style(unit=style.COUNT)),
        number(
            "Buckets CRITICAL",
            "Políticas no limiar crítico ou abaixo dele. Os limiares são os guardados pelo produto.",
            "Policies at or below the critical threshold; thresholds are those the product keeps.",
            counted(f"{LEVEL} == bool 2"),
            BAD,
        ),
        number(
            "Buckets WARNING",
            "Políticas em aviso, ainda não críticas.",
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
            f"{alerts} or 0 * {WATCHED}",
            BAD,
        ),
        number(
            "Blind participants",
            "O produto está cego para estes participantes (SOURCE_UNREACHABLE).",
            "The product is blind for these participants (SOURCE_UNREACHABLE).",
            f"sum({blind}) or 0 * {WATCHED}",
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
        title="What happened to alerts",
        about=About(
            pt="Transições em cada passo do gráfico: abertos, agravados, atenuados, resolvidos, lembrados.",
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
            pt="Quantos baldes em cada nível; UNKNOWN: sem capacidade conhecida.",
            en="How many buckets at each level; UNKNOWN: no capacity known.",
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


def _least_left() -> Graph:
    return Graph(
        title="Least left, by participant: the worst 10",
        about=About(
            pt="O que resta no balde mais vazio de cada participante.",
            en="What is left in the emptiest bucket of each participant.",
        ),
        queries=(Query(f"bottomk(10, 1 - {stored('utilization_ratio', PARTICIPANT)})", "{{participant}}"),),
        look=Style(unit=style.SHARE, least=0, most=1),
    )


def _ages() -> Graph:
    return Graph(
        title="Age of readings: the oldest 10",
        about=About(
            pt="Tempo desde a última leitura nova. Passou de alguns intervalos: estamos cegos.",
            en="Time since the last new reading. Beyond some intervals we are blind.",
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
