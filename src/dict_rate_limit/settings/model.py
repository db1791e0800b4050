"""The settings as the product uses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING

from dict_rate_limit.domain.access import Role
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.settings.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path


class Origin(StrEnum):
    """Where a value came from."""

    DEFAULT = "default"  # nothing was set
    ENVIRONMENT = "environment"  # NAME
    FILE = "file"  # NAME_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a value came from, and its text as it may be shown; None = not set. `file` is the one it was read from."""

    origin: Origin
    shown: str | None
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Variables):
    """What the product is told from outside; `provenance` tells where each value came from, by variable."""

    provenance: Mapping[str, Provenance] = field(repr=False)

    @property
    def poll_interval(self) -> timedelta:
        """Longest time between two polls."""
        return self.workflow_cron_schedule.longest_gap

    @property
    def thresholds(self) -> Thresholds:
        """Thresholds of policies that have none of their own."""
        return Thresholds(
            warning=self.warning_threshold_pct,
            critical=self.critical_threshold_pct,
            margin=self.hysteresis_margin_pct,
        )

    @property
    def anonymous_role(self) -> Role | None:
        """What callers without a token may do; None = nothing."""
        if self.auth_anonymous_role == "auto":
            return Role.VIEWER if self.on_loopback else None
        return None if self.auth_anonymous_role == "none" else Role(self.auth_anonymous_role)

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the servers."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def temporal_tls(self) -> bool:
        """Whether Temporal is spoken to over TLS."""
        files = (self.temporal_tls_cert_file, self.temporal_tls_ca_file, self.temporal_tls_server_name)
        return any(value is not None for value in files)
