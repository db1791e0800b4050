"""A real Kubernetes control plane on this machine: every server is genuine, but no container ever starts.

kwok plays the kubelets of two nodes and takes pods through the stages of `stages.yaml`.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import subprocess
import urllib.error
import urllib.request
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.kubeconfig import kubeconfig
from dict_rate_limit.apps.local.port import LOOPBACK, accepts_connections, free_port
from dict_rate_limit.apps.local.process import ProcessSpec, running_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl")
STAGES = Path(__file__).parent / "stages.yaml"
NODES = Path(__file__).parent / "nodes.yaml"
PATIENCE_SEC = 60
ANSWER_PATIENCE_SEC = 2.0
LOOK_AGAIN_SEC = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Programs, folder, ports and token of a control plane."""

    programs: Mapping[str, Path]
    folder: Path
    etcd_port: int
    peer_port: int
    api_port: int
    token: str

    @property
    def config(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def certificate(self) -> Path:
        return self.folder / "certs" / "apiserver.crt"

    @property
    def signing_key(self) -> Path:
        return self.folder / "service-accounts.key"

    def program(self, name: str, *options: str) -> ProcessSpec:
        return ProcessSpec(name=name, command=(str(self.programs[name]), *options), log=self.folder / f"{name}.log")


@asynccontextmanager
async def control_plane(programs: Mapping[str, Path], folder: Path) -> AsyncIterator[Path]:
    """Run a control plane with two nodes in the folder while the block runs; yield the kubeconfig's path.

    Raises:
        EmbeddedError: a server ended, or was not ready in time.
    """
    home = furnished(programs, folder)
    async with AsyncExitStack() as servers:
        await servers.enter_async_context(
            running_process(etcd(home), lambda _: accepts_connections(LOOPBACK, home.etcd_port))
        )
        await servers.enter_async_context(running_process(api_server(home), lambda _: answers(home)))
        home.config.write_text(kubeconfig(home.api_port, home.token, home.certificate))
        for program in (controller_manager(home), scheduler(home), kubelets(home)):
            await servers.enter_async_context(running_process(program, started))
        await until(lambda: settled(home), "the nodes to be ready")
        yield home.config


def furnished(programs: Mapping[str, Path], folder: Path) -> Home:
    """Choose ports and create secrets for this control plane only."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    etcd_port, peer_port, api_port = (free_port() for _ in range(3))
    home = Home(
        programs=programs,
        folder=folder,
        etcd_port=etcd_port,
        peer_port=peer_port,
        api_port=api_port,
        token=secrets.token_urlsafe(32),
    )
    (folder / "tokens.csv").write_text(f'{home.token},admin,admin,"system:masters"\n')
    subprocess.run(
        ["/usr/bin/openssl", "genrsa", "-out", str(home.signing_key), "2048"], check=True, capture_output=True
    )
    return home


def etcd(home: Home) -> ProcessSpec:
    clients, peers = (f"http://{LOOPBACK}:{port}" for port in (home.etcd_port, home.peer_port))
    return home.program(
        "etcd",
        f"--data-dir={home.folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",  # its data is not needed after a crash
    )


def api_server(home: Home) -> ProcessSpec:
    return home.program(
        "kube-apiserver",
        f"--etcd-servers=http://{LOOPBACK}:{home.etcd_port}",
        f"--secure-port={home.api_port}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--cert-dir={home.certificate.parent}",
        f"--token-auth-file={home.folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        f"--service-account-key-file={home.signing_key}",
        f"--service-account-signing-key-file={home.signing_key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
    )


def controller_manager(home: Home) -> ProcessSpec:
    return home.program(
        "kube-controller-manager",
        f"--kubeconfig={home.config}",
        f"--service-account-private-key-file={home.signing_key}",
        f"--root-ca-file={home.certificate}",
        "--horizontal-pod-autoscaler-sync-period=1s",
        "--node-monitor-grace-period=24h",  # no kubelet renews the leases of the nodes
        "--node-monitor-grace-period=24h",  # simulated nodes tell once that they are up
        "--leader-elect=false",
        "--secure-port=0",
    )


def scheduler(home: Home) -> ProcessSpec:
    return home.program("kube-scheduler", f"--kubeconfig={home.config}", "--leader-elect=false", "--secure-port=0")


def kubelets(home: Home) -> ProcessSpec:
    return home.program("kwok", f"--kubeconfig={home.config}", f"--config={STAGES}", "--manage-all-nodes=true")


def started(_: int) -> bool:
    """Count a server without its own port as ready. The final check covers all servers."""
    return True


def answers(home: Home) -> bool:
    """Return whether the API server is ready."""
    request = urllib.request.Request(
        f"https://{LOOPBACK}:{home.api_port}/readyz", headers={"Authorization": f"Bearer {home.token}"}
    )
    try:
        trust = ssl.create_default_context(cafile=home.certificate)
        with urllib.request.urlopen(request, timeout=ANSWER_PATIENCE_SEC, context=trust) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def settled(home: Home) -> bool:
    """Return whether the nodes are ready and pods can be created. This needs all three servers."""
    ask = [str(home.programs["kubectl"]), f"--kubeconfig={home.config}"]
    steps = (
        ["apply", f"--filename={NODES}"],
        ["wait", "node", "--all", "--for=condition=Ready", "--timeout=2s"],
        ["get", "serviceaccount/default", "configmap/kube-root-ca.crt", "--namespace=default"],
    )
    return all(subprocess.run([*ask, *step], check=False, capture_output=True).returncode == 0 for step in steps)


async def until(done: Callable[[], bool], what: str) -> None:
    """Wait until the condition is true.

    Raises:
        TimeoutError: it was not in time.
    """
    for _ in range(int(PATIENCE_SEC / LOOK_AGAIN_SEC)):
        if await asyncio.to_thread(done):
            return
        await asyncio.sleep(LOOK_AGAIN_SEC)
    message = f"waited {PATIENCE_SEC} s in vain for {what}"
    raise TimeoutError(message)
