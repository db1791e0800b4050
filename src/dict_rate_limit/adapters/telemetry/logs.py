"""Log lines: JSON for machines, colours for people at a terminal, secrets in neither.

The `event` of a line is named `thing.happened`; everything else is in other fields.
"""

from __future__ import annotations

import logging
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from io import TextIOWrapper
from typing import Final, TextIO

import structlog

from dict_rate_limit.domain.redaction import HIDDEN, clean

Context = Callable[[], Mapping[str, object]]

# these log each call at INFO
_NOISY: Final = ("httpx", "httpcore")


_SECRET_KEY: Final = re.compile(r"password|passwd|secret|token$|authorization|api_?key", re.IGNORECASE)


def configure_logging(
    level: str,
    style: str,
    stream: TextIO | None = None,
    *,
    always: Mapping[str, object] | None = None,
    contexts: Sequence[Context] = (),
) -> None:
    """Set up structlog and the standard library's logging for the whole process.

    `level` is debug, info, warning or error; `style` is auto (console at a terminal, else JSON), json or console.
    Lines go to `stream`, by default stdout: a server's log is its output. `always` is on every line (service,
    version); each of `contexts` adds fields to every line. Another call replaces the configuration.
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
                _adder(always or {}, contexts),
                structlog.processors.format_exc_info,
                hide_secrets,
                _renderer(style, at_terminal=out.isatty()),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    _silence_noisy()
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


def change_level(level: int) -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(level)
    _silence_noisy()
    names = {"before": logging.getLevelName(before).lower(), "after": logging.getLevelName(level).lower()}
    logging.getLogger(__name__).log(max(level, before, logging.INFO), "log_level.changed", extra=names)


def change_level_on_signals() -> None:
    """Set the level to debug on SIGUSR1 and back on SIGUSR2. Call it once, in the main thread."""
    usual = logging.getLogger().level
    signal.signal(signal.SIGUSR1, lambda *_: change_level(logging.DEBUG))
    signal.signal(signal.SIGUSR2, lambda *_: change_level(usual))


def _silence_noisy() -> None:
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _adder(always: Mapping[str, object], contexts: Sequence[Context]) -> structlog.typing.Processor:
    def add(
        _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        added = dict(always)
        for context in contexts:  # may have grown since
            added.update(context())
        return {**added, **event}

    return add


def _context() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderer(style: str, *, at_terminal: bool) -> structlog.typing.Processor:
    if style == "console" or (style == "auto" and at_terminal):
        # Plain tracebacks: the pretty ones print local variables, and secrets with them.
        return structlog.dev.ConsoleRenderer(colors=at_terminal, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def hide_secrets(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Hide values with the name of a secret, and secrets and numbers of people and companies inside texts."""
    return {key: HIDDEN if value and _SECRET_KEY.search(key) else _cleaned(value) for key, value in event.items()}


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return hide_secrets(None, "", value)
    if isinstance(value, (list, tuple)):
        return [_cleaned(item) for item in value]
    return value
