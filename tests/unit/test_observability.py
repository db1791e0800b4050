from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from dict_rate_limit.observability import configure_logging

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


def test_people_at_a_terminal_get_no_json() -> None:
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


def test_text_that_is_no_unicode_does_not_stop_a_line() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    configure_logging("info", "json", stream)

    structlog.get_logger().info("polled", name="\udc80é")

    assert b"\\udc80\xc3\xa9" in raw.getvalue()


def test_libraries_that_tell_of_each_call_are_quietened() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    logging.getLogger("httpx").info("HTTP Request: GET …")

    assert not stream.getvalue()
