"""Dashboard of one bucket: tokens, consumption, forecast and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.dashboards import style
from tools.dashboards.board import Board
from tools.dashboards.links import runbook
from tools.dashboards.panel import About, Graph, Panel, Query, Row, Timeline, number
from tools.dashboards.promql import BUCKET, gained_in_range, over_range, stored
from tools.dashboards.style import Style, band, limit

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKENS: Final = stored("tokens_available", BUCKET)
CAPACITY: Final = stored("capacity", BUCKET)
USED: Final = stored("utilization_ratio", BUCKET)
LEVEL: Final = stored("level", BUCKET)
WARNING: Final = stored("warning_threshold_ratio", BUCKET)
CRITICAL: Final = stored("critical_threshold_ratio", BUCKET)
REFILL: Final = stored("refill_tokens_per_second", BUCKET)
ALERTS: Final = ("participant", "kind", "severity")
PACE: Final = Style(unit=style.TOKENS_PER_SECOND, decimals=2)
THRESHOLDS: Final = (limit("Warning", style.YELLOW), limit("Critical", style.RED))


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="policy",
        title="DICT rate limits / Policy",
        about=About(
            pt="Uma política de um participante: fichas, limites de alerta, consumo, previsão, histórico.",
            en="One policy of one participant: tokens, thresholds, consumption, forecast, history.",
        ),
        policies=True,
        one=True,
        rows=(
            Row(title="Now", panels=_now()),
            Row(title="Bucket", panels=(_tokens(), _left(), _levels())),
            Row(title="Consumption and forecast", panels=(_consumption(), _until_empty(), _until_full())),
            Row(title="Selected time range", panels=(*_history(), _limits())),
        ),
    )


def _bounds(name: str) -> tuple[str, str]:
    return stored(name, BUCKET, 'bound="lower"'), stored(name, BUCKET, 'bound="upper"')


def _now() -> tuple[Panel, ...]:
    lower, upper = _bounds("time_to_empty_seconds")
    span = Style(unit=style.SECONDS, never=True)
    return (
        number("Level", "Nível agora.", "Level now.", LEVEL, Style(words=style.LEVELS)),
        number("Left", "Parte da capacidade que resta.", "Remaining share of the capacity.", f"1 - {USED}", _share()),
        number("Tokens", "Fichas que o DICT informou.", "Tokens that DICT reported.", TOKENS, _tokens_look()),
        number("Capacity", "Número máximo de fichas.", "Maximum number of tokens.", CAPACITY, _tokens_look()),
        number(
            "Refill",
            "Reposição: o consumo que se pode sustentar.",
            "Refill: the consumption that can be sustained.",
            REFILL,
            PACE,
        ),
        number(
            "Alerts enabled",
            "Se esta política gera alertas.",
            "Whether this policy raises alerts.",
            stored("alerts_enabled", BUCKET),
            Style(words=style.YES_NO),
        ),
        number("Empties, earliest", "Não fica vazio antes disto.", "The bucket is not empty before this.", lower, span),
        number(
            "Empties, latest",
            "Fica vazio até aqui, no consumo atual.",
            "Empty by then at the current consumption.",
            upper,
            span,
        ),
        number(
            "Full again, latest",
            "Cheio até aqui, sem chamadas.",
            "Full by then without calls.",
            _bounds("time_to_full_seconds")[1],
            span,
        ),
        number(
            "Consumption, at most",
            "Entre as duas últimas leituras.",
            "Between the last two readings.",
            _bounds("consumption_tokens_per_second")[1],
            PACE,
        ),
        number(
            "Open alerts of the participant",
            "De todas as suas políticas.",
            "Of all its policies.",
            f"sum({stored('alerts_open', ALERTS)}) or 0 * count({TOKENS})",
            Style(unit=style.COUNT, bad=1),
        ),
        number(
            "Unobservable below",
            "Enche em menos tempo que o intervalo de consulta e pode esgotar sem que se veja. Vazio: não se aplica.",
            "Fills in less than the poll interval and may be exhausted unseen. Empty: not applicable.",
            stored("blind_below_seconds", BUCKET),
            Style(unit=style.SECONDS),
        ),
    )


def _share() -> Style:
    return Style(unit=style.SHARE, decimals=1, least=0, most=1)


def _tokens_look() -> Style:
    return Style(unit=style.TOKENS)


def _tokens() -> Graph:
    return Graph(
        title="Tokens",
        about=About(
            pt="Fichas, capacidade e limites de alerta atuais. Abaixo de zero: mais fichas usadas do que havia.",
            en="Tokens, capacity and current thresholds. Below zero: more tokens were used than available.",
        ),
        queries=(
            Query(TOKENS, "Available"),
            Query(CAPACITY, "Capacity"),
            Query(f"{WARNING} * {CAPACITY}", "Warning"),
            Query(f"{CRITICAL} * {CAPACITY}", "Critical"),
        ),
        look=_tokens_look(),
        overrides=(*style.colored({"Available": style.BLUE}), limit("Capacity", style.GREY), *THRESHOLDS),
        links=(runbook("alert-threshold"),),
    )


def _left() -> Graph:
    return Graph(
        title="Share left",
        about=About(
            pt="Parte da capacidade que resta, e os limites de alerta ativos desta política.",
            en="Remaining share of the capacity, and the active thresholds of this policy.",
        ),
        queries=(Query(f"1 - {USED}", "Left"), Query(WARNING, "Warning"), Query(CRITICAL, "Critical")),
        look=_share(),
        overrides=(*style.colored({"Left": style.BLUE}), *THRESHOLDS),
        links=(runbook("alert-threshold"),),
    )


def _levels() -> Timeline:
    return Timeline(
        title="Level over time",
        about=About(pt="Nível ao longo do tempo.", en="Level over time."),
        queries=(Query(LEVEL, "{{policy}}"),),
        look=Style(words=style.LEVELS),
    )


def _consumption() -> Graph:
    lower, upper = _bounds("consumption_tokens_per_second")
    return Graph(
        title="Consumption",
        about=About(
            pt="Mínimo e máximo de fichas por segundo entre duas leituras. Acima da reposição, o balde esvazia.",
            en="Minimum and maximum tokens per second between two readings. Above the refill the bucket empties.",
        ),
        queries=(Query(lower, "At least"), Query(upper, "At most"), Query(REFILL, "Refill")),
        look=PACE,
        overrides=(*band("At least", "At most", style.BLUE), limit("Refill", style.GREEN)),
        width=24,
    )


def _until_empty() -> Graph:
    return _spans(
        "Time to empty",
        About(
            pt="Faixa da previsão, no consumo do último intervalo. Sem curva: nunca, ou desconhecido.",
            en="Range of the forecast, at the consumption of the last interval. No curve: never, or unknown.",
        ),
        _bounds("time_to_empty_seconds"),
        style.RED,
    )


def _until_full() -> Graph:
    return _spans(
        "Time to full",
        About(
            pt="Tempo até encher, sem chamadas: da reposição contínua até o fim do próximo período.",
            en="Time until full, without calls: from continuous refill to the end of the next period.",
        ),
        _bounds("time_to_full_seconds"),
        style.GREEN,
    )


def _spans(title: str, about: About, bounds: Sequence[str], color: str) -> Graph:
    lower, upper = bounds
    return Graph(
        title=title,
        about=about,
        queries=(Query(f"{lower} < Inf", "Earliest"), Query(f"{upper} < Inf", "Latest")),
        look=Style(unit=style.SECONDS, least=0),
        overrides=band("Earliest", "Latest", color),
    )


def _history() -> tuple[Panel, ...]:
    upper = _bounds("consumption_tokens_per_second")[1]
    return (
        number(
            "Lowest level",
            "O menor nível no período selecionado.",
            "The lowest level in the selected time range.",
            f"1 - {over_range('max_over_time', USED)}",
            _share(),
        ),
        number(
            "Time in WARNING or worse",
            "Parte do período selecionado.",
            "Share of the selected time range.",
            over_range("avg_over_time", f"{LEVEL} >= bool 1"),
            _share(),
        ),
        number(
            "Time CRITICAL",
            "Parte do período selecionado.",
            "Share of the selected time range.",
            over_range("avg_over_time", f"{LEVEL} >= bool 2"),
            _share(),
        ),
        number(
            "Peak consumption, at most",
            "O maior consumo entre duas leituras.",
            "The highest consumption between two readings.",
            over_range("max_over_time", upper),
            PACE,
        ),
        number(
            "Time exhausted",
            "Parte do período selecionado, sem fichas.",
            "Share of the selected time range, without tokens.",
            over_range("avg_over_time", stored("exhausted", BUCKET)),
            _share(),
        ),
        number(
            "Limit changes",
            "Mudanças de capacidade ou reposição pelo BACEN.",
            "Changes of capacity or refill by BACEN.",
            f"sum({gained_in_range('limit_changes_total', BUCKET)}) or 0 * count({TOKENS})",
            Style(unit=style.COUNT, decimals=0),
        ),
    )


def _limits() -> Graph:
    return Graph(
        title="Limits over time",
        about=About(
            pt="Capacidade e reposição. Um degrau é uma mudança feita pelo BACEN.",
            en="Capacity and refill. A step is a change by BACEN.",
        ),
        queries=(Query(CAPACITY, "Capacity"), Query(f"{REFILL} * 60", "Refill per minute")),
        look=_tokens_look(),
        steps=True,
        width=24,
        links=(runbook("alert-limits-changed"), runbook("alert-category-changed")),
    )
