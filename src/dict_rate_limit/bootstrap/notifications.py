"""Notification channels and the heartbeat."""

from __future__ import annotations

from dataclasses import dataclass

from dict_rate_limit.adapters.notify.alertmanager import AlertmanagerNotifier
from dict_rate_limit.adapters.notify.apprise_notifier import AppriseNotifier
from dict_rate_limit.adapters.notify.by_type import NotifierByType
from dict_rate_limit.adapters.notify.channels_file import ChannelsFile, check_channels, rejected_urls
from dict_rate_limit.adapters.notify.guarded_http import AddressGuard, GuardedHttp
from dict_rate_limit.adapters.notify.heartbeat import UrlHeartbeat
from dict_rate_limit.adapters.notify.webhook import WebhookNotifier
from dict_rate_limit.bootstrap.container import Container
from dict_rate_limit.domain.notifications.channel import ChannelType
from dict_rate_limit.ports.notifications import Heartbeat, Notifier
from dict_rate_limit.usecases.notify import NotifyDeps

__all__ = ["NotifyComponents", "check_channels", "notifications"]


class NoHeartbeat:
    """The heartbeat without HEARTBEAT_URL."""

    async def beat(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyComponents:
    """How notifications are sent, and how an outside monitor knows that the worker is alive."""

    notify: NotifyDeps
    heartbeat: Heartbeat


def notifications(container: Container) -> NotifyComponents:
    """Build both. Nothing has to be reachable, and the channels file may be missing."""
    settings, telemetry, clock = container.settings, container.telemetry, container.clock
    http = GuardedHttp(AddressGuard(allowed=settings.notify_allowed_networks), tracer=telemetry.tracer)
    base = settings.runbook_base_url
    senders: dict[ChannelType, Notifier] = {
        ChannelType.TEXT: AppriseNotifier(),
        ChannelType.WEBHOOK: WebhookNotifier(http=http, clock=clock, version=container.version),
        ChannelType.ALERTMANAGER: AlertmanagerNotifier(http=http, runbook_base_url=base),
    }
    notify = NotifyDeps(
        notifications=container.database.stores.notifications,
        silences=container.database.stores.silences,
        channels=ChannelsFile(settings.notify_urls_file, clock, rejected_urls),
        notifier=NotifierByType(senders=senders, tracer=telemetry.tracer, metrics=telemetry.metrics),
        clock=clock,
        runbook_base_url=base,
    )
    url = settings.heartbeat_url
    return NotifyComponents(notify=notify, heartbeat=NoHeartbeat() if url is None else UrlHeartbeat(http, url))
