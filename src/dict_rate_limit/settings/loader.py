"""Load the settings from environment variables and secret files, or report every problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from dict_rate_limit.domain.buckets.catalog import LIST_TOKEN_PERIOD
from dict_rate_limit.domain.errors import SettingsError
from dict_rate_limit.domain.text import quoted, without_password
from dict_rate_limit.settings.definition import Definition, Program, Provenance, Secrecy, SettingOrigin
from dict_rate_limit.settings.fields import Settings, definitions

T = TypeVar("T")

HIDDEN: Final = "(hidden)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _RawValue:
    text: str | None
    origin: SettingOrigin
    file: Path | None = None


class _ProblemError(Exception):
    """One problem; its message is the line that is reported."""


def read_utf8(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def load(
    environ: Mapping[str, str], *, program: Program | None = None, read_text: Callable[[Path], str] = read_utf8
) -> Settings:
    """Read all settings. An empty variable counts as not set. Unknown variables are ignored.

    `program` makes the settings that it needs required. `read_text` reads the files named by NAME_FILE.

    Raises:
        SettingsError: lists every problem: variable, value (secrets hidden), expected values.
    """
    values: dict[str, Any] = {}
    provenance: dict[str, Provenance] = {}
    problems: dict[str, str] = {}
    for name, definition in definitions().items():
        try:
            found = _find(name, definition, environ, read_text)
            values[name.lower()] = _parsed(name, definition, found, program)
        except _ProblemError as problem:
            problems[name] = str(problem)
            # The default replaces the rejected value, so that the checks across settings can run.
            found = _RawValue(text=definition.default, origin=SettingOrigin.DEFAULT)
            values[name.lower()] = _parsed(name, definition, found, None)
        text = found.text and shown(definition, found.text)
        provenance[name] = Provenance(origin=found.origin, shown=text, file=found.file)
    settings = Settings(provenance=MappingProxyType(provenance), **values)
    # A check that reads a rejected variable would evaluate its default.
    broken = [line for check in _CHECKS for names, line in check(settings) if problems.keys().isdisjoint(names.split())]
    if problems or broken:
        raise SettingsError((*problems.values(), *broken))
    return settings


def required(value: T | None, name: str) -> T:
    """Return a value that must be set.

    Raises:
        SettingsError: it is not set.
    """
    if value is None:
        raise SettingsError((f"{name}: not set, expected {definitions()[name].type.expected}",))
    return value


def _find(name: str, definition: Definition, environ: Mapping[str, str], read_text: Callable[[Path], str]) -> _RawValue:
    value = environ.get(name, "")
    file = environ.get(f"{name}_FILE", "").strip() if definition.secrecy is not Secrecy.OPEN else ""
    if value.strip() and file:
        message = f"{name}: {HIDDEN}, expected either {name} or {name}_FILE: both are set"
        raise _ProblemError(message)
    if file:
        return _RawValue(text=_from_file(f"{name}_FILE", file, read_text), origin=SettingOrigin.FILE, file=Path(file))
    if not value.strip():
        return _RawValue(text=definition.default, origin=SettingOrigin.DEFAULT)
    return _RawValue(
        text=value if definition.secrecy is Secrecy.WHOLLY else value.strip(), origin=SettingOrigin.ENVIRONMENT
    )


def _from_file(name: str, file: str, read_text: Callable[[Path], str]) -> str:
    try:
        content = read_text(Path(file))
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or NUL in the name
        reason = getattr(error, "strerror", None) or "it cannot be read as text"
        message = f"{name}: {quoted(file)}, expected a readable text file: {reason}"
        raise _ProblemError(message) from error
    secret = content.rstrip("\r\n")
    if not secret.strip():
        message = f"{name}: {quoted(file)}, expected a file that is not empty"
        raise _ProblemError(message)
    return secret


def _parsed(name: str, definition: Definition, found: _RawValue, program: Program | None) -> object:
    if found.text is None:
        if program in definition.needed_by:
            message = f"{name}: not set, expected {definition.type.expected}"
            raise _ProblemError(message)
        return None
    try:
        return definition.type.parse(found.text)
    except (ValueError, KeyError, RuntimeError) as error:  # RuntimeError: `~` where there is no home
        message = f"{name}: {display_rejected(definition, found.text)}, expected {definition.type.expected}"
        raise _ProblemError(message) from error


def shown(definition: Definition, text: str) -> str:
    """Return an accepted value without its secrets."""
    return HIDDEN if definition.secrecy is Secrecy.WHOLLY else without_password(text)


def display_rejected(definition: Definition, text: str) -> str:
    """Return a rejected value for an error message."""
    # A malformed secret may not be recognised as one, so nothing of it is displayed.
    return quoted(text) if definition.secrecy is Secrecy.OPEN else HIDDEN


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


# Each yields the variables that it reads, and the problem as one line.
_CHECKS: Final = (_bridge_tls, _temporal_tls, _collector_tls, _thresholds, _anonymous, _budget)
