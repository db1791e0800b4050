"""An optional local Prometheus with the product's rules, if it is installed."""

from __future__ import annotations

import asyncio
import shutil
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from dict_rate_limit.apps.local.port import LOOPBACK
from dict_rate_limit.apps.local.process import ProcessSpec, running_process
from dict_rate_limit.apps.local.progress_table import ProgressTable
from dict_rate_limit.apps.local.startup import PROMETHEUS
from dict_rate_limit.settings import Settings

CONFIGURATION: Final = Path(__file__).parents[4] / "configs" / "prometheus"
RULES_MISSING: Final = "the rules are missing: run it from a checkout of the repository"
NOT_INSTALLED: Final = "not installed (Debian: apt-get install prometheus)"
RETENTION: Final = "7d"
ANSWER_TIMEOUT_SEC: Final = 0.5


@asynccontextmanager
async def local_prometheus(settings: Settings, folder: Path, progress: ProgressTable) -> AsyncIterator[str | None]:
    """Run Prometheus while the block runs, if it is enabled and installed; yields its address.

    The product does not need it: when Prometheus exits, the product continues.

    Raises:
        EmbeddedError: it is installed and does not start.
    """
    if not settings.observe:
        yield None
        return
    path = shutil.which("prometheus")
    if path is None or not CONFIGURATION.is_dir():
        progress.external(PROMETHEUS, NOT_INSTALLED if path is None else RULES_MISSING)
        yield None
        return
    progress.begin(PROMETHEUS)
    await asyncio.to_thread(configure, folder, settings.metrics_port)
    address = f"{LOOPBACK}:{settings.observe_port}"
    async with running_process(program(path, folder, address), lambda _: ready(address)):
        progress.ready(PROMETHEUS, address)
        yield address


def configure(folder: Path, metrics_port: int) -> None:
    """Write the configuration into the folder, with the port of `/metrics`."""
    shutil.copytree(CONFIGURATION / "rules", folder / "rules", dirs_exist_ok=True)
    text = (CONFIGURATION / "local.yml").read_text(encoding="utf-8")
    (folder / "local.yml").write_text(text.replace("127.0.0.1:9090", f"127.0.0.1:{metrics_port}"), encoding="utf-8")


def program(path: str, folder: Path, address: str) -> ProcessSpec:
    """Return how to run the server."""
    options = {
        "--config.file": str(folder / "local.yml"),
        "--storage.tsdb.path": str(folder / "data"),
        "--storage.tsdb.retention.time": RETENTION,
        "--web.listen-address": address,
    }
    arguments = tuple(f"{name}={value}" for name, value in options.items())
    return ProcessSpec(name="Prometheus", command=(path, *arguments), log=folder / "prometheus.log")


def ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=ANSWER_TIMEOUT_SEC) as answer:
            return int(answer.status) == 200  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False
