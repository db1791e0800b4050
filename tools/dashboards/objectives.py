"""Service level objectives, with their error budgets and burn rates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tools.dashboards import style
from tools.dashboards.links import runbook
from tools.dashboards.panel import About, Graph, Panel, Query, number
from tools.dashboards.promql import PARTICIPANT, over_range, rate, share_of, stored
from tools.dashboards.style import Style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OF_REQUESTS: Final = ("5m", "1h", "6h")
OF_CYCLES: Final = ("1h", "6h")
"""Cycles run every few minutes, so shorter windows would contain too few."""
CONSTANTS: Final = (
    ("slo_availability", "Share of responses without 5xx", 0.999),
    ("slo_latency", "Share of responses within 200 ms", 0.99),
    ("slo_cycles", "Share of good cycles", 0.99),
    ("slo_freshness", "Share of time with fresh readings", 0.99),
    ("slo_fresh_intervals", "Poll intervals for which a reading is fresh", 2),
)
"""Variables of the dashboard: name, label, value."""

CLIENT_REQUESTS: Final = 'route!~"health|ready"'
"""Requests of clients, without probes, as in the rules of helm/rules."""
READINGS: Final = 'route=~"policies|policy"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One objective. `indicator` returns the good share in a window. `target` is the variable with the required share.

    `page` is the runbook for a missed objective.
    """

    name: str
    target: str
    indicator: Callable[[str], str]
    windows: Sequence[str]
    page: str
    about: About

    def left(self, window: str) -> str:
        """Return the share of the window's error budget that is left."""
        return f"1 - {self.burn(window)}"

    def burn(self, window: str) -> str:
        """Return how many times faster than allowed the error budget burns."""
        return f"(1 - ({self.indicator(window)})) / (1 - ${self.target})"


def _availability(window: str) -> str:
    answers = rate("http_requests_total", CLIENT_REQUESTS, window=window)
    failed = rate("http_requests_total", CLIENT_REQUESTS, "status=~`5..`", window=window)
    return f"1 - {share_of(failed, answers)}"


def _within_200_ms(window: str) -> str:
    quick = rate("http_request_duration_seconds_bucket", READINGS, 'le="0.2"', window=window)
    return f"{quick} / {rate('http_request_duration_seconds_count', READINGS, window=window)}"


def _good_cycles(window: str) -> str:
    return share_of(
        rate("cycles_total", 'result="good"', window=window),
        rate("cycles_total", window=window),
    )


def _fresh(window: str) -> str:
    fresh = f"{stored('reading_age_seconds', PARTICIPANT)} <= bool on () group_left () {_fresh_until()}"
    return f"avg({over_range('avg_over_time', fresh, window)})"


def _fresh_until() -> str:
    return f"($slo_fresh_intervals * {stored('poll_interval_seconds')})"


_OBJECTIVES: Final = (
    Objective(
        name="Availability",
        target="slo_availability",
        indicator=_availability,
        page="prometheus-http-errors",
        windows=OF_REQUESTS,
        about=About(pt="Respostas sem 5xx.", en="Responses without 5xx."),
    ),
    Objective(
        name="Latency",
        target="slo_latency",
        indicator=_within_200_ms,
        page="prometheus-latency",
        windows=OF_REQUESTS,
        about=About(pt="Respostas em até 200 ms.", en="Responses within 200 ms."),
    ),
    Objective(
        name="Cycles",
        target="slo_cycles",
        indicator=_good_cycles,
        page="prometheus-cycles",
        windows=OF_CYCLES,
        about=About(pt="Ciclos bons.", en="Good cycles."),
    ),
    Objective(
        name="Freshness",
        target="slo_freshness",
        indicator=_fresh,
        page="prometheus-polls-stopped",
        windows=OF_CYCLES,
        about=About(
            pt="Tempo em que a leitura de cada participante tinha no máximo dois intervalos.",
            en="Time in which each participant's reading was at most two intervals old.",
        ),
    ),
)


def objectives() -> tuple[Panel, ...]:
    """Return achieved share, remaining error budget and burn rate of each objective."""
    achieved, left, burn = (tuple(map(make, _OBJECTIVES)) for make in (_achieved, _left, _burn))
    return (*achieved, *left, *burn)


def _achieved(one: Objective) -> Panel:
    shown = number(
        one.name,
        f"{one.about.pt} No período selecionado.",
        f"{one.about.en} In the selected time range.",
        one.indicator("$__range"),
        Style(unit=style.SHARE, decimals=3, least=0, most=1),
    )
    return replace(shown, width=6)


def _left(one: Objective) -> Panel:
    shown = number(
        f"{one.name}: error budget left",
        f"{one.about.pt} O que resta do orçamento de erros do período. Negativo: objetivo não cumprido.",
        f"{one.about.en} Remaining error budget of the time range. Below zero: objective missed.",
        one.left("$__range"),
        Style(unit=style.SHARE, decimals=1),
    )
    return replace(shown, width=6)


def _burn(one: Objective) -> Panel:
    return Graph(
        title=f"{one.name}: burn rate",
        about=About(
            pt=f"{one.about.pt} Em 1 o orçamento de erros é gasto exatamente. Muito acima de 1 em duas janelas "
            "é um incidente.",
            en=f"{one.about.en} At 1 the error budget is spent exactly. Far above 1 in two windows is an incident.",
        ),
        queries=[Query(one.burn(window), window) for window in one.windows],
        look=Style(unit=style.TIMES, decimals=2, least=0),
        links=(runbook(one.page),),
        interval=None if one.windows is OF_REQUESTS else "5m",
    )
