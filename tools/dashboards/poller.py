"""The monitor itself: does it poll, what does it cost, does what it finds reach anybody."""

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
"""Window of what happens once a cycle: a few cycles of five minutes."""
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
            pt="O próprio monitor: leituras, o que ele gasta de POLICIES_LIST, ciclos, entrega dos alertas.",
            en="The monitor itself: polls, what it spends of POLICIES_LIST, cycles, delivery of alerts.",
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
            "Good polls",
            "Parte das leituras do período mostrado que teve resposta legível.",
            "Share of the polls in the time shown that had an answer to read.",
            share_of(good, polls),
            SHARE,
        ),
        number(
            "429 in the time shown",
            "Leituras nossas recusadas: o orçamento é dividido com todos que leem pelo participante.",
            "Polls of ours that were refused: the budget is shared with all who poll for the participant.",
            f"{limited} or 0 * {polls}",
            Style(unit=style.COUNT, decimals=0, bad=1),
        ),
        number(
            "Oldest poll",
            "Tempo desde a última leitura do participante mais atrasado.",
            "Time since the last poll of the participant that is furthest behind.",
            f"max({stored('poll_age_seconds', PARTICIPANT)})",
            AGE,
        ),
        number(
            "Poll interval",
            "O maior intervalo entre duas leituras agendadas.",
            "The longest gap between two scheduled polls.",
            stored("poll_interval_seconds"),
            AGE,
        ),
        number(
            "Own share of the refill",
            "O que o plano de leituras gasta da reposição de POLICIES_LIST, no pior participante.",
            "What the polling plan spends of the refill of POLICIES_LIST, at the worst participant.",
            f"max({OWN} / {REFILL})",
            SHARE,
        ),
        number(
            "Silences in force",
            "Silêncios e janelas de manutenção em vigor.",
            "Silences and maintenance windows in force.",
            stored("silences_active"),
            EVENTS,
        ),
    )


def _polls() -> Graph:
    return Graph(
        title="Polls by outcome",
        about=About(
            pt="Leituras em cada passo do gráfico, pelo resultado.",
            en="Polls in each step of the graph, by how they ended.",
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
        title="Poll age: the oldest 10",
        about=About(
            pt="Tempo desde a última leitura, boa ou não. Acima do intervalo, o agendamento parou.",
            en="Time since the last poll, good or not. Above the interval the schedule has stopped.",
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
        title="POLICIES_LIST: pace",
        about=About(
            pt="O que gastamos pelo plano, o que todos gastam juntos (ao menos, no máximo) e a reposição. Com vários "
            "participantes: a soma.",
            en="What our plan spends, what all spend together (at least, at most), and the refill. With several "
            "participants: the sum.",
        ),
        queries=(
            Query(f"sum({OWN})", "Own plan"),
            Query(f"sum({lower})", "All, at least"),
            Query(f"sum({upper})", "All, at most"),
            Query(f"sum({REFILL})", "Refill"),
        ),
        look=Style(unit=style.TOKENS_PER_SECOND, decimals=3),
        overrides=(
            *style.colored({"Own plan": style.PURPLE}),
            *band("All, at least", "All, at most", style.BLUE),
            limit("Refill", style.GREEN),
        ),
    )


def _budget_tokens() -> Graph:
    left = f"1 - {stored('utilization_ratio', BUCKET, LIST)}"
    return Graph(
        title="POLICIES_LIST: share left, the worst 10",
        about=About(
            pt="O que resta do orçamento com que lemos, e o maior limiar de aviso.",
            en="What is left of the budget we poll with, and the highest warning threshold.",
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
            pt="Do início da busca ao fim da publicação, janela de 15 minutos.",
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
            pt="Por atividade do Temporal, janela de 15 minutos.",
            en="By activity of Temporal, over 15 minutes.",
        ),
        queries=(Query(quantile(0.95, "activity_duration_seconds", ("activity",), window=CYCLES), "{{activity}}"),),
        look=AGE,
    )


def _cycles() -> Graph:
    return Graph(
        title="Cycles an hour",
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
        title="Activity failures an hour",
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
        title="Calls of the Bridge by method and code",
        about=About(
            pt="Chamadas gRPC por segundo, de todos os processos.",
            en="gRPC calls a second, of all processes.",
        ),
        queries=(Query(rate("bridge_calls_total", by=("method", "code"), window=CYCLES), "{{method}} {{code}}"),),
        look=PER_SECOND,
        stacked=True,
        links=(runbook("bridge-down"),),
    )


def _readers() -> Graph:
    return Graph(
        title="Calls for readers by outcome",
        about=About(
            pt="Chamadas que leitores da API causaram, fora dos ciclos, por segundo.",
            en="Calls that readers of the API caused, outside cycles, a second.",
        ),
        queries=(Query(rate("source_calls_total", by=("outcome",), window=CYCLES), "{{outcome}}"),),
        look=PER_SECOND,
        stacked=True,
    )
