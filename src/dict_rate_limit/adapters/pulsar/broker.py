"""Where the broker is, and how we show who we are."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pulsar

if TYPE_CHECKING:
    from pathlib import Path

TLS: Final = "pulsar+ssl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a connection, and then an acknowledgement, may take, in whole seconds."""

    connect_sec: int = 10
    send_sec: int = 10


USUAL: Final = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker and a topic. Of a token, the file wins where both are there: it is read again at each connection.

    `tls_ca_file` of None = the authorities that everybody trusts.
    """

    url: str = field(repr=False)
    topic: str
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    tls_ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{urlsplit(self.url).scheme}://{self._hosts} {self.topic}"

    @property
    def brokers(self) -> list[tuple[str, int]]:
        """Host and port of each broker that the URL names."""
        usual = 6651 if self.tls else 6650
        parts = (urlsplit(f"//{host}") for host in self._hosts.split(","))
        return [(part.hostname or "", part.port or usual) for part in parts]

    @property
    def tls(self) -> bool:
        """Whether TLS is spoken; the name in the certificate is compared then."""
        return urlsplit(self.url).scheme == TLS

    @property
    def _hosts(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def current_token(self) -> str | None:
        """Return the token as it is now; what was read first while its file cannot be read."""
        if self.token_file is not None:
            try:
                return self.token_file.read_text(encoding="utf-8").strip() or self.token
            except (OSError, ValueError):
                return self.token
        return self.token


def open_client(address: BrokerAddress, patience: Patience) -> pulsar.Client:
    """Make a client; nothing is connected yet.

    It logs nowhere: what matters comes back as results, and its own log would go to stdout, beside our lines.

    Raises:
        pulsar.PulsarException | RuntimeError | ValueError: an address that it cannot make sense of.
    """
    shows_itself = address.current_token() is not None
    return pulsar.Client(
        address.url,
        authentication=pulsar.AuthenticationToken(lambda: address.current_token() or "") if shows_itself else None,
        operation_timeout_seconds=patience.connect_sec,
        connection_timeout_ms=patience.connect_sec * 1000 // 2,
        stats_interval_in_seconds=0,
        tls_trust_certs_file_path=None if address.tls_ca_file is None else str(address.tls_ca_file),
        tls_validate_hostname=True,
        logger=pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull),
    )
