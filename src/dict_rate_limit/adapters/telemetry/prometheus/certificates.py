"""When certificate files end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from dict_rate_limit.adapters.telemetry.prometheus.catalog import gauge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from prometheus_client import Metric


class CertificateExpiry(Collector):
    """Reads the files at each scrape: they are small, and a renewed one counts at once."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """Take PEM files by what they are called in `certificate`."""
        self._files = files

    def collect(self) -> Iterator[Metric]:
        """Give when each file's first certificate ends; nothing for a file that has none or cannot be read."""
        family = gauge("certificate_expiry_timestamp_seconds")
        for name, path in self._files.items():
            end = _end_of(path)
            if end is not None:
                family.add_metric((name,), end.timestamp())
        yield family


def _end_of(path: Path) -> datetime | None:
    # Here, for what it costs: an installation without certificates shall not carry the library.
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    try:
        return load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None
