"""Dashboard of the monitor itself: polls, own budget, cycles and delivery."""

from __future__ import annotations

from typing import Final

from tools.dashboards import style
from tools.dashboards.board import Board
from tools.dashboards.delivery import delivery
from tools.dashboards.links import runbook
from tools.dashboards.panel import About, Graph, Panel, Query, Row, number
from tools.dashboards.promql import BUCKET, PARTICIPANT, gained, gained_in_range, quantile, rate, share_of, stored
from tools.dashboards.style import Style, band, limit

LIST: Final = 'policy="POLICIES_LIST"'
OUTCOMES: Final = ("participant", "outcome")
CYCLES: Final = "15m"
"""Window of what happens once per cycle. It contains a few cycles of five minutes."""
OWN: Final = stored("own_spending_tokens_per_second", BUCKET, LIST)
REFILL: Final = stored("refill_tokens_per_second", BUCKET, LIST)
AGE: Final = Style(unit=style.SECONDS, least=0)
EVENTS: Final = Style(unit=style.COUNT, decimals=0, least=0)
PER_SECOND: Final = Style(unit=style.PER_SECOND, least=0)
SHARE: Final = Style(unit=style.SHARE, decimals=1, least=0, most=1)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="poller",
        title="DICT rate limits / Poller and budget",
        about=About(
            pt="O próprio monitor: consultas, o que ele consome de POLICIES_LIST, ciclos, entrega dos alertas.",
            en="The monitor itself: polls, its consumption of POLICIES_LIST, cycles, delivery of alerts.",
        ),
        rows=(
            Row(title="Polls", panels=(*_polls_now(), _polls(), _ages())),
            Row(title="Own budget", panels=(_budget(), _budget_tokens())),
            Row(title="Cycles", panels=(_cycle(), _activities(), _cycles(), _failures())),
            Row(title="Source", panels=(_bridge(), _readers())),
            Row(title="Delivery", panels=delivery()),
        ),
    )


def _polls_now() -> tuple[Panel, ...]:
    polls = f"sum({gained_in_range('polls_total', OUTCOMES)})"
    good = f"sum({gained_in_range('polls_total', OUTCOMES, 'outcome=~`OK|EMPTY`')})"
    limited = f"sum({gained_in_range('polls_total', OUTCOMES, 'outcome=`RATE_LIMITED`')})"
    return (
        number(
            "Successful polls",
            "Parte das consultas do período selecionado com resposta válida.",
            "Share of the polls in the selected time range with a valid answer.",
            share_of(good, polls),
            SHARE,
        ),
        number(
            "Polls answered 429",
            "Consultas do produto que receberam 429. Todos os clientes do participante compartilham o orçamento.",
            "Polls of the product that were answered 429. All clients of the participant share the budget.",
            f"{limited} or 0 * {polls}",
            Style(unit=style.COUNT, decimals=0, bad=1),
        ),
        number(
            "Oldest poll",
            "Tempo desde a última consulta do participante mais atrasado.",
            "Time since the last poll, for the participant with the oldest one.",
            f"max({stored('poll_age_seconds', PARTICIPANT)})",
            AGE,
        ),
        number(
            "Poll interval",
            "O maior intervalo entre duas consultas agendadas.",
            "The longest interval between two scheduled polls.",
            stored("poll_interval_seconds"),
            AGE,
        ),
        number(
            "Own share of the refill",
            "Parte da reposição de POLICIES_LIST que as consultas agendadas consomem, no pior participante.",
            "Share of the refill of POLICIES_LIST that scheduled polls consume, for the worst participant.",
            f"max({OWN} / {REFILL})",
            SHARE,
        ),
        number(
            "Active silences",
            "Silêncios e janelas de manutenção ativos.",
            "Active silences and maintenance windows.",
            stored("silences_active"),
            EVENTS,
        ),
    )


def _polls() -> Graph:
    return Graph(
        title="Polls by outcome",
        about=About(
            pt="Consultas em cada passo do gráfico, por resultado.",
            en="Polls in each step of the graph, by outcome.",
        ),
        queries=(Query(f"sum by (outcome) ({gained('polls_total', OUTCOMES)})", "{{outcome}}"),),
        look=EVENTS,
        overrides=style.colored({"OK": style.GREEN, "RATE_LIMITED": style.RED}),
        bars=True,
        stacked=True,
        interval="5m",
        links=(runbook("alert-rate-limited"), runbook("bridge-down")),
    )


def _ages() -> Graph:
    return Graph(
        title="Poll age, 10 oldest",
        about=About(
            pt="Tempo desde a última consulta, com sucesso ou não. Acima do intervalo, o agendamento parou.",
            en="Time since the last poll, successful or not. Above the interval the schedule has stopped.",
        ),
        queries=(
            Query(f"topk(10, {stored('poll_age_seconds', PARTICIPANT)})", "{{participant}}"),
            Query(stored("poll_interval_seconds"), "Poll interval"),
        ),
        look=AGE,
        overrides=(limit("Poll interval", style.GREY),),
        links=(runbook("temporal-down"),),
    )


def _budget() -> Graph:
    lower, upper = (
        stored("consumption_tokens_per_second", BUCKET, LIST, f'bound="{bound}"') for bound in ("lower", "upper")
    )
    return Graph(
        title="POLICIES_LIST consumption",
        about=About(
            pt="Consumo das consultas agendadas, consumo total (mínimo, máximo) e reposição. Com vários participantes: "
            "a soma.",
            en="Consumption of the scheduled polls, total consumption (minimum, maximum), and the refill. With several "
            "participants: the sum.",
        ),
        queries=(
            Query(f"sum({OWN})", "Own polls"),
            Query(f"sum({lower})", "All, at least"),
            Query(f"sum({upper})", "All, at most"),
            Query(f"sum({REFILL})", "Refill"),
        ),
        look=Style(unit=style.TOKENS_PER_SECOND, decimals=3),
        overrides=(
            *style.colored({"Own polls": style.PURPLE}),
            *band("All, at least", "All, at most", style.BLUE),
            limit("Refill", style.GREEN),
        ),
    )


def _budget_tokens() -> Graph:
    left = f"1 - {stored('utilization_ratio', BUCKET, LIST)}"
    return Graph(
        title="POLICIES_LIST share left, 10 lowest",
        about=About(
            pt="O que resta do orçamento das consultas, e o maior limite de atenção.",
            en="Remaining budget of the polls, and the highest warning threshold.",
        ),
        queries=(
            Query(f"bottomk(10, {left})", "{{participant}}"),
            Query(stored("warning_threshold_ratio", (), LIST), "Warning"),
        ),
        look=Style(unit=style.SHARE, least=0, most=1),
        overrides=(limit("Warning", style.YELLOW),),
        links=(runbook("alert-rate-limited"),),
    )


def _cycle() -> Graph:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return Graph(
        title="Cycle duration",
        about=About(
            pt="Do início da busca ao fim da publicação, em uma janela de 15 minutos.",
            en="From the start of fetching to the end of publishing, over 15 minutes.",
        ),
        queries=[
            Query(quantile(share, "cycle_duration_seconds", window=CYCLES), name) for name, share in shares.items()
        ],
        look=AGE,
    )


def _activities() -> Graph:
    return Graph(
        title="Activity duration, p95",
        about=About(
            pt="Por atividade do Temporal, em uma janela de 15 minutos.",
            en="By activity of Temporal, over 15 minutes.",
        ),
        queries=(Query(quantile(0.95, "activity_duration_seconds", ("activity",), window=CYCLES), "{{activity}}"),),
        look=AGE,
    )


def _cycles() -> Graph:
    return Graph(
        title="Cycles per hour",
        about=About(
            pt="Ciclos bons e ruins, extrapolados de 15 minutos.",
            en="Good and bad cycles, extrapolated from 15 minutes.",
        ),
        queries=(Query(f"{rate('cycles_total', by=('result',), window=CYCLES)} * 3600", "{{result}}"),),
        look=Style(unit=style.COUNT, decimals=1, least=0),
        overrides=style.colored({"good": style.GREEN, "bad": style.RED}),
        stacked=True,
        links=(runbook("prometheus-cycles"), runbook("temporal-down")),
    )


def _failures() -> Graph:
    return Graph(
        title="Activity failures per hour",
        about=About(
            pt="Tentativas de atividades que falharam, extrapoladas de 15 minutos.",
            en="Attempts of activities that failed, extrapolated from 15 minutes.",
        ),
        queries=(Query(f"{rate('activity_failures_total', by=('activity',), window=CYCLES)} * 3600", "{{activity}}"),),
        look=Style(unit=style.COUNT, decimals=1, least=0),
        links=(runbook("postgresql-down"), runbook("redis-down"), runbook("pulsar-down")),
    )


def _bridge() -> Graph:
    return Graph(
        title="Bridge calls by method and code",
        about=About(
            pt="Chamadas gRPC por segundo, de todos os processos.",
            en="gRPC calls per second, of all processes.",
        ),
        queries=(Query(rate("bridge_calls_total", by=("method", "code"), window=CYCLES), "{{method}} {{code}}"),),
        look=PER_SECOND,
        stacked=True,
        links=(runbook("bridge-down"),),
    )


def _readers() -> Graph:
    return Graph(
        title="Calls for API clients by outcome",
        about=About(
            pt="Chamadas ao DICT causadas por clientes da API, fora dos ciclos, por segundo.",
            en="Calls to DICT that API clients caused, outside cycles, per second.",
        ),
        queries=(Query(rate("source_calls_total", by=("outcome",), window=CYCLES), "{{outcome}}"),),
        look=PER_SECOND,
        stacked=True,
    )
