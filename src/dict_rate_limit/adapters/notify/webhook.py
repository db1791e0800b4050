"""Signed webhooks, one event each, by the Standard Webhooks specification 1.0.0."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

from dict_rate_limit.adapters.notify.guarded_http import CallError, GuardedHttp
from dict_rate_limit.adapters.notify.redaction import redacted
from dict_rate_limit.contract.events import webhook_json
from dict_rate_limit.domain.notifications.channel import Channel
from dict_rate_limit.domain.notifications.routing import DeliveryResult
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.ports.notifications import Message

TIMEOUT_SEC: Final = 10.0
PREFIX: Final = "whsec_"
KEY_LENGTHS: Final = (24, 64)
"""Minimum and maximum key length of the specification, in bytes."""

# These statuses concern the message itself. Others concern the address or the moment.
REJECTION_STATUSES: Final = frozenset({400, 413, 415, 422})


async def post_json(
    http: GuardedHttp, channel: Channel, document: bytes, timeout_sec: float, headers: Mapping[str, str] | None = None
) -> DeliveryResult:
    """Send a JSON document to the channel's URL and return the receiver's answer."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    try:
        reply = await http.call("POST", channel.url, content=document, headers=sent, timeout_sec=timeout_sec)
    except CallError as error:
        return DeliveryResult(ok=False, text=redacted(str(error), channel, host_is_open=True))
    text = redacted(str(reply), channel, host_is_open=True)
    return DeliveryResult(ok=reply.ok, text=text, refused=reply.status in REJECTION_STATUSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotifier:
    """Posts a signed event. The message has exactly one."""

    http: GuardedHttp
    clock: Clock
    version: str
    timeout_sec: float = TIMEOUT_SEC

    async def send(self, channel: Channel, message: Message) -> DeliveryResult:
        document = self._document(message)
        at = int(self.clock.now().timestamp())
        signed = signatures(channel.secrets, str(message.message_id), at, document)
        headers = {"webhook-id": str(message.message_id), "webhook-timestamp": str(at), "webhook-signature": signed}
        return await post_json(self.http, channel, document, self.timeout_sec, headers)

    def _document(self, message: Message) -> bytes:
        (event,) = message.events
        return webhook_json(event, self.version, message.created_at)


def signatures(secrets: tuple[str, ...], message_id: str, at: int, document: bytes) -> str:
    """Sign with each secret, separated by spaces. The receiver accepts any signature it can verify."""
    moment, payload = datetime.fromtimestamp(at, UTC), document.decode()
    return " ".join(Webhook(secret).sign(message_id, moment, payload) for secret in secrets)


def key_of(secret: str) -> bytes:
    """Return the key of a secret in the specification's format.

    Raises:
        ValueError: it is not `whsec_` and 24 to 64 bytes in base64.
    """
    if not secret.startswith(PREFIX):
        raise ValueError
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError from error
    if not KEY_LENGTHS[0] <= len(key) <= KEY_LENGTHS[1]:
        raise ValueError
    return key
