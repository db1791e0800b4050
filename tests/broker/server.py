"""A real Pulsar broker on free local ports, configured like a production one: deduplication, TLS, tokens, roles.

A client without a token is the administrator. A token limits the rights of its bearer.
`python -m broker.server [COMMAND...]` is the command for developers: scripts/pulsar.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import trustme
from cryptography.hazmat.primitives import serialization

from broker.tokens import ROLE, SIGNING_KEY
from dict_rate_limit.apps.local.port import LOOPBACK, free_port
from dict_rate_limit.apps.local.process import ProcessSpec, running_process, start, wait_until_ready
from tool_box import search_path, tools_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator

NAMESPACE: Final = "lb-conn/dict"
CLOSED: Final = "lb-conn/closed"  # topics are not made by using them
FOREIGN: Final = "lb-conn/foreign"  # open to administrators only
ADMINISTRATOR: Final = "administrator"
ADMIN_TIMEOUT_SEC: Final = 10.0
ACCEPTED_STATUSES: Final = {200, 204, 409}  # 409: it is there from an earlier life
OPENED_TO_NETTY: Final = (
    "java.base/java.lang",
    "java.base/java.nio",
    "java.base/java.util.zip",
    "java.base/jdk.internal.platform",
    "java.base/sun.net",
    "java.management/sun.management",
    "jdk.management/com.sun.management.internal",
)
LOGGING: Final = """<Configuration><Appenders><Console name="c"/></Appenders>
<Loggers><Root level="warn"><AppenderRef ref="c"/></Root></Loggers></Configuration>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The addresses of a broker, running or not. A restart in the same folder has the stored messages."""

    folder: Path
    port: int
    tls_port: int
    web_port: int

    @property
    def url(self) -> str:
        return f"pulsar://{LOOPBACK}:{self.port}"

    @property
    def tls_url(self) -> str:
        """The certificate is for "localhost" alone, not for the address."""
        return f"pulsar+ssl://localhost:{self.tls_port}"

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    def admin(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Call the admin API; return status and body.

        Raises:
            OSError: it does not answer.
        """
        connection = http.client.HTTPConnection(LOOPBACK, self.web_port, timeout=ADMIN_TIMEOUT_SEC)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/admin/v2/{path}", text, {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def must(self, method: str, path: str, body: object = None) -> bytes:
        """Call the admin API; fail unless it succeeds."""
        status, answer = self.admin(method, path, body)
        assert status in ACCEPTED_STATUSES, f"{method} {path}: {status} {answer.decode()}"
        return answer

    def stats(self, topic: str) -> dict[str, object]:
        """Return the statistics of the topic "persistent://…"."""
        stats: dict[str, object] = json.loads(self.must("GET", f"{topic.replace('://', '/')}/stats"))
        return stats


def configure_broker(folder: Path) -> Broker:
    """Choose ports for a broker of this folder, which must not be used yet."""
    folder.mkdir(parents=True)
    port, tls_port, web_port = (free_port() for _ in range(3))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    leaf = authority.issue_cert("localhost")
    (folder / "broker.key").write_bytes(_pkcs8(leaf.private_key_pem.bytes()))
    for certificate in leaf.cert_chain_pems:
        certificate.write_to_path(folder / "broker.pem", append=True)
    (folder / "signing.key").write_bytes(SIGNING_KEY)
    (folder / "log4j2.xml").write_text(LOGGING)
    broker = Broker(folder=folder, port=port, tls_port=tls_port, web_port=web_port)
    (folder / "standalone.conf").write_text("".join(f"{name}={value}\n" for name, value in _configuration(broker)))
    return broker


def _pkcs8(pem: bytes) -> bytes:
    """Convert a private key to PKCS 8, which Java requires."""
    return serialization.load_pem_private_key(pem, None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _configuration(broker: Broker) -> tuple[tuple[str, object], ...]:
    return (
        ("clusterName", "standalone"),
        ("advertisedAddress", LOOPBACK),
        ("bindAddress", LOOPBACK),
        ("brokerServicePort", broker.port),
        ("brokerServicePortTls", broker.tls_port),
        ("webServicePort", broker.web_port),
        ("tlsCertificateFilePath", broker.folder / "broker.pem"),
        ("tlsKeyFilePath", broker.folder / "broker.key"),
        ("authenticationEnabled", "true"),
        ("authenticationProviders", "org.apache.pulsar.broker.authentication.AuthenticationProviderToken"),
        ("tokenSecretKey", f"file://{broker.folder / 'signing.key'}"),
        ("authorizationEnabled", "true"),
        ("anonymousUserRole", ADMINISTRATOR),
        ("superUserRoles", ADMINISTRATOR),
        ("brokerDeduplicationEnabled", "true"),
        ("allowAutoTopicCreation", "true"),
        ("backlogQuotaCheckIntervalInSeconds", 1),
        ("systemTopicEnabled", "false"),  # which after a kill is the last thing to be well again
        ("topicLevelPoliciesEnabled", "false"),
        ("loadManagerClassName", "org.apache.pulsar.broker.loadbalance.NoopLoadManager"),
        ("journalWriteBufferSizeKB", 4_096),  # more than a group of entries, which so is one write: see `Mortal.kill`
        ("managedLedgerDefaultEnsembleSize", 1),
        ("managedLedgerDefaultWriteQuorum", 1),
        ("managedLedgerDefaultAckQuorum", 1),
    )


@asynccontextmanager
async def running_broker(broker: Broker) -> AsyncIterator[int]:
    """Run the broker inside the block and kill it at the end. Yields its process id.

    Raises:
        EmbeddedError: it did not start.
    """
    async with running_process(program(broker), lambda _: prepare_namespaces(broker)) as pid:
        yield pid


@dataclass(slots=True)
class KillableBroker:
    """A broker that can be killed and started again with its stored messages."""

    broker: Broker
    child: subprocess.Popen[bytes] | None = None

    async def begin(self) -> None:
        """Start the broker and wait until it is ready."""
        self.child = start(program(self.broker))
        await wait_until_ready(self.child, program(self.broker), lambda _: prepare_namespaces(self.broker))

    def kill(self) -> None:
        """End it with SIGKILL, between two writes.

        Its journal has no checksums: a record of which only a part was written would be replayed as a whole one, and
        with a single bookie there is no better copy. A process that is asked to stop ends its current write first.
        """
        if self.child is not None:
            if self.child.poll() is None:
                os.kill(self.child.pid, signal.SIGSTOP)
                os.waitid(os.P_PID, self.child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            self.child.kill()
            self.child.wait()
            self.child = None


def program(broker: Broker) -> ProcessSpec:
    """Describe the process. One compiler stage and the serial collector halve the start time."""
    java = shutil.which("java", path=search_path())
    return ProcessSpec(
        name="Pulsar",
        command=(
            str(java),
            *("-Xmx512m", "-XX:MaxDirectMemorySize=512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            "-Dlog4j.configurationFile=log4j2.xml",
            "-Dio.netty.tryReflectionSetAccessible=true",
            *(f"--add-opens={module}=ALL-UNNAMED" for module in OPENED_TO_NETTY),
            *("-cp", f"{jars()}/*"),
            "org.apache.pulsar.PulsarStandaloneStarter",
            *("--config", "standalone.conf", "--no-functions-worker", "--no-stream-storage"),
            *("--zookeeper-dir", "zookeeper", "--bookkeeper-dir", "bookkeeper"),
        ),
        log=broker.folder / "pulsar.log",
        stop_signal=signal.SIGKILL,  # what it acknowledged stands in its journal
        orphan_signal=signal.SIGKILL,
    )


def jars() -> Path:
    """Folder that scripts/tools filled."""
    return tools_folder() / "pulsar" / "jars"


def prepare_namespaces(broker: Broker) -> bool:
    """Create our namespaces; return whether the broker accepts messages."""
    try:
        return all(
            broker.admin(*step)[0] in ACCEPTED_STATUSES
            for step in (*_namespace_requests(), ("GET", "brokers/health", None))
        )
    except (OSError, http.client.HTTPException):
        return False


def _namespace_requests() -> tuple[tuple[str, str, object], ...]:
    closed = {"allowAutoTopicCreation": False}
    kept = {"retentionSizeInMB": -1, "retentionTimeInMinutes": -1}  # else what nobody subscribes to may go at a restart
    role = quote(ROLE, safe="")
    return (
        ("PUT", "tenants/lb-conn", {"allowedClusters": ["standalone"]}),
        ("PUT", f"namespaces/{NAMESPACE}", None),
        ("POST", f"namespaces/{NAMESPACE}/permissions/{role}", ["produce", "consume"]),
        ("POST", f"namespaces/{NAMESPACE}/retention", kept),
        ("PUT", f"namespaces/{CLOSED}", None),
        ("POST", f"namespaces/{CLOSED}/permissions/{role}", ["produce", "consume"]),
        ("POST", f"namespaces/{CLOSED}/autoTopicCreation", closed),
        ("PUT", f"namespaces/{FOREIGN}", None),
    )


async def main(command: list[str]) -> int:
    """Run a broker until the command ends, or until Ctrl-C or SIGTERM."""
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    if not jars().is_dir() or shutil.which("java", path=search_path()) is None:
        sys.exit("not installed: a Pulsar broker, or Java 17 to run it; run scripts/tools first")
    with tempfile.TemporaryDirectory(prefix="drl-") as folder:
        broker = configure_broker(Path(folder) / "pulsar")
        async with running_broker(broker):
            return await _run(broker, command)


async def _run(broker: Broker, command: list[str]) -> int:
    variables = {"PULSAR_BROKER_URL": broker.url, "PULSAR_ADMIN_URL": f"http://{LOOPBACK}:{broker.web_port}"}
    if command:
        child = await asyncio.create_subprocess_exec(*command, env={**os.environ, **variables})  # noqa: TID251 -- handed on
        return await child.wait()
    sys.stdout.writelines(f"export {name}={value}\n" for name, value in variables.items())
    sys.stdout.write("Ctrl-C ends it\n")
    sys.stdout.flush()
    await asyncio.Event().wait()
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(main(sys.argv[1:])))
