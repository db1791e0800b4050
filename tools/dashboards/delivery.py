"""What becomes of alerts: the way to the broker, and to people."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tools.dashboards import style
from tools.dashboards.links import runbook
from tools.dashboards.panel import About, Graph, Panel, Query, number
from tools.dashboards.promql import rate, stored
from tools.dashboards.style import Style

AGE: Final = Style(unit=style.SECONDS, least=0)
EVENTS: Final = Style(unit=style.COUNT, decimals=0, least=0)
CHANNEL: Final = ("channel", "status")


def delivery() -> tuple[Panel, ...]:
    """Return the panels."""
    return (*(replace(panel, width=6) for panel in _now()), _outbox(), _oldest(), _notifications(), _attempts())


def _now() -> tuple[Panel, ...]:
    waiting = stored("outbox_waiting")
    return (
        number(
            "Transitions waiting",
            "Transições à espera de publicação.",
            "Transitions that wait to be published.",
            waiting,
            EVENTS,
        ),
        number(
            "Dead letters",
            "Transições que o broker recusou de vez.",
            "Transitions the broker refused for good.",
            stored("outbox_dead"),
            Style(unit=style.COUNT, decimals=0, bad=1),
        ),
        number(
            "Delivery lag",
            "Idade da transição que espera há mais tempo; 0 quando nada espera.",
            "Age of the transition that waits longest; 0 when nothing waits.",
            f"{stored('outbox_oldest_age_seconds')} or 0 * {waiting}",
            AGE,
        ),
        number(
            "Dead notifications",
            "Notificações das quais se desistiu.",
            "Notifications that were given up.",
            f"sum({stored('notifications', CHANNEL, 'status=`DEAD`')}) or 0 * {waiting}",
            Style(unit=style.COUNT, decimals=0, bad=1),
        ),
    )


def _outbox() -> Graph:
    return Graph(
        title="Outbox",
        about=About(
            pt="O que espera e o que foi recusado de vez.",
            en="What waits, and what was refused for good.",
        ),
        queries=(Query(stored("outbox_waiting"), "Waiting"), Query(stored("outbox_dead"), "Dead")),
        look=EVENTS,
        overrides=style.colored({"Waiting": style.BLUE, "Dead": style.RED}),
        links=(runbook("pulsar-down"),),
    )


def _oldest() -> Graph:
    waiting = stored("outbox_waiting")
    return Graph(
        title="Delivery lag over time",
        about=About(
            pt="Idade do que espera há mais tempo: no caminho do broker e em cada canal. Canal sem nada à espera não "
            "tem curva.",
            en="Age of what waits longest: on the way to the broker, and in each channel. A channel with nothing "
            "waiting has no curve.",
        ),
        queries=(
            Query(f"{stored('outbox_oldest_age_seconds')} or 0 * {waiting}", "Broker"),
            Query(stored("notification_oldest_age_seconds", ("channel",)), "{{channel}}"),
        ),
        look=AGE,
        links=(runbook("pulsar-down"),),
    )


def _notifications() -> Graph:
    return Graph(
        title="Notifications by channel and status",
        about=About(
            pt="Notificações já feitas, pelo canal e pela situação.",
            en="Notifications ever made, by channel and where they stand.",
        ),
        queries=(Query(stored("notifications", CHANNEL), "{{channel}} {{status}}"),),
        look=EVENTS,
        steps=True,
    )


def _attempts() -> Graph:
    attempts = rate("notification_attempts_total", by=("channel", "result"), window="15m")
    return Graph(
        title="Attempts to notify, an hour",
        about=About(
            pt="Tentativas por canal e resultado, extrapoladas de 15 minutos.",
            en="Attempts by channel and result, extrapolated from 15 minutes.",
        ),
        queries=(Query(f"{attempts} * 3600", "{{channel}} {{result}}"),),
        look=Style(unit=style.COUNT, decimals=1, least=0),
    )
