"""One bucket: what is in it, how fast it is used, when it empties, how it has been."""

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
            pt="Uma política de um participante: fichas, limiares, consumo, previsão, histórico.",
            en="One policy of one participant: tokens, thresholds, consumption, forecast, history.",
        ),
        policies=True,
        one=True,
        rows=(
            Row(title="Now", panels=_now()),
            Row(title="Bucket", panels=(_tokens(), _left(), _levels())),
            Row(title="Pace and forecast", panels=(_consumption(), _until_empty(), _until_full())),
            Row(title="In the time shown", panels=(*_history(), _limits())),
        ),
    )


def _bounds(name: str) -> tuple[str, str]:
    return stored(name, BUCKET, 'bound="lower"'), stored(name, BUCKET, 'bound="upper"')


def _now() -> tuple[Panel, ...]:
    lower, upper = _bounds("time_to_empty_seconds")
    span = Style(unit=style.SECONDS, never=True)
    return (
        number("Level", "Nível agora.", "Level now.", LEVEL, Style(words=style.LEVELS)),
        number("Left", "O que resta, da capacidade.", "What is left, of the capacity.", f"1 - {USED}", _share()),
        number("Tokens", "Fichas, como o DICT as disse.", "Tokens, as DICT told them.", TOKENS, _tokens_look()),
        number("Capacity", "Fichas que o balde comporta.", "Tokens the bucket can hold.", CAPACITY, _tokens_look()),
        number(
            "Refill",
            "Reposição: o ritmo que se pode manter.",
            "Refill: the pace that can be kept up.",
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
        number("Empties, earliest", "Vazio não antes disto.", "Empty not before this.", lower, span),
        number(
            "Empties, latest", "Vazio até aqui, se o ritmo continuar.", "Empty by then if the pace stays.", upper, span
        ),
        number(
            "Full again, latest",
            "Cheio até aqui, se ninguém usar.",
            "Full by then if nobody takes any.",
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
            "Blind below",
            "Enche neste tempo, menor que o intervalo entre leituras: pode esvaziar sem se ver. Vazio: não é o caso.",
            "Fills in this time, less than between two readings: it may run dry unseen. Empty: that is not so.",
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
            pt="Fichas, capacidade e limiares do momento. Abaixo de zero: usadas além do que havia.",
            en="Tokens, capacity and the thresholds of the moment. Below zero: taken beyond what was there.",
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
            pt="O que resta, da capacidade, e os limiares em vigor para esta política.",
            en="What is left of the capacity, and the thresholds in force for this policy.",
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
            pt="Entre duas leituras: ao menos e no máximo tantas fichas por segundo. Acima da reposição ele esvazia.",
            en="Between two readings: at least and at most so many tokens a second. Above the refill it empties.",
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
            pt="Faixa da previsão no ritmo do último intervalo. Sem curva: nunca, ou não se sabe.",
            en="The forecast's range at the pace of the last interval. No curve: never, or unknown.",
        ),
        _bounds("time_to_empty_seconds"),
        style.RED,
    )


def _until_full() -> Graph:
    return _spans(
        "Time to full",
        About(
            pt="Até encher, se ninguém usar: da reposição contínua até o fim do próximo período.",
            en="Until it is full if nobody takes any: from continuous refill to the end of the next period.",
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
            "Least left",
            "O menor saldo no período mostrado.",
            "The least that was left in the time shown.",
            f"1 - {over_range('max_over_time', USED)}",
            _share(),
        ),
        number(
            "Time in WARNING or worse",
            "Parte do período mostrado.",
            "Share of the time shown.",
            over_range("avg_over_time", f"{LEVEL} >= bool 1"),
            _share(),
        ),
        number(
            "Time CRITICAL",
            "Parte do período mostrado.",
            "Share of the time shown.",
            over_range("avg_over_time", f"{LEVEL} >= bool 2"),
            _share(),
        ),
        number(
            "Peak consumption, at most",
            "O maior consumo entre duas leituras.",
            "The greatest consumption between two readings.",
            over_range("max_over_time", upper),
            PACE,
        ),
        number(
            "Time exhausted",
            "Parte do período mostrado, sem fichas.",
            "Share of the time shown, without tokens.",
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
            pt="Capacidade e reposição: um degrau é uma mudança pelo BACEN.",
            en="Capacity and refill: a step is a change by BACEN.",
        ),
        queries=(Query(CAPACITY, "Capacity"), Query(f"{REFILL} * 60", "Refill a minute")),
        look=_tokens_look(),
        steps=True,
        width=24,
        links=(runbook("alert-limits-changed"), runbook("alert-category-changed")),
    )
