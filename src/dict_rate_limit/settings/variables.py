"""Every setting, once: those of the monitor, and here those of delivery and of traces."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

from dict_rate_limit.settings import parsers
from dict_rate_limit.settings.core import CoreVariables, frozen
from dict_rate_limit.settings.definition import METADATA_KEY, Definition, Secrecy, Section

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

_FILE: Final = "a path to a file"

_EVENTS = Section(title="Events")
_NOTIFYING = Section(title="Notifying")
_TRACING = Section(title="Tracing")


@frozen
class Variables(CoreVariables):
    """What an operator may set, in the order it is shown."""

    pulsar_broker_url: str | None = _EVENTS.optional(
        parsers.url("pulsar", "pulsar+ssl"),
        expected="pulsar://host:port or pulsar+ssl://host:port",
        doc="Broker that gets each transition of an alert; without it they go to the log, and that is final.",
    )
    pulsar_topic: str = _EVENTS.setting(
        parsers.url("persistent", "non-persistent"),
        "persistent://lb-conn/dict/core-events",
        expected="persistent://tenant/namespace/topic",
        doc="Topic of transitions.",
    )
    pulsar_token: str | None = _EVENTS.optional(
        parsers.secret,
        expected="text without NUL",
        doc="Token for the broker; a file is read again at each connection.",
        secrecy=Secrecy.WHOLLY,
    )
    pulsar_tls_ca_file: Path | None = _EVENTS.optional(
        parsers.path, expected=_FILE, doc="Authorities that sign the broker's certificate (PEM)."
    )
    pulsar_batching: bool = _EVENTS.setting(
        parsers.boolean, "true", expected="true or false", doc="Whether transitions of one policy share a batch."
    )
    pulsar_compression: str = _EVENTS.setting(
        parsers.one_of("none", "lz4", "zlib", "zstd", "snappy"),
        "none",
        expected="none, lz4, zlib, zstd or snappy",
        doc="Compression of what the broker is sent.",
    )

    notify_urls_file: Path | None = _NOTIFYING.optional(
        parsers.path,
        expected=_FILE,
        doc="Channels to people and programs (TOML, docs/notifications.md); read again on change.",
    )
    notify_allowed_networks: tuple[str, ...] = _NOTIFYING.setting(
        parsers.networks,
        "",
        expected="networks such as 10.0.0.0/8, parted by commas",
        doc="Internal networks that webhooks and the heartbeat may reach; others of them are refused.",
    )
    heartbeat_url: str | None = _NOTIFYING.optional(
        parsers.url("http", "https"),
        expected="http://host/path or https://host/path",
        doc="Address that is called after each good cycle, so that silence is noticed elsewhere.",
        secrecy=Secrecy.WHOLLY,
    )
    remind_every: timedelta | None = _NOTIFYING.setting(
        parsers.duration_or_off,
        "1h",
        expected="a duration such as 30m or 4h, at most 24h, or off",
        doc="How often an alert that stays open is told again, unless somebody has acknowledged it.",
    )
    runbook_base_url: str | None = _NOTIFYING.optional(
        parsers.url("http", "https"),
        expected="http://host/path or https://host/path",
        doc="Where `docs/runbooks` is published; messages link to it.",
    )

    otel_exporter_otlp_endpoint: str | None = _TRACING.optional(
        parsers.origin,
        expected="http://host:port or https://host:port",
        doc="Collector of traces, by OTLP over gRPC; https = TLS. Without it nothing is traced (docs/tracing.md).",
    )
    otel_exporter_otlp_certificate: Path | None = _TRACING.optional(
        parsers.path,
        expected="a path to a file; the endpoint is https then",
        doc="Authorities that sign the collector's certificate (PEM), in place of the system's.",
    )
    otel_exporter_otlp_headers: tuple[tuple[str, str], ...] | None = _TRACING.optional(
        parsers.headers,
        expected="name=value pairs parted by commas, values percent-encoded",
        doc="What the collector is sent with each call, such as a token.",
        secrecy=Secrecy.WHOLLY,
    )
    otel_traces_sampler_arg: float = _TRACING.setting(
        parsers.ratio,
        "1",
        expected="a number from 0 to 1",
        doc="Share of traces that are kept; a caller's own decision goes before.",
    )


def definitions() -> dict[str, Definition]:
    """Return every setting by its variable, in the order of the model."""
    found = ((field.name.upper(), field.metadata.get(METADATA_KEY)) for field in fields(Variables))
    return {name: definition for name, definition in found if isinstance(definition, Definition)}
