"""Log lines: JSON for machines, colours for people at a terminal, secrets in neither."""

from __future__ import annotations

import logging
import re
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from typing import TextIO

    from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN: Final = "(hidden)"
_SECRET_KEY: Final = re.compile(r"password|passwd|secret|token$|authorization|api_?key", re.IGNORECASE)
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^:/@\s]*):[^\s]*@")
_BEARER: Final = re.compile(r"(bearer\s+)[A-Za-z0-9._~+/=-]+", re.IGNORECASE)
_TALKATIVE: Final = ("httpx", "httpcore")
"""Libraries that tell of each call at INFO."""


def configure_logging(level: str, style: str, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging for the whole process.

    `level` is debug, info, warning or error; `style` is auto (console at a terminal, else JSON), json or console.
    Lines go to `stream`, by default stdout: a server's log is its output. Calling it again starts anew.
    """
    out = stream or sys.stdout
    if isinstance(out, TextIOWrapper):
        out.reconfigure(errors="backslashreplace")  # a name DICT sent must not stop a line
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_context(), structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                _renderer(style, at_terminal=out.isatty()),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_context(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide values whose name says that they are secret, and passwords and bearer tokens inside texts."""
    return {key: _HIDDEN if value and _SECRET_KEY.search(key) else _cleaned(value) for key, value in event.items()}


def clean(text: str) -> str:
    """Hide passwords in URLs and bearer tokens."""
    return _BEARER.sub(rf"\1{_HIDDEN}", _URL_PASSWORD.sub(r"\1:***@", text))


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return hide_secrets(None, "", value)
    if isinstance(value, (list, tuple)):
        return [_cleaned(item) for item in value]
    return value


def _context() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderer(style: str, *, at_terminal: bool) -> Processor:
    if style == "console" or (style == "auto" and at_terminal):
        # Plain tracebacks: the pretty ones print local variables, and secrets with them.
        return structlog.dev.ConsoleRenderer(colors=at_terminal, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)
