"""Panels of the delivery of alerts to the broker and to notification channels."""

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
    """Return panels of the broker and of the notification channels."""
    return (*(replace(panel, width=6) for panel in _now()), _outbox(), _oldest(), _notifications(), _attempts())


def _now() -> tuple[Panel, ...]:
    waiting = stored("outbox_waiting")
    return (
        number(
            "Transitions waiting",
            "Transições à espera de publicação.",
            "Transitions waiting to be published.",
            waiting,
            EVENTS,
        ),
        number(
            "Dead letters",
            "Transições descartadas, porque o broker as rejeitou repetidamente.",
            "Transitions dead-lettered, because the broker repeatedly rejected them.",
            stored("outbox_dead"),
            Style(unit=style.COUNT, decimals=0, bad=1),
        ),
        number(
            "Delivery lag",
            "Idade da transição pendente mais antiga. 0 quando nenhuma espera.",
            "Age of the oldest pending transition. 0 when none waits.",
            f"{stored('outbox_oldest_age_seconds')} or 0 * {waiting}",
            AGE,
        ),
        number(
            "Dead notifications",
            "Notificações descartadas.",
            "Dropped notifications.",
            f"sum({stored('notifications', CHANNEL, 'status=`DEAD`')}) or 0 * {waiting}",
            Style(unit=style.COUNT, decimals=0, bad=1),
        ),
    )


def _outbox() -> Graph:
    return Graph(
        title="Outbox",
        about=About(
            pt="Transições pendentes e descartadas.",
            en="Pending and dead-lettered transitions.",
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
            pt="Idade do item pendente mais antigo, para o broker e para cada canal. Um canal sem pendências não tem "
            "curva.",
            en="Age of the oldest pending item, for the broker and for each channel. A channel without pending items "
            "has no curve.",
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
            pt="Todas as notificações, por canal e situação.",
            en="All notifications, by channel and status.",
        ),
        queries=(Query(stored("notifications", CHANNEL), "{{channel}} {{status}}"),),
        look=EVENTS,
        steps=True,
    )


def _attempts() -> Graph:
    attempts = rate("notification_attempts_total", by=("channel", "result"), window="15m")
    return Graph(
        title="Notification attempts per hour",
        about=About(
            pt="Tentativas por canal e resultado, extrapoladas de 15 minutos.",
            en="Attempts by channel and result, extrapolated from 15 minutes.",
        ),
        queries=(Query(f"{attempts} * 3600", "{{channel}} {{result}}"),),
        look=Style(unit=style.COUNT, decimals=1, least=0),
    )
