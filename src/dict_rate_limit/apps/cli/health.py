"""`dict-rate-limit health`: the health check of the container images."""

from __future__ import annotations

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Annotated
from urllib.parse import urlsplit

import typer

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit


def health(
    *,
    url: Annotated[str, typer.Option(help="URL of the check; the worker serves it on METRICS_PORT.")] = (
        "http://127.0.0.1:8080/health"
    ),
    timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Timeout in seconds.")] = 3,
) -> int:
    """Check whether a server is alive: exits with 0 when it is, otherwise 1.

    For the HEALTHCHECK of container images, which allows no other codes.
    """
    try:
        status = _status_of(url, timeout)
    except (OSError, HTTPException, ValueError) as error:
        raise CommandError(Exit.WARNING, f"no answer from {url}: {error}") from error
    if status != HTTPStatus.OK:
        raise CommandError(Exit.WARNING, f"{url} answers {status}")
    return Exit.OK


def _status_of(url: str, timeout: float) -> int:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "expected http://host:port/path"
        raise ValueError(message)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/health", headers={"User-Agent": "dict-rate-limit"})
        return connection.getresponse().status
    finally:
        connection.close()
