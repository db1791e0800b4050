from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dict_rate_limit.domain.access import Role
from dict_rate_limit.domain.buckets.level import Thresholds
from dict_rate_limit.domain.errors import SettingsError
from dict_rate_limit.settings import Program, SettingOrigin, Settings, load, required
from dict_rate_limit.settings.definition import Secrecy
from dict_rate_limit.settings.fields import definitions

if TYPE_CHECKING:
    from pathlib import Path

EVERYWHERE = ".".join("0000")
NAMES = [*definitions(), "DATABASE_URL_FILE", "REDIS_PASSWORD_FILE", "PULSAR_TOKEN_FILE"]


def problems_of(environ: dict[str, str], program: Program | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(environ, program=program)
    return caught.value.problems


def outcome_of(environ: dict[str, str]) -> Settings | SettingsError:
    try:
        return load(environ, read_text=str)
    except SettingsError as error:
        return error


def test_defaults_apply_when_nothing_is_set() -> None:
    settings = load({})

    assert (settings.host, settings.port, settings.metrics_port) == ("127.0.0.1", 8080, 9090)
    assert settings.cache_ttl == timedelta(seconds=60)
    assert settings.participants == ("default",)
    assert settings.thresholds == Thresholds(warning=2500, critical=1000, margin=200)
    assert settings.poll_interval == timedelta(minutes=5)
    assert (settings.retention_months, settings.unreachable_after_intervals) == (13, 3)
    assert settings.pulsar_topic == "persistent://lb-conn/dict/core-events"
    assert (settings.temporal_namespace, settings.temporal_task_queue) == ("dict", "dict-rate-limit")
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("HOST", EVERYWHERE, EVERYWHERE),
        ("PORT", " 65535 ", 65535),
        ("CACHE_TTL", "5m", timedelta(minutes=5)),
        ("CACHE_TTL", "1m30s", timedelta(seconds=90)),
        ("CACHE_TTL", "500ms", timedelta(milliseconds=500)),
        ("CACHE_TTL", "1.5h", timedelta(minutes=90)),
        ("CACHE_TTL", "24h", timedelta(hours=24)),
        ("REDIS_ADDR", "redis.cache.svc:6379", "redis.cache.svc:6379"),
        ("REDIS_ADDR", "[::1]:6379", "[::1]:6379"),
        ("REDIS_TLS", "TRUE", True),
        ("REDIS_TLS", "0", False),
        ("REDIS_PASSWORD", " with blanks ", " with blanks "),
        ("PARTICIPANTS", "00000001,abcdefgh", ("00000001", "ABCDEFGH")),
        ("PARTICIPANTS", " 12345678 , 87654321 ", ("12345678", "87654321")),
        ("PARTICIPANTS", "  ", ("default",)),
        (
            "DATABASE_URL",
            "postgres://u:p%40@h1:1,h2:2/d?sslmode=require",
            "postgres://u:p%40@h1:1,h2:2/d?sslmode=require",
        ),
        ("PULSAR_BROKER_URL", "pulsar+ssl://broker:6651", "pulsar+ssl://broker:6651"),
        ("WARNING_THRESHOLD_PCT", "33.33", 3333),
        ("CRITICAL_THRESHOLD_PCT", "0", 0),
        ("HYSTERESIS_MARGIN_PCT", "0.5", 50),
        ("LOG_LEVEL", "DEBUG", "debug"),
        ("LIST_BUDGET_SHARE", "1", 1.0),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.tracing.svc:4317/", "https://collector.tracing.svc:4317"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Authorization=Bearer%20x, team=a=b,",
            (("authorization", "Bearer x"), ("team", "a=b")),
        ),
        ("OTEL_TRACES_SAMPLER_ARG", "0", 0.0),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25", 0.25),
    ],
)
def test_a_valid_value_is_parsed(name: str, text: str, value: object) -> None:
    settings = load({name: text})

    assert getattr(settings, name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HOST", "a b"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8080.0"),
        ("PORT", "٨٠٨٠"),
        ("PORT", "9" * 5000),
        ("METRICS_PORT", "nine"),
        ("CACHE_TTL", "60"),
        ("CACHE_TTL", "0s"),
        ("CACHE_TTL", "-5s"),
        ("CACHE_TTL", "25h"),
        ("CACHE_TTL", "5 m"),
        ("REDIS_ADDR", "redis"),
        ("REDIS_ADDR", "redis:0"),
        ("REDIS_ADDR", ":6379"),
        ("REDIS_ADDR", "redis://redis:6379"),
        ("REDIS_TLS", "maybe"),
        ("BRIDGE_GRPC_ADDRESS", "::1:50051"),
        ("DICT_BASE_URL", "https://dict.pi.rsfn.net.br:16422/api/v2/"),
        ("PARTICIPANTS", "1234567"),
        ("PARTICIPANTS", "123456789"),
        ("PARTICIPANTS", "12345678,12345678"),
        ("PARTICIPANTS", "abcdefgh,ABCDEFGH"),
        ("PARTICIPANTS", "12345678,"),
        ("PARTICIPANTS", "1234567é"),
        ("DATABASE_URL", "mysql://u:p@h/d"),
        ("DATABASE_URL", "postgresql://"),
        ("DATABASE_URL", "host=db password=p"),
        ("PULSAR_BROKER_URL", "http://broker"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:secret@collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4317/v1/traces"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=c"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0Ac"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.1"),
        ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ("PULSAR_TOPIC", "core-events"),
        ("WARNING_THRESHOLD_PCT", "25%"),
        ("WARNING_THRESHOLD_PCT", "100.01"),
        ("WARNING_THRESHOLD_PCT", "33.333"),
        ("WARNING_THRESHOLD_PCT", "nan"),
        ("RETENTION_MONTHS", "0"),
        ("AUTH_ANONYMOUS_ROLE", "admin"),
        ("LIST_BUDGET_SHARE", "0"),
        ("LIST_BUDGET_SHARE", "1.1"),
        ("LIST_BUDGET_SHARE", "NaN"),
        ("LIST_BUDGET_SHARE", "half"),
        ("REDIS_PASSWORD", "a\0b"),
        ("DATA_DIR", "/a\nb"),
        ("DATA_DIR", "~no-such-user-here/x"),
        ("TEMPORAL_TLS_SERVER_NAME", "a/b"),
    ],
)
def test_an_invalid_value_is_rejected_with_its_name(name: str, text: str) -> None:
    (problem,) = problems_of({name: text})

    assert problem.startswith(f"{name}: ")
    assert definitions()[name].type.expected in problem


def test_a_problem_names_the_value_and_the_expectation() -> None:
    (problem,) = problems_of({"PORT": "http"})

    assert problem == "PORT: 'http', expected a port from 1 to 65535"


def test_all_problems_are_reported_at_once() -> None:
    problems = problems_of(
        {
            "PORT": "x",
            "CACHE_TTL": "soon",
            "DATABASE_URL": "sqlite://",
            "BRIDGE_TLS_CERT_FILE": "/certs/client.crt",
            "WARNING_THRESHOLD_PCT": "5",
        },
        Program.WORKER,
    )

    assert [problem.partition(":")[0] for problem in problems] == [
        "PORT",
        "BRIDGE_GRPC_ADDRESS",
        "REDIS_ADDR",
        "CACHE_TTL",
        "DATABASE_URL",
        "TEMPORAL_HOST",
        "BRIDGE_TLS_KEY_FILE",
        "BRIDGE_TLS_CA_FILE",
        "CRITICAL_THRESHOLD_PCT",
    ]


def test_a_check_of_a_setting_that_could_not_be_parsed_is_skipped() -> None:
    problems = problems_of({"BRIDGE_TLS_KEY_FILE": "/k", "BRIDGE_TLS_CERT_FILE": "a\x07b"})

    assert [problem.partition(":")[0] for problem in problems] == ["BRIDGE_TLS_CERT_FILE"]


@pytest.mark.parametrize(
    ("program", "missing"),
    [
        (Program.API, ["BRIDGE_GRPC_ADDRESS", "REDIS_ADDR", "DATABASE_URL"]),
        (Program.WORKER, ["BRIDGE_GRPC_ADDRESS", "REDIS_ADDR", "DATABASE_URL", "TEMPORAL_HOST"]),
        (Program.MIGRATE, ["DATABASE_URL"]),
    ],
)
def test_settings_needed_by_a_program_must_be_set(program: Program, missing: list[str]) -> None:
    problems = problems_of({}, program)

    assert [problem.partition(": not set, expected ")[0] for problem in problems] == missing


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"BRIDGE_TLS_CERT_FILE": "/c", "BRIDGE_TLS_CA_FILE": "/a"}, "BRIDGE_TLS_KEY_FILE: not set"),
        ({"BRIDGE_TLS_KEY_FILE": "/k", "BRIDGE_TLS_CA_FILE": "/a"}, "BRIDGE_TLS_CERT_FILE: not set"),
        ({"BRIDGE_TLS_CERT_FILE": "/c", "BRIDGE_TLS_KEY_FILE": "/k"}, "BRIDGE_TLS_CA_FILE: not set"),
        ({"TEMPORAL_TLS_CERT_FILE": "/c"}, "TEMPORAL_TLS_KEY_FILE: not set"),
        ({"TEMPORAL_TLS_KEY_FILE": "/k"}, "TEMPORAL_TLS_CERT_FILE: not set"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca"},
            "OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', expected https://host:port",
        ),
        ({"CRITICAL_THRESHOLD_PCT": "25.01"}, "CRITICAL_THRESHOLD_PCT: 25.01, expected at most"),
        ({"AUTH_ANONYMOUS_ROLE": "operator", "HOST": EVERYWHERE}, "AUTH_ANONYMOUS_ROLE: 'operator'"),
        ({"WORKFLOW_CRON_SCHEDULE": "@every 19s"}, "WORKFLOW_CRON_SCHEDULE: '@every 19s', expected 20 s or more"),
        ({"WORKFLOW_CRON_SCHEDULE": "* * * * *", "LIST_BUDGET_SHARE": "0.1"}, "WORKFLOW_CRON_SCHEDULE: '* * * * *'"),
    ],
)
def test_contradictory_settings_are_rejected(environ: dict[str, str], problem: str) -> None:
    (found,) = problems_of(environ)

    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("environ", "role"),
    [
        ({}, Role.VIEWER),
        ({"HOST": "localhost"}, Role.VIEWER),
        ({"HOST": "::1"}, Role.VIEWER),
        ({"HOST": EVERYWHERE}, None),
        ({"HOST": "dict.example"}, None),
        ({"HOST": EVERYWHERE, "AUTH_ANONYMOUS_ROLE": "viewer"}, Role.VIEWER),
        ({"AUTH_ANONYMOUS_ROLE": "none"}, None),
        ({"AUTH_ANONYMOUS_ROLE": "Operator"}, Role.OPERATOR),
    ],
)
def test_clients_without_a_token_may_read_on_a_loopback_address(environ: dict[str, str], role: Role | None) -> None:
    assert load(environ).anonymous_role is role


@pytest.mark.parametrize(
    ("environ", "over_tls"),
    [
        ({}, False),
        ({"TEMPORAL_TLS_CA_FILE": "/ca"}, True),
        ({"TEMPORAL_TLS_SERVER_NAME": "temporal.example"}, True),
    ],
)
def test_any_tls_setting_turns_tls_on_for_temporal(environ: dict[str, str], *, over_tls: bool) -> None:
    assert load(environ).temporal_tls is over_tls


def test_a_partial_set_of_bridge_certificates_is_rejected() -> None:
    problems = problems_of({"BRIDGE_TLS_CA_FILE": "/ca"})

    assert [problem.partition(":")[0] for problem in problems] == ["BRIDGE_TLS_CERT_FILE", "BRIDGE_TLS_KEY_FILE"]


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:p@h/d\r\n", encoding="utf-8")

    settings = load({"DATABASE_URL_FILE": str(file)})

    assert settings.database_url == "postgresql://u:p@h/d"
    assert settings.provenance["DATABASE_URL"].origin is SettingOrigin.FILE


def test_a_secret_in_both_variable_and_file_is_rejected(tmp_path: Path) -> None:
    (problem,) = problems_of({"REDIS_PASSWORD": "hunter2", "REDIS_PASSWORD_FILE": str(tmp_path)})

    assert problem == "REDIS_PASSWORD: (hidden), expected either REDIS_PASSWORD or REDIS_PASSWORD_FILE: both are set"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"\xff\xfe", "it cannot be read as text"), (b"\n\n", "not empty")],
)
def test_an_unusable_secret_file_is_a_problem(tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    (problem,) = problems_of({"PULSAR_TOKEN_FILE": str(file)})

    assert problem.startswith("PULSAR_TOKEN_FILE: ")
    assert reason in problem


def test_only_secrets_are_read_from_files(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("1", encoding="utf-8")

    assert load({"PORT_FILE": str(file)}).port == 8080


def test_each_setting_has_the_origin_of_its_value() -> None:
    settings = load({"PORT": "8081", "UNKNOWN": "1"})

    assert settings.provenance["PORT"].origin is SettingOrigin.ENVIRONMENT
    assert settings.provenance["PORT"].shown == "8081"
    assert settings.provenance["HOST"].origin is SettingOrigin.DEFAULT
    assert settings.provenance["DATABASE_URL"].shown is None
    assert list(settings.provenance) == list(definitions())


def test_displayed_settings_contain_no_secret() -> None:
    environ = {
        "REDIS_PASSWORD": "hunter2",
        "DATABASE_URL": "postgresql://u:hunter2@h/d?sslpassword=hunter2",
        "PULSAR_TOKEN": "hunter2",
    }

    settings = load(environ)

    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.provenance)
    assert settings.provenance["DATABASE_URL"].shown == "postgresql://u:***@h/d?sslpassword=***"


@pytest.mark.parametrize("text", ["redis://:hunter2@h:1:x", "mysql://u:hunter2@h@\n", "me:hunter2@h ,"])
def test_a_password_in_the_wrong_setting_is_not_displayed(text: str) -> None:
    for name in [name for name, one in definitions().items() if one.secrecy is Secrecy.OPEN]:
        outcome = outcome_of({name: text})

        shown = outcome.provenance if isinstance(outcome, Settings) else outcome.problems
        assert "hunter2" not in repr(shown), name


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_PASSWORD", "PULSAR_TOKEN"])
@pytest.mark.parametrize("text", ["\0hunter2", "hunter2\0", "host=db password=hunter2\0"])
def test_a_rejected_secret_is_not_displayed(name: str, text: str) -> None:
    problems = problems_of({name: text})

    assert "hunter2" not in repr(problems)


def test_a_required_value_is_returned_or_reported_missing() -> None:
    assert required("a", "REDIS_ADDR") == "a"
    with pytest.raises(SettingsError, match="REDIS_ADDR: not set, expected host:port"):
        required(None, "REDIS_ADDR")


def test_a_long_value_is_truncated() -> None:
    (problem,) = problems_of({"PORT": "x" * 10_000})

    assert len(problem) < 200


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60)))
def test_load_raises_only_settings_errors(environ: dict[str, str]) -> None:
    outcome = outcome_of(environ)

    assert isinstance(outcome, Settings) or outcome.problems


@given(st.text(alphabet="0123456789*,/-JANMOL#W@every smh ", max_size=40))
def test_schedules_raise_only_settings_errors(text: str) -> None:
    outcome = outcome_of({"WORKFLOW_CRON_SCHEDULE": text})

    assert outcome.poll_interval > timedelta() if isinstance(outcome, Settings) else outcome.problems
