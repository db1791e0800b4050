"""Ways to people and programs, and the heartbeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.notify.address_guard import AddressGuard
from dict_rate_limit.adapters.notify.alertmanager import AlertmanagerNotifier
from dict_rate_limit.adapters.notify.apprise_notifier import AppriseNotifier
from dict_rate_limit.adapters.notify.by_type import NotifierByType
from dict_rate_limit.adapters.notify.channels_file import ChannelsFile, rejected_urls
from dict_rate_limit.adapters.notify.guarded_http import GuardedHttp
from dict_rate_limit.adapters.notify.heartbeat import UrlHeartbeat
from dict_rate_limit.adapters.notify.webhook import WebhookNotifier
from dict_rate_limit.domain.notifications.channel import ChannelType
from dict_rate_limit.usecases.notify import NotifyDeps

if TYPE_CHECKING:
    from dict_rate_limit.bootstrap.container import Container
    from dict_rate_limit.ports.notifications import Heartbeat, Notifier
    from dict_rate_limit.settings import Settings


class NoHeartbeat:
    """Nobody elsewhere listens."""

    async def beat(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """How people are told, and who notices when we fall silent."""

    notifications: NotifyDeps
    heartbeat: Heartbeat


def notifying(settings: Settings, parts: Container) -> Notifying:
    """Make both; nothing has to be reachable, nor the channels' file to be there."""
    http = GuardedHttp(AddressGuard(allowed=settings.notify_allowed_networks), tracer=parts.tracer)
    base = settings.runbook_base_url
    senders: dict[ChannelType, Notifier] = {
        ChannelType.TEXT: AppriseNotifier(),
        ChannelType.WEBHOOK: WebhookNotifier(http=http, clock=parts.clock, version=parts.version),
        ChannelType.ALERTMANAGER: AlertmanagerNotifier(http=http, runbook_base_url=base),
    }
    notifications = NotifyDeps(
        notifications=parts.stores.notifications,
        silences=parts.stores.silences,
        channels=ChannelsFile(settings.notify_urls_file, parts.clock, rejected_urls),
        notifier=NotifierByType(senders=senders, tracer=parts.tracer, metrics=parts.metrics),
        clock=parts.clock,
        runbook_base_url=base,
    )
    url = settings.heartbeat_url
    return Notifying(notifications=notifications, heartbeat=NoHeartbeat() if url is None else UrlHeartbeat(http, url))
