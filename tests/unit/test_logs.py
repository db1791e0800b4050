from __future__ import annotations

import io
import json
import logging
import signal
from typing import TYPE_CHECKING

import pytest
import structlog

from dict_rate_limit.adapters.telemetry.logs import change_level_on_signals, configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []  # else the set-up closes pytest's own
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def last_line(stream: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_a_structlog_event_is_one_line_of_json() -> None:
    stream = io.StringIO()
    configure_logging("info", "auto", stream)

    structlog.get_logger("a.logger").warning("polled", participant="12345678")

    line = last_line(stream)
    assert {
        "event": "polled",
        "participant": "12345678",
        "level": "warning",
        "logger": "a.logger",
    }.items() <= line.items()
    assert str(line["timestamp"]).endswith("Z")


def test_a_standard_log_record_is_one_line_of_json_with_its_extras() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    logging.getLogger("old").error("lost %s", "it", extra={"participant": "12345678"})

    assert {"event": "lost it", "participant": "12345678"}.items() <= last_line(stream).items()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure_logging("warning", "json", stream)

    structlog.get_logger().info("quiet")
    logging.getLogger("old").info("quiet")

    assert not stream.getvalue()


def test_a_terminal_gets_no_json() -> None:
    stream = Terminal()
    configure_logging("info", "auto", stream)

    structlog.get_logger().info("polled")

    assert "polled" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2"),
        ("pulsar_token", "hunter2"),
        ("Authorization", "hunter2"),
        ("url", "postgresql://me:hunter2@db/x"),
        ("url", "redis://:hunter@hunter2@db"),
        ("header", "Bearer hunter2"),
        ("nested", {"client_secret": "hunter2"}),
        ("listed", ["postgresql://me:hunter2@db/x"]),
    ],
)
def test_secrets_are_hidden(key: str, value: object) -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    structlog.get_logger().info("connecting", **{key: value})

    assert "hunter2" not in stream.getvalue()
    assert "connecting" in stream.getvalue()


def fail(message: str, _local: str) -> None:
    raise RuntimeError(message)


@pytest.mark.parametrize("style", ["json", "console"])
def test_secrets_are_hidden_in_tracebacks(style: str) -> None:
    stream = Terminal()
    configure_logging("info", style, stream)

    try:
        fail(f"postgresql://me:{chr(50) * 9}@db/x", chr(50) * 9)  # a traceback also quotes this line
    except RuntimeError:
        structlog.get_logger().exception("failed")

    assert "RuntimeError" in stream.getvalue()
    assert "222222222" not in stream.getvalue()


def test_counts_of_tokens_are_not_secrets() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    structlog.get_logger().info("polled", available_tokens=17)

    assert last_line(stream)["available_tokens"] == 17


def test_invalid_unicode_does_not_suppress_a_line() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    configure_logging("info", "json", stream)

    structlog.get_logger().info("polled", name="\udc80é")

    assert b"\\udc80\xc3\xa9" in raw.getvalue()


def test_noisy_libraries_are_silenced() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    logging.getLogger("httpx").info("HTTP Request: GET …")

    assert not stream.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key 529.982.247-25 refused", "key (cpf) refused"),
        ("key 52998224725 refused", "key (cpf) refused"),
        ("owner 11.222.333/0001-81", "owner (cnpj)"),
        ("owner 11222333000181", "owner (cnpj)"),
        ("owner 12.ABC.345/01DE-35", "owner (cnpj)"),
        ("52998224726 is no CPF", "52998224726 is no CPF"),
        ("waited 12345678901 ms", "waited 12345678901 ms"),
        ("ISPB 12345678", "ISPB 12345678"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace 4bf92f3577b34da6a3ce929d0e0e4736"),
        ("token drl_SFuy1BqN_eEUzDa7bLqNDqR7mNAIzf7bqzKywaHgrzs", "token (hidden)"),
        ("secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret (hidden)"),
    ],
)
def test_cpf_and_cnpj_numbers_are_hidden_and_others_are_not(text: str, shown: str) -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    structlog.get_logger().info("thing.happened", error=text)

    assert last_line(stream)["error"] == shown


def test_fields_of_the_line_override_common_fields() -> None:
    stream = io.StringIO()
    always = {"service": "dict-rate-limit-api", "version": "1.2.3"}
    configure_logging("info", "json", stream, always=always, contexts=[lambda: {"run_id": "r"}])

    logging.getLogger("a").info("thing.happened", extra={"version": "another"})

    line = last_line(stream)
    assert (line["service"], line["version"], line["run_id"]) == ("dict-rate-limit-api", "another", "r")


def test_the_level_changes_while_the_program_runs_and_changes_back() -> None:
    stream = io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    configure_logging("warning", "json", stream)
    try:
        change_level_on_signals()
        for number, event in ((None, "one"), (signal.SIGUSR1, "two"), (signal.SIGUSR2, "three")):
            if number is not None:
                signal.raise_signal(number)
            logging.getLogger("a").debug(event)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["log_level.changed", "two", "log_level.changed"]
    assert (lines[0]["before"], lines[0]["after"]) == ("warning", "debug")
