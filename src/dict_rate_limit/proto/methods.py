"""Names of the contract that the generated messages do not carry."""

from __future__ import annotations

from typing import Final

SERVICE: Final = "bacen.dict.v2.RateLimitService"
LIST_METHOD: Final = "GetRateLimitPolicies"
READ_METHOD: Final = "GetRateLimitPolicy"

PARTICIPANT_KEY: Final = "pi-requesting-participant"
"""Request metadata: the ISPB."""
RETRY_AFTER_KEY: Final = "retry-after"
"""Trailing metadata: whole seconds."""
CORRELATION_KEY: Final = "correlation-id"
"""Trailing metadata: opaque text for the audit trail."""


def path(method: str) -> str:
    """Return the full method path a channel wants."""
    return f"/{SERVICE}/{method}"
