"""Checks across several settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dict_rate_limit.domain.buckets.catalog import LIST_TOKEN_PERIOD
from dict_rate_limit.settings.fields import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCheck:
    """The problem as one line, and the variables the check reads."""

    names: frozenset[str]
    line: str


def failed_checks(settings: Settings) -> Iterator[FailedCheck]:
    for rule in (_bridge_tls, _temporal_tls, _collector_tls, _thresholds, _anonymous, _budget):
        for names, line in rule(settings):
            yield FailedCheck(names=frozenset(names.split()), line=line)


def _bridge_tls(settings: Settings) -> Iterator[tuple[str, str]]:
    # With some of the files missing, the connection would be unencrypted or the Bridge not authenticated.
    files = {
        "BRIDGE_TLS_CERT_FILE": settings.bridge_tls_cert_file,
        "BRIDGE_TLS_KEY_FILE": settings.bridge_tls_key_file,
        "BRIDGE_TLS_CA_FILE": settings.bridge_tls_ca_file,
    }
    given = [name for name, path in files.items() if path is not None]
    for name, path in files.items():
        if given and path is None:
            yield " ".join(files), f"{name}: not set, expected a path to a file, as {' and '.join(given)} is set"


def _temporal_tls(settings: Settings) -> Iterator[tuple[str, str]]:
    cert, key = settings.temporal_tls_cert_file, settings.temporal_tls_key_file
    names = "TEMPORAL_TLS_CERT_FILE TEMPORAL_TLS_KEY_FILE"
    if cert is not None and key is None:
        yield names, "TEMPORAL_TLS_KEY_FILE: not set, expected the private key of TEMPORAL_TLS_CERT_FILE"
    if key is not None and cert is None:
        yield names, "TEMPORAL_TLS_CERT_FILE: not set, expected the certificate of TEMPORAL_TLS_KEY_FILE"


def _collector_tls(settings: Settings) -> Iterator[tuple[str, str]]:
    endpoint = settings.otel_exporter_otlp_endpoint
    if settings.otel_exporter_otlp_certificate is not None and endpoint is not None and endpoint.startswith("http://"):
        yield (
            "OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_CERTIFICATE",
            f"OTEL_EXPORTER_OTLP_ENDPOINT: '{endpoint}', expected https://host:port, as a certificate is set",
        )


def _thresholds(settings: Settings) -> Iterator[tuple[str, str]]:
    critical, warning = settings.critical_threshold_pct / 100, settings.warning_threshold_pct / 100
    if critical > warning:
        yield (
            "CRITICAL_THRESHOLD_PCT WARNING_THRESHOLD_PCT",
            f"CRITICAL_THRESHOLD_PCT: {critical:g}, expected at most WARNING_THRESHOLD_PCT, which is {warning:g}",
        )


def _anonymous(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.auth_anonymous_role == "operator" and not settings.on_loopback:
        yield (
            "AUTH_ANONYMOUS_ROLE HOST",
            f"AUTH_ANONYMOUS_ROLE: 'operator', expected viewer or none: any client of HOST {settings.host} could write",
        )


def _budget(settings: Settings) -> Iterator[tuple[str, str]]:
    share, schedule = settings.list_budget_share, settings.workflow_cron_schedule
    spacing = LIST_TOKEN_PERIOD / share
    if schedule.shortest_gap < spacing:
        expected = f"{spacing.total_seconds():g} s or more between two polls"
        reason = f"LIST_BUDGET_SHARE is {share:g} of 6 list calls a minute"
        yield (
            "WORKFLOW_CRON_SCHEDULE LIST_BUDGET_SHARE",
            f"WORKFLOW_CRON_SCHEDULE: '{schedule}', expected {expected}: {reason}",
        )
