"""Dashboard of performance: objectives, HTTP, SQL, cache and processes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tools.dashboards import style
from tools.dashboards.board import Board
from tools.dashboards.links import runbook
from tools.dashboards.objectives import CONSTANTS, objectives
from tools.dashboards.panel import HIDDEN, About, Graph, Panel, Query, Row, Table, number
from tools.dashboards.promql import metric, ours, quantile, rate, share_of, stored
from tools.dashboards.style import Style, named

AGE: Final = Style(unit=style.SECONDS, least=0)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="performance",
        title="DICT rate limits / Performance and SLIs",
        about=About(
            pt="Objetivos e consumo dos orçamentos de erros, HTTP, SQL, cache, processos.",
            en="Objectives and how fast their error budgets burn, HTTP, SQL, cache, processes.",
        ),
        constants=CONSTANTS,
        rows=(
            Row(title="Objectives", panels=objectives()),
            Row(title="HTTP", panels=(_requests(), _errors(), _latency(), _latency_by_route(), _cache(), _hits())),
            Row(title="SQL", panels=(_sql(), _sql_rate(), _sql_errors())),
            Row(title="Processes", panels=_processes()),
            Row(title="Installation", panels=_installation()),
        ),
    )


def _requests() -> Graph:
    return Graph(
        title="Requests by route",
        about=About(pt="Respostas por segundo, por rota.", en="Responses per second, by route."),
        queries=(Query(rate("http_requests_total", by=("route",)), "{{route}}"),),
        look=Style(unit=style.REQUESTS, least=0),
        stacked=True,
    )


def _errors() -> Graph:
    answers = rate("http_requests_total")
    shares = {"4xx": "status=~`4..`", "5xx": "status=~`5..`"}
    return Graph(
        title="Share of errors",
        about=About(
            pt="4xx: erro do cliente. 5xx: erro do servidor.",
            en="4xx: client error. 5xx: server error.",
        ),
        queries=[
            Query(share_of(rate("http_requests_total", matcher), answers), name) for name, matcher in shares.items()
        ],
        look=Style(unit=style.SHARE, least=0),
        overrides=style.colored({"4xx": style.YELLOW, "5xx": style.RED}),
        links=(runbook("bridge-down"), runbook("postgresql-down")),
    )


def _latency() -> Graph:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return Graph(
        title="Latency",
        about=About(
            pt="Da requisição à resposta, todas as rotas.",
            en="From request to response, all routes.",
        ),
        queries=[Query(quantile(share, "http_request_duration_seconds"), name) for name, share in shares.items()],
        look=AGE,
    )


def _latency_by_route() -> Graph:
    return Graph(
        title="Latency by route, p99",
        about=About(pt="Da requisição à resposta, por rota.", en="From request to response, by route."),
        queries=(Query(quantile(0.99, "http_request_duration_seconds", ("route",)), "{{route}}"),),
        look=AGE,
    )


def _cache() -> Graph:
    return Graph(
        title="Cache reads by result",
        about=About(
            pt="Leituras do cache por segundo: hit, miss, stale, error.",
            en="Cache reads per second: hit, miss, stale, error.",
        ),
        queries=(Query(rate("cache_reads_total", by=("result",)), "{{result}}"),),
        look=Style(unit=style.PER_SECOND, least=0),
        overrides=style.colored({"hit": style.GREEN, "error": style.RED, "stale": style.YELLOW, "miss": style.BLUE}),
        stacked=True,
        links=(runbook("redis-down"),),
    )


def _hits() -> Graph:
    return Graph(
        title="Cache hits",
        about=About(pt="Parte das leituras do cache com hit.", en="Share of cache reads that hit."),
        queries=(Query(share_of(rate("cache_reads_total", "result=`hit`"), rate("cache_reads_total")), "Hits"),),
        look=Style(unit=style.SHARE, least=0, most=1),
    )


def _sql() -> Graph:
    return Graph(
        title="SQL duration by query, p95",
        about=About(pt="Por nome da consulta.", en="By query name."),
        queries=(Query(quantile(0.95, "sql_duration_seconds", ("query",)), "{{query}}"),),
        look=AGE,
        links=(runbook("database-maintenance"),),
    )


def _sql_rate() -> Graph:
    return Graph(
        title="SQL by query",
        about=About(pt="Consultas por segundo.", en="Queries per second."),
        queries=(Query(rate("sql_duration_seconds_count", by=("query",)), "{{query}}"),),
        look=Style(unit=style.PER_SECOND, least=0),
        stacked=True,
    )


def _sql_errors() -> Graph:
    none = f'label_replace(0 * {rate("sql_duration_seconds_count")}, "query", "all", "", "")'
    return Graph(
        title="SQL errors by query",
        about=About(
            pt="Consultas SQL com falha, por segundo. Sem falhas, uma única curva com 0.",
            en="Failed queries per second. Without failures, one curve with 0.",
        ),
        queries=(Query(f"{rate('sql_errors_total', by=('query',))} or on () {none}", "{{query}}"),),
        look=Style(unit=style.PER_SECOND, least=0),
        width=24,
        height=6,
        links=(runbook("postgresql-down"),),
    )


def _processes() -> tuple[Panel, ...]:
    name = "{{job}} {{instance}}"
    shown = {
        "Memory (RSS)": ("process_resident_memory_bytes", style.BYTES, "Memória residente.", "Resident memory."),
        "CPU": (
            "rate(process_cpu_seconds_total[$__rate_interval])",
            style.SHARE,
            "Parte de um núcleo.",
            "Share of one core.",
        ),
        "Scrape duration": (
            "scrape_duration_seconds",
            style.SECONDS,
            "Duração da coleta das métricas.",
            "Duration of a scrape.",
        ),
        "Open files": (
            "process_open_fds / process_max_fds",
            style.SHARE,
            "Parte dos descritores de arquivo permitidos.",
            "Share of the allowed file descriptors.",
        ),
    }
    return tuple(
        Graph(
            title=title,
            about=About(pt=f"{pt} Por processo.", en=f"{en} By process."),
            queries=(Query(ours(expr), name),),
            look=Style(unit=unit, least=0),
        )
        for title, (expr, unit, pt, en) in shown.items()
    )


def _installation() -> tuple[Panel, ...]:
    whole = Style(unit=style.COUNT, decimals=0)
    numbers = (
        number(
            "Database",
            "Se o banco respondeu na última coleta, no pior processo.",
            "Whether the database answered at the last scrape, for the worst process.",
            f"min({metric('store_up')})",
            Style(words=style.UP_DOWN),
        ),
        number("Schema", "Última migração aplicada.", "Last migration applied.", stored("schema_version"), whole),
        number(
            "Partitions ahead",
            "Partições mensais já criadas além do mês corrente.",
            "Monthly partitions that exist beyond the current month.",
            stored("partitions_ahead"),
            whole,
        ),
    )
    return (*(replace(panel, height=6) for panel in numbers), _certificates(), _versions())


def _certificates() -> Table:
    left = f"{stored('certificate_expiry_timestamp_seconds', ('certificate',), how='min')} - time()"
    return Table(
        title="Certificates",
        about=About(
            pt="Tempo até o vencimento. Negativo: vencido.",
            en="Time until expiry. Below zero: expired.",
        ),
        queries=(Query(left, "Valid for"),),
        labels={"certificate": "Certificate"},
        look=Style(unit=style.SECONDS, decimals=0),
        overrides=(named("Certificate", Style(unit=style.TEXT)),),
        worst=(("Valid for", False),),
        width=12,
        height=6,
        links=(runbook("prometheus-certificate-expires"), runbook("certificate-rotation")),
    )


def _versions() -> Table:
    labels = {"job": "Job", "instance": "Instance", "version": "Version", "destination": "Transitions go to"}
    both = f"{metric('build_info')} * on (job, instance) group_left (destination) {metric('publisher_info')}"
    return Table(
        title="Versions",
        about=About(
            pt="A versão de cada processo, e o destino das transições de alertas.",
            en="The version of each process, and the destination of alert transitions.",
        ),
        queries=(Query(f"max by ({', '.join(labels)}) ({both})", HIDDEN),),
        labels=labels,
        look=Style(unit=style.TEXT),
        worst=(("Version", False),),
        height=6,
    )
