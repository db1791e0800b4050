"""`dict-rate-limit simulate`: a fake DICT behind the Bridge's contract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.settings.fields import definitions
from dict_rate_limit.settings.parsers import participants
from dict_rate_limit.simulator.bridge import ServerTls
from dict_rate_limit.simulator.faults import Fault
from dict_rate_limit.simulator.main import Simulation, simulate
from dict_rate_limit.simulator.scenario import DEFAULT_SCENARIO, SCENARIOS

_PORT: Final = 50051


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name)(serve)


def serve(  # noqa: PLR0913 - one argument per option
    *,
    scenario: Annotated[str, typer.Option(help="What happens; --list names them all.")] = DEFAULT_SCENARIO,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = _PORT,
    ispbs: Annotated[
        str, typer.Option("--participants", help="ISPBs parted by commas, as in PARTICIPANTS.")
    ] = DEFAULT_PARTICIPANT,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    speed: Annotated[float, typer.Option(help="Seconds of simulated time in one of ours.")] = 1.0,
    fault: Annotated[list[str] | None, typer.Option(help="A fault shown all the time; may be repeated.")] = None,
    tls_cert_file: Annotated[str | None, typer.Option(help="Certificate of the server (PEM).")] = None,
    tls_key_file: Annotated[str | None, typer.Option(help="Its private key (PEM).")] = None,
    tls_client_ca_file: Annotated[
        str | None, typer.Option(help="Authorities whose clients are let in (PEM); without it everybody is.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the scenarios and faults, and end.")] = False,
) -> int:
    """Serve a fake DICT behind the Bridge's gRPC contract until Ctrl-C.

    Point BRIDGE_GRPC_ADDRESS at it. Ends with 64 or 78 when a value is refused, 78 when the port is taken.
    """
    if listed:
        _list()
        return Exit.OK
    simulate(
        Simulation(
            host=host,
            port=port,
            scenario=scenario,
            participants=_participants(ispbs),
            seed=seed,
            speed=speed,
            faults=tuple(fault or ()),
            tls=_tls(tls_cert_file, tls_key_file, tls_client_ca_file),
        ),
        SystemClock(),
        lambda line: typer.echo(line, err=True),
    )
    return Exit.OK


def _list() -> None:
    width = max(len(name) for name in SCENARIOS)
    sys.stdout.writelines(f"{name:{width}}  {scenario.summary}\n" for name, scenario in SCENARIOS.items())
    sys.stdout.write(f"\nfaults: {', '.join(Fault)}\n")


def _participants(text: str) -> tuple[str, ...]:
    try:
        return participants(text)
    except ValueError as error:
        message = f"participants: {text!r}, expected {definitions()['PARTICIPANTS'].expected}"
        raise CommandError(Exit.USAGE, message) from error


def _tls(cert_file: str | None, key_file: str | None, client_ca_file: str | None) -> ServerTls | None:
    if cert_file is None and key_file is None and client_ca_file is None:
        return None
    if cert_file is None or key_file is None:
        raise CommandError(Exit.USAGE, "TLS needs both --tls-cert-file and --tls-key-file")
    return ServerTls(
        cert_file=Path(cert_file),
        key_file=Path(key_file),
        client_ca_file=None if client_ca_file is None else Path(client_ca_file),
    )
