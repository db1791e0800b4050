"""Pick the sender by the type of the channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
from dict_rate_limit.domain.notifications.routing import DeliveryResult
from dict_rate_limit.ports.notifications import Message, Notifier
from dict_rate_limit.ports.telemetry import NULL_METRICS, NULL_TRACER, Component, CountMetric, Metrics, Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierByType:
    """A notifier that has one sender for each channel type."""

    senders: Mapping[ChannelType, Notifier]
    tracer: Tracer = NULL_TRACER
    metrics: Metrics = NULL_METRICS

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        attributes = {"dict_rate_limit.channel": channel.name}
        with self.tracer.begin(Component.CHANNEL, f"notify {channel.format}", attributes) as span:
            answer = await self.senders[channel.format].send(channel, message)
            span.end(None if answer.ok else "not delivered")
        self.metrics.count(CountMetric.NOTIFICATION_ATTEMPTS, channel.name, "ok" if answer.ok else "failed")
        return answer
