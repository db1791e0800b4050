"""`dict-rate-limit simulate`: a simulated DICT behind the Bridge's contract."""

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
from dict_rate_limit.simulator import main as simulator
from dict_rate_limit.simulator.bridge import ServerTls
from dict_rate_limit.simulator.faults import Fault
from dict_rate_limit.simulator.scenario import DEFAULT_SCENARIO, SCENARIOS

_PORT: Final = 50051


def simulate(  # noqa: PLR0913 - one argument per option
    *,
    scenario: Annotated[str, typer.Option(help="The scenario; --list shows all.")] = DEFAULT_SCENARIO,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 = a free port.")] = _PORT,
    ispbs: Annotated[
        str, typer.Option("--participants", help="Comma-separated ISPBs, as in PARTICIPANTS.")
    ] = DEFAULT_PARTICIPANT,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    speed: Annotated[float, typer.Option(help="Simulated seconds per real second.")] = 1.0,
    fault: Annotated[list[str] | None, typer.Option(help="A permanent fault; may be repeated.")] = None,
    tls_cert_file: Annotated[str | None, typer.Option(help="Server certificate (PEM).")] = None,
    tls_key_file: Annotated[str | None, typer.Option(help="Private key of the server certificate (PEM).")] = None,
    tls_client_ca_file: Annotated[
        str | None,
        typer.Option(help="Certificate authorities of accepted clients (PEM); without it every client is accepted."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the scenarios and faults, and exit.")] = False,
) -> int:
    """Serve a simulated DICT behind the Bridge's gRPC contract until Ctrl-C.

    Point BRIDGE_GRPC_ADDRESS at it. Exits with 64 or 78 when a value is invalid, 78 when the port is in use.
    """
    if listed:
        _list()
        return Exit.OK
    simulator.simulate(
        simulator.Simulation(
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
        message = f"participants: {text!r}, expected {definitions()['PARTICIPANTS'].type.expected}"
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
