"""The program `dict-rate-limit`. Only the requested command is imported, so that `--help` and `health` are fast."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from dict_rate_limit.apps.cli.exit_codes import MEANINGS, Exit, code_of
from dict_rate_limit.domain.errors import DictRateLimitError, SettingsError

NAME: Final = "dict-rate-limit"
_EXPECTED_ERRORS: Final = (DictRateLimitError, typer.TyperException, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class LazyCommand:
    """A command that is not imported yet: its line in the list of commands, and its module.

    The module has a Typer `group`, or a function with the name of the command.
    """

    summary: str
    module: str


_SUMMARIES: Final = {
    "up": "Run the whole product on this machine.",
    "api": "Serve the API, the page and /metrics.",
    "worker": "Poll DICT, store and evaluate readings, publish and notify.",
    "status": "Show the level of every bucket.",
    "alerts": "Show and acknowledge alerts.",
    "silences": "Create, show and end silences.",
    "explain": "Explain the state of a policy.",
    "audit": "Show the audit log of operator actions.",
    "events": "Show the events of alerts on Pulsar.",
    "config": "Show every setting and the origin of its value.",
    "migrate": "Migrate the schema of the database.",
    "backup": "Back up the database.",
    "restore": "Restore a backup.",
    "drill": "Rehearse a restore, or send a test alert.",
    "tokens": "Create bearer tokens for the API.",
    "simulate": "Serve a simulated DICT.",
    "channels": "Check the channels file.",
    "log-level": "Change the log level of a running process.",
    "health": "Check whether a server is alive.",
}
_SHARED_MODULES: Final = {"up": "serve", "api": "serve", "worker": "serve", "restore": "backup"}

COMMANDS: Final[Mapping[str, LazyCommand]] = {
    name: LazyCommand(
        summary=summary, module=f"dict_rate_limit.apps.cli.{_SHARED_MODULES.get(name, name.replace('-', '_'))}"
    )
    for name, summary in _SUMMARIES.items()
}


def run(arguments: Sequence[str], environ: Mapping[str, str], sources: Mapping[str, LazyCommand] = COMMANDS) -> int:
    """Run one command. Expected errors become one line each on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot encode a character must not stop a command.
            stream.reconfigure(errors="replace")
    _hide_library_warnings()
    try:
        command = get_command(_app(arguments, sources))
        return int(command.main(list(arguments), prog_name=NAME, standalone_mode=False, obj=environ) or 0)
    # The reader of the output closed the pipe.
    except SystemExit:
        return Exit.OK
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - reported here, or not at all
        return _report_error(error)


def _hide_library_warnings() -> None:
    """Leave stderr to the command's own lines: without a configured log, Python prints library warnings there."""
    if logging.lastResort is not None:
        logging.lastResort.setLevel(logging.ERROR)
        logging.lastResort.setFormatter(_CleanLine("error: %(name)s: %(message)s"))


class _CleanLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        from dict_rate_limit.domain.redaction import clean  # noqa: PLC0415 - `--help` need not wait for it

        return clean(super().format(record))


def _report_error(error: Exception) -> Exit:
    """Report an error on stderr and return the exit code."""
    errors = _leaves(error)
    if not all(isinstance(one, _EXPECTED_ERRORS) for one in errors):
        from dict_rate_limit.domain.redaction import clean  # noqa: PLC0415 - `--help` need not wait for it

        typer.echo(clean("".join(traceback.format_exception(error))), err=True)
        typer.echo("error: internal error; please report it", err=True)
        return Exit.SOFTWARE
    for line in dict.fromkeys(line for one in errors for line in _lines(one)):
        typer.echo(line, err=True)
    return _code(errors[0])


def _leaves(error: Exception) -> list[Exception]:
    if isinstance(error, ExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]


def _app(arguments: Sequence[str], sources: Mapping[str, LazyCommand]) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback(invoke_without_command=True, epilog=_exit_codes())(_root)
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, source in sources.items():
        if name == wanted:
            _add(app, name, vars(import_module(source.module)))
        else:
            app.command(name, help=source.summary)(_not_loaded)
    return app


def _add(app: typer.Typer, name: str, module: Mapping[str, Any]) -> None:
    if "group" in module:
        app.add_typer(module["group"], name=name)
    else:
        app.command(name)(module[name.replace("-", "_")])


def _root(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Monitor the rate limits that BACEN applies to the Pix key directory (DICT)."""
    if show_version:
        from importlib.metadata import version  # noqa: PLC0415 - `--help` need not wait for it

        sys.stdout.write(f"{NAME} {version(NAME)}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit


def _exit_codes() -> str:
    lines = (f"{code:>5}  {meaning.replace('`', '')}" for code, meaning in MEANINGS.items())
    # \b keeps the line breaks in the help.
    return "\b\n" + "\n".join(["Exit codes:", *lines])


def _not_loaded() -> None:
    """Placeholder of a command in the list of commands."""


def _lines(error: Exception) -> Sequence[str]:
    if isinstance(error, SettingsError):
        return [f"error: {problem}" for problem in error.problems]
    if isinstance(error, typer.TyperException):
        return [f"error: {error.format_message()}", f"see `{NAME} --help` and `{NAME} COMMAND --help`"]
    return [f"error: {error}"]


def _code(error: Exception) -> Exit:
    if isinstance(error, DictRateLimitError):
        return code_of(error)
    return Exit.USAGE if isinstance(error, typer.TyperException) else Exit.SYSTEM
