"""The whole product for a runbook, with a gate before each dependency and with the fault that the runbook describes."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from os import environ  # noqa: TID251 -- coverage hands its own variables down
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import trustme

from conftest import entered
from dict_rate_limit.apps.local.port import accepts_connections, free_port
from dict_rate_limit.apps.local.temporal import embedded_temporal
from dict_rate_limit.apps.local.valkey import embedded_valkey
from runbooks.gate import Gate, serve_gates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

API_HOST = "dict-api.lbpay.com"
TIMEOUT_SEC = 90
CLEARED_PREFIXES = (
    *("DATABASE_URL", "REDIS_", "TEMPORAL_", "BRIDGE_", "PULSAR_", "NOTIFY_", "HEARTBEAT_"),
    *("DATA_DIR", "PARTICIPANTS", "WORKFLOW_", "HOST", "AUTH_"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`closed` is the unavailable dependency. `signs` are texts that `/metrics` or `/ready` shows during the fault.

    `channels` is the text of the channels file.
    """

    closed: str = ""
    channels: str = ""
    simulate: tuple[str, ...] = ("--scenario", "lively")
    signs: tuple[str, ...] = ()


HEALTHY_SIGNS = ('"postgresql":"ok"', '"redis":"ok"', '"source":"last poll: OK"', '"temporal":"ok"')
HEALTHY = Fault(signs=('kind="THRESHOLD"',))


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """The running product. `front` speaks TLS as the ingress does."""

    folder: Path
    database: str
    port: int
    metrics_port: int
    gates: dict[str, Gate]
    front: Gate
    fault: Fault
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def database_url(self) -> str:
        """URL of its database, through the gate."""
        return f"postgresql://postgres@{self.gates['postgresql'].address}/{self.database}"

    @property
    def log(self) -> Path:
        """Log of worker and API."""
        return self.folder / "data/dict-rate-limit.log"

    @property
    def certificates(self) -> Path:
        """Folder in place of /certs."""
        return self.folder / "certs"

    @property
    def tokens(self) -> Path:
        """File in place of the key api.tokens of the Secret."""
        return self.folder / "tokens"

    def begin_fault(self) -> None:
        """Close the gate, and wait for the signs of the fault."""
        if self.fault.closed:
            self.gates[self.fault.closed].close()
        until(lambda: shown(self.pages(), self.fault.signs), self.text)

    def end_fault(self) -> None:
        """Open the gates, and wait until the product is ready."""
        for gate in self.gates.values():
            gate.open()
        until(lambda: shown(self.pages(), HEALTHY_SIGNS), self.text)

    def pages(self) -> list[str]:
        """Return `/ready` of both programs and `/metrics`; empty while a server is not listening."""
        assert self.process.poll() is None, (self.folder / "up.txt").read_text()
        paths = ((self.port, "ready"), (self.metrics_port, "ready"), (self.metrics_port, "metrics"))
        try:
            answers = [httpx.get(f"http://127.0.0.1:{port}/{path}").text for port, path in paths]
        except httpx.TransportError:
            return []
        return [answer.replace('": "', '":"') for answer in answers]

    def text(self) -> str:
        return "\n".join(self.pages())


def shown(pages: list[str], signs: Sequence[str]) -> bool:
    """Return whether every page with a sign's subject also shows the sign."""
    subjects = {sign: sign.replace("=", ":").split(":")[0] for sign in signs}
    return bool(pages) and all(
        (relevant := [page for page in pages if subject in page]) and all(sign in page for page in relevant)
        for sign, subject in subjects.items()
    )


def until(true: Callable[[], bool], words: Callable[[], str]) -> None:
    """Wait until `true()`; fail with `words()` after a timeout."""
    deadline = time.monotonic() + TIMEOUT_SEC
    while not true():
        assert time.monotonic() < deadline, words()
        time.sleep(0.1)


@contextmanager
def product(folder: Path, database_url: str, fault: Fault) -> Iterator[Product]:
    """Run everything but the database until the block ends. It starts healthy, before the fault begins."""
    authority = trustme.CA()
    certificates(authority, folder)
    (folder / "notify.urls").write_text(fault.channels)
    with ExitStack() as stack:
        bridge = stack.enter_context(simulated(folder, fault.simulate))
        port, metrics_port = free_port(), free_port()
        redis = stack.enter_context(entered(embedded_valkey(None)))
        temporal = stack.enter_context(entered(embedded_temporal(folder / "temporal")))
        gates = gates_before(database_url, redis=redis, temporal=temporal, bridge=f"127.0.0.1:{bridge}")
        front = Gate(host="127.0.0.1", port_behind=port, tls=ingress_tls(authority), host_name=API_HOST.encode())
        stack.enter_context(serve_gates(*gates.values(), front))
        ports = {"PORT": str(port), "METRICS_PORT": str(metrics_port)}
        process = stack.enter_context(
            running(
                folder / "up.txt",
                ("up", "--data", str(folder / "data")),
                environment(folder, database_url, gates) | ports,
            )
        )
        it = Product(
            folder=folder,
            database=urlsplit(database_url).path.lstrip("/"),
            port=port,
            metrics_port=metrics_port,
            gates=gates,
            front=front,
            fault=fault,
            process=process,
        )
        until(lambda: shown(it.pages(), ('"source":"last poll',)), it.text)
        yield it


def gates_before(database_url: str, **addresses: str) -> dict[str, Gate]:
    """Make a gate for each dependency."""
    folder = parse_qs(urlsplit(database_url).query)["host"][0]
    gates = {
        name: Gate(host="127.0.0.1", port_behind=int(address.rpartition(":")[2])) for name, address in addresses.items()
    }
    return gates | {"postgresql": Gate(host=f"{folder}/.s.PGSQL.5432")}


def environment(folder: Path, database_url: str, gates: dict[str, Gate]) -> dict[str, str]:
    """Return the environment of the pods."""
    inherited = {name: value for name, value in environ.items() if not name.startswith(CLEARED_PREFIXES)}
    database = urlsplit(database_url).path
    return inherited | {
        "DATABASE_URL": f"postgresql://postgres@{gates['postgresql'].address}{quote(database)}",
        "REDIS_ADDR": gates["redis"].address,
        "TEMPORAL_HOST": gates["temporal"].address,
        "BRIDGE_GRPC_ADDRESS": gates["bridge"].address,
        "BRIDGE_TLS_CERT_FILE": str(folder / "certs/client.crt"),
        "BRIDGE_TLS_KEY_FILE": str(folder / "certs/client.key"),
        "BRIDGE_TLS_CA_FILE": str(folder / "certs/ca.crt"),
        "API_TOKENS_FILE": str(folder / "tokens"),
        "NOTIFY_URLS_FILE": str(folder / "notify.urls"),
        "AUTH_ANONYMOUS_ROLE": "none",
        "WORKFLOW_CRON_SCHEDULE": "@every 10s",
        "LIST_BUDGET_SHARE": "1",
        "CACHE_TTL": "10s",
        "UNREACHABLE_AFTER_INTERVALS": "1",
    }


@contextmanager
def simulated(folder: Path, story: Sequence[str]) -> Iterator[int]:
    """Serve a simulated DICT over mutual TLS; yield its port."""
    port = free_port()
    files = (
        ("--tls-cert-file", "bridge.crt"),
        ("--tls-key-file", "bridge.key"),
        ("--tls-client-ca-file", "certs/ca.crt"),
    )
    tls = [word for key, file in files for word in (key, str(folder / file))]
    words = ("simulate", "--port", str(port), *story, *tls)
    with running(folder / "simulate.txt", words, dict(environ)) as process:
        until(
            lambda: process.poll() is not None or accepts_connections("127.0.0.1", port),
            (folder / "simulate.txt").read_text,
        )
        yield port


@contextmanager
def running(words: Path, command: Sequence[str], variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the product until the block ends."""
    with words.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            [sys.executable, "-m", "dict_rate_limit", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=variables,
        )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()


def certificates(authority: trustme.CA, folder: Path) -> None:
    """Write the certificates of Bridge and product, and the authority's own key."""
    (folder / "certs").mkdir()
    for leaf, name, where in (
        (authority.issue_cert("127.0.0.1"), "bridge", folder),
        (authority.issue_cert("dict-rate-limit"), "client", folder / "certs"),
    ):
        leaf.cert_chain_pems[0].write_to_path(str(where / f"{name}.crt"))
        leaf.private_key_pem.write_to_path(str(where / f"{name}.key"))
    authority.cert_pem.write_to_path(str(folder / "certs/ca.crt"))
    authority.private_key_pem.write_to_path(str(folder / "ca.key"))


def ingress_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Return the TLS context of the ingress."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(API_HOST).configure_cert(context)
    return context
