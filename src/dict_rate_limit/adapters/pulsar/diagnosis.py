"""Why a connection to a broker failed. The client library reports most failures as "Timeout", so this probes itself."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
from datetime import UTC, datetime
from typing import Final

from dict_rate_limit.adapters.pulsar.connection import BrokerAddress

TIMEOUT_SEC: Final = 2.0

_MEANINGS: Final = {
    "AuthenticationError": "it does not accept our token",
    "AuthorizationError": "our token's role may not do that there",
    "TopicNotFound": "there is no such namespace, or no such topic and it makes none by itself",
    "TopicTerminated": "the topic was terminated",
    "ProducerBlockedQuotaExceededError": "the backlog quota of the namespace is used up",
    "ProducerBlockedQuotaExceededException": "the backlog quota of the namespace is used up",
    "NotAllowedError": "its policies do not allow that",
}
_AMBIGUOUS: Final = frozenset({"Timeout", "ConnectError", "ReadError", "Retryable", "NotConnected", "Disconnected"})


def describe_result(result: str) -> str:
    """Describe a result of the client library. Its name follows in parentheses, for a search."""
    description = _MEANINGS.get(result)
    return result if description is None else f"{description} ({result})"


def explain_failure(address: BrokerAddress, result: str, now: datetime) -> str:
    """Explain in one line without secrets why a broker that answers does not accept the connection."""
    if result not in _AMBIGUOUS:
        return describe_result(result)
    expired = expiry(address.current_token() or "")
    if expired is not None and expired <= now:
        return f"our token expired at {expired.isoformat()} ({result})"
    return f"a server answers but does not accept the connection: check the token, and TLS on both sides ({result})"


async def probe(address: BrokerAddress) -> str | None:
    """Try to connect to every broker. Return the reason when no connection succeeds, otherwise None."""
    try:
        trust = ssl.create_default_context(cafile=address.tls_ca_file) if address.tls else None
    # Also when the file is not a certificate.
    except OSError as error:
        return f"{address.tls_ca_file}: {_system_message(error)}"
    troubles = await asyncio.gather(*(_open(host, port, trust) for host, port in address.brokers))
    return None if None in troubles else troubles[0]


async def _open(host: str, port: int, trust: ssl.SSLContext | None) -> str | None:
    try:
        async with asyncio.timeout(TIMEOUT_SEC):
            _, writer = await asyncio.open_connection(host, port, ssl=trust)
    except TimeoutError:
        return f"no answer within {TIMEOUT_SEC:g} s"
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not accepted: {error.verify_message}"
    except OSError as error:
        return _system_message(error)
    writer.close()
    return None


def expiry(token: str) -> datetime | None:
    """Return the expiry of a token (JWT); None if it has none."""
    try:
        claims = token.split(".")[1]
        moment = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
        return datetime.fromtimestamp(int(moment), UTC)
    except (LookupError, ValueError, TypeError, OverflowError, OSError):
        return None


def _system_message(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    number = error.errno
    if number is not None and number > 0:
        return os.strerror(number)
    return str(error.strerror or error) or "the connection was closed"
