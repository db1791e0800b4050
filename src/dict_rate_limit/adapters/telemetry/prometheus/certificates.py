"""Expiry of certificate files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import Families, gauge


class CertificateExpiry(Collector):
    """Reads PEM files, by their label `certificate`, at each scrape, so that a renewed one shows at once."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def collect(self) -> Families:
        """Return when the first certificate of each file expires; nothing for an unreadable file."""
        family = gauge("certificate_expiry_timestamp_seconds")
        for name, path in self._files.items():
            end = _end_of(path)
            if end is not None:
                family.add_metric((name,), end.timestamp())
        yield family


def _end_of(path: Path) -> datetime | None:
    # imported here: without certificates a process must not pay for the library
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    try:
        return load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None
