"""Every setting. The variable is the field's name in capitals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar, dataclass_transform

from dict_rate_limit.domain.access import Role
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.settings import parsers
from dict_rate_limit.settings.definition import (
    METADATA_KEY,
    Definition,
    Program,
    Provenance,
    Secrecy,
    Section,
    ValueType,
)
from dict_rate_limit.settings.parsers import Schedule, parse_schedule

C = TypeVar("C")

_RUNNING: Final = (Program.API, Program.WORKER)
_PERCENT: Final = "a percentage from 0 to 100 with at most two decimals"

_BOOLEAN: Final = ValueType(parsers.boolean, "true or false")
_TEXT: Final = ValueType(parsers.text, "printable text")
_SECRET: Final = ValueType(parsers.secret, "text without NUL")
_FILE: Final = ValueType(parsers.path, "a path to a file")
_BRIDGE_FILE: Final = ValueType(parsers.path, "a path to a file; all three BRIDGE_TLS_ files or none")
_FOLDER: Final = ValueType(parsers.path, "a path to a folder")
_PORT: Final = ValueType(parsers.whole(1, 65_535), "a port from 1 to 65535")
_ADDRESS: Final = ValueType(parsers.address, "host:port")
_URL: Final = ValueType(parsers.url("http", "https"), "http://host/path or https://host/path")

_SERVER = Section(title="Server")
_ACCESS = Section(title="Access")
_SOURCE = Section(title="Source")
_CACHE = Section(title="Cache")
_DATABASE = Section(title="Database")
_TEMPORAL = Section(title="Temporal")
_EVALUATION = Section(title="Evaluation")
_EVENTS = Section(title="Events")
_NOTIFICATIONS = Section(title="Notifications")
_TRACING = Section(title="Tracing")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def frozen(cls: type[C]) -> type[C]:
    """Make a frozen, slotted, keyword-only dataclass."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


@frozen
class Settings:
    """Every setting, in the order of the documentation. `provenance` maps each variable to the origin of its value."""

    provenance: Mapping[str, Provenance] = field(repr=False)

    host: str = _SERVER.setting(
        ValueType(parsers.matching(r"[A-Za-z0-9_.:-]{1,255}"), "an address to listen on"),
        "127.0.0.1",
        doc="Address the servers listen on. The container images set 0.0.0.0.",
    )
    port: int = _SERVER.setting(_PORT, "8080", doc="Port of the API and the page.")
    metrics_port: int = _SERVER.setting(
        _PORT, "9090", doc="Port of `/metrics`. The worker also serves `/health` and `/ready` on it."
    )
    log_level: str = _SERVER.setting(
        ValueType(parsers.one_of("debug", "info", "warning", "error"), "debug, info, warning or error"),
        "info",
        doc="Lowest level of log lines that are written.",
    )
    log_format: str = _SERVER.setting(
        ValueType(parsers.one_of("auto", "json", "console"), "auto, json or console"),
        "auto",
        doc="Format of log lines. `auto` = console in a terminal, otherwise JSON.",
    )
    access_log: bool = _SERVER.setting(
        _BOOLEAN,
        "false",
        doc="Whether every request is logged, not only slow, failed and writing ones. Costs most of the throughput.",
    )
    data_dir: Path | None = _SERVER.optional(
        _FOLDER, doc="Data folder of `dict-rate-limit up`. `up` chooses one when not set."
    )

    observe: bool = _SERVER.setting(
        _BOOLEAN,
        "false",
        doc="Whether `dict-rate-limit up` also starts Prometheus with the product's rules, if Prometheus is installed.",
    )
    observe_port: int = _SERVER.setting(_PORT, "9091", doc="Port of that Prometheus.")

    api_tokens_file: Path | None = _ACCESS.optional(
        _FILE, doc="Tokens of the API, one line each from `dict-rate-limit tokens create`. Reloaded when it changes."
    )
    auth_anonymous_role: str = _ACCESS.setting(
        ValueType(
            parsers.one_of("auto", "none", *Role), "auto, none, viewer, or operator (which needs a loopback HOST)"
        ),
        "auto",
        doc="Role of clients without a token. `auto` = viewer when HOST is a loopback address, otherwise none.",
    )

    bridge_grpc_address: str | None = _SOURCE.optional(_ADDRESS, doc="Address of the Bridge.", needed_by=_RUNNING)
    bridge_tls_cert_file: Path | None = _SOURCE.optional(
        _BRIDGE_FILE, doc="Client certificate (PEM). Reloaded when it changes."
    )
    bridge_tls_key_file: Path | None = _SOURCE.optional(
        _BRIDGE_FILE, doc="Private key of the client certificate (PEM)."
    )
    bridge_tls_ca_file: Path | None = _SOURCE.optional(_BRIDGE_FILE, doc="Certificate authorities of the Bridge (PEM).")
    dict_base_url: None = _SOURCE.optional(
        ValueType(parsers.unsupported, "nothing: direct access to DICT is not yet supported, set BRIDGE_GRPC_ADDRESS"),
        doc="Not yet supported. Rejected when set.",
    )
    participants: tuple[str, ...] = _SOURCE.setting(
        ValueType(parsers.participants, "comma-separated ISPBs of 8 letters or digits, each once"),
        DEFAULT_PARTICIPANT,
        doc="Participants to monitor. `default` = one participant, whose requests carry no ISPB.",
    )
    workflow_cron_schedule: Schedule = _SOURCE.setting(
        ValueType(
            parse_schedule,
            "five cron fields (not both day of month and day of week) or `@every <duration>`, at least 1s",
        ),
        "*/5 * * * *",
        doc="When the worker polls (UTC).",
    )
    list_budget_share: float = _SOURCE.setting(
        ValueType(parsers.share, "a number above 0, at most 1"),
        "0.5",
        doc="Share of the POLICIES_LIST bucket (6 tokens a minute) that the product may consume.",
    )

    redis_addr: str | None = _CACHE.optional(_ADDRESS, doc="Address of Redis.", needed_by=_RUNNING)
    redis_password: str | None = _CACHE.optional(_SECRET, doc="Password of Redis.", secrecy=Secrecy.WHOLLY)
    redis_tls: bool = _CACHE.setting(_BOOLEAN, "false", doc="Whether the connection to Redis uses TLS.")
    cache_ttl: timedelta = _CACHE.setting(
        ValueType(parsers.duration, "a duration such as 60s, 5m, 1m30s or 500ms, at most 24h"),
        "60s",
        doc="How long a reading is fresh.",
    )

    database_url: str | None = _DATABASE.optional(
        ValueType(parsers.url("postgres", "postgresql"), "postgresql://user:password@host:port/database"),
        doc="Connection string of PostgreSQL. Displayed without its password.",
        secrecy=Secrecy.PARTLY,
        needed_by=(*_RUNNING, Program.MIGRATE, Program.BACKUP),
    )
    pg_bin_dir: Path | None = _DATABASE.optional(
        _FOLDER, doc="Folder of pg_dump and pg_restore, if they are not on the PATH."
    )
    retention_months: int = _DATABASE.setting(
        ValueType(parsers.whole(1, 1_200), "a whole number from 1 to 1200"), "13", doc="Months of history to retain."
    )

    temporal_host: str | None = _TEMPORAL.optional(
        _ADDRESS, doc="Address of Temporal's frontend.", needed_by=(Program.WORKER,)
    )
    temporal_namespace: str = _TEMPORAL.setting(_TEXT, "dict", doc="Namespace of the worker.")
    temporal_task_queue: str = _TEMPORAL.setting(_TEXT, "dict-rate-limit", doc="Task queue of the worker.")
    temporal_tls_cert_file: Path | None = _TEMPORAL.optional(
        ValueType(parsers.path, "a path to a file, together with TEMPORAL_TLS_KEY_FILE"),
        doc="Client certificate (PEM). Any TEMPORAL_TLS_ setting turns TLS on.",
    )
    temporal_tls_key_file: Path | None = _TEMPORAL.optional(
        ValueType(parsers.path, "a path to a file, together with TEMPORAL_TLS_CERT_FILE"),
        doc="Private key of the client certificate (PEM).",
    )
    temporal_tls_ca_file: Path | None = _TEMPORAL.optional(_FILE, doc="Certificate authorities of Temporal (PEM).")
    temporal_tls_server_name: str | None = _TEMPORAL.optional(
        ValueType(parsers.matching(r"[A-Za-z0-9_.-]{1,253}"), "a host name"),
        doc="Server name in Temporal's certificate, if it differs from the host.",
    )

    warning_threshold_pct: int = _EVALUATION.setting(
        ValueType(parsers.basis_points, f"{_PERCENT}, not below CRITICAL_THRESHOLD_PCT"),
        "25",
        doc="Remaining share at or below which a bucket is WARNING.",
    )
    critical_threshold_pct: int = _EVALUATION.setting(
        ValueType(parsers.basis_points, f"{_PERCENT}, not above WARNING_THRESHOLD_PCT"),
        "10",
        doc="Remaining share at or below which a bucket is CRITICAL.",
    )
    hysteresis_margin_pct: int = _EVALUATION.setting(
        ValueType(parsers.basis_points, _PERCENT),
        "2",
        doc="How far a bucket must rise above the threshold before the severity decreases.",
    )
    unreachable_after_intervals: int = _EVALUATION.setting(
        ValueType(parsers.whole(1, 1_000), "a whole number from 1 to 1000"),
        "3",
        doc="Poll intervals without a new reading after which an alert is raised.",
    )

    pulsar_broker_url: str | None = _EVENTS.optional(
        ValueType(parsers.url("pulsar", "pulsar+ssl"), "pulsar://host:port or pulsar+ssl://host:port"),
        doc="Broker that receives the events of alerts. Without it, events are written to the log only.",
    )
    pulsar_topic: str = _EVENTS.setting(
        ValueType(parsers.url("persistent", "non-persistent"), "persistent://tenant/namespace/topic"),
        "persistent://lb-conn/dict/core-events",
        doc="Topic of the events.",
    )
    pulsar_token: str | None = _EVENTS.optional(
        _SECRET, doc="Token for the broker. A file is read again on each connection.", secrecy=Secrecy.WHOLLY
    )
    pulsar_tls_ca_file: Path | None = _EVENTS.optional(_FILE, doc="Certificate authorities of the broker (PEM).")
    pulsar_batching: bool = _EVENTS.setting(_BOOLEAN, "true", doc="Whether events of one policy are sent in batches.")
    pulsar_compression: str = _EVENTS.setting(
        ValueType(parsers.one_of("none", "lz4", "zlib", "zstd", "snappy"), "none, lz4, zlib, zstd or snappy"),
        "none",
        doc="Compression of the events.",
    )

    notify_urls_file: Path | None = _NOTIFICATIONS.optional(
        _FILE, doc="Notification channels (TOML, docs/notifications.md). Reloaded when it changes."
    )
    notify_allowed_networks: tuple[str, ...] = _NOTIFICATIONS.setting(
        ValueType(parsers.networks, "comma-separated networks such as 10.0.0.0/8"),
        "",
        doc="Internal networks that webhooks and the heartbeat may call. Other internal addresses are rejected.",
    )
    heartbeat_url: str | None = _NOTIFICATIONS.optional(
        _URL,
        doc="URL that is called after each successful cycle, for a dead man's switch elsewhere.",
        secrecy=Secrecy.WHOLLY,
    )
    remind_every: timedelta | None = _NOTIFICATIONS.setting(
        ValueType(parsers.duration_or_off, "a duration such as 30m or 4h, at most 24h, or off"),
        "1h",
        doc="Interval of reminders for an alert that stays open and is not acknowledged.",
    )
    runbook_base_url: str | None = _NOTIFICATIONS.optional(
        _URL, doc="Base URL of the published `docs/runbooks`. Messages link to it."
    )

    otel_exporter_otlp_endpoint: str | None = _TRACING.optional(
        ValueType(parsers.origin, "http://host:port or https://host:port"),
        doc="Trace collector, OTLP over gRPC; https = TLS. Without it tracing is off (docs/observability.md#traces).",
    )
    otel_exporter_otlp_certificate: Path | None = _TRACING.optional(
        ValueType(parsers.path, "a path to a file; requires an https endpoint"),
        doc="Certificate authorities of the collector (PEM), instead of the system's.",
    )
    otel_exporter_otlp_headers: tuple[tuple[str, str], ...] | None = _TRACING.optional(
        ValueType(parsers.headers, "comma-separated name=value pairs, values percent-encoded"),
        doc="Headers of each call to the collector, such as a token.",
        secrecy=Secrecy.WHOLLY,
    )
    otel_traces_sampler_arg: float = _TRACING.setting(
        ValueType(parsers.ratio, "a number from 0 to 1"),
        "1",
        doc="Share of traces that are sampled. The caller's sampling decision takes precedence.",
    )

    @property
    def poll_interval(self) -> timedelta:
        """The longest time between two polls."""
        return self.workflow_cron_schedule.longest_gap

    @property
    def thresholds(self) -> Thresholds:
        """Default thresholds, for policies without their own."""
        return Thresholds(
            warning=self.warning_threshold_pct, critical=self.critical_threshold_pct, margin=self.hysteresis_margin_pct
        )

    @property
    def anonymous_role(self) -> Role | None:
        """The role of clients without a token; None = no access."""
        if self.auth_anonymous_role == "auto":
            return Role.VIEWER if self.on_loopback else None
        return None if self.auth_anonymous_role == "none" else Role(self.auth_anonymous_role)

    @property
    def on_loopback(self) -> bool:
        """Whether the servers listen on a loopback address only."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def temporal_tls(self) -> bool:
        """Whether the connection to Temporal uses TLS."""
        files = (self.temporal_tls_cert_file, self.temporal_tls_ca_file, self.temporal_tls_server_name)
        return any(value is not None for value in files)


def definitions() -> dict[str, Definition]:
    """Return every setting by its variable, in the order of the fields."""
    found = ((field.name.upper(), field.metadata.get(METADATA_KEY)) for field in fields(Settings))
    return {name: definition for name, definition in found if isinstance(definition, Definition)}
