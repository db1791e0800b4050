"""A real Pulsar broker for a measurement."""

from __future__ import annotations

import re
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.command import running, tool
from bench.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REPOSITORY = Path(__file__).parents[1]
ADDRESS = re.compile(r"export PULSAR_BROKER_URL=(\S+)")


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[str]:
    """Run the broker with scripts/pulsar; yield its URL.

    Raises:
        MissingToolError: it is not installed.
    """
    tools = installed()

    async def ready() -> bool:
        return address(folder) is not None

    command = (str(REPOSITORY / "scripts/pulsar"),)
    async with running(command, folder, {"DICT_TOOLS_DIR": str(tools)}, ready):
        yield address(folder) or ""


def installed() -> Path:
    """Return the folder of scripts/tools.

    Raises:
        MissingToolError: the broker is not in it.
    """
    tool("java")
    where = subprocess.run([REPOSITORY / "scripts/tools", "--where"], check=True, capture_output=True, text=True)
    tools = Path(where.stdout.strip()).parent
    if not (tools / "pulsar").is_dir():
        message = "Pulsar is not installed: make tools ARGS=pulsar"
        raise MissingToolError(message)
    return tools


def address(folder: Path) -> str | None:
    """Return the URL from its log, or None while it starts."""
    found = ADDRESS.search((folder / "log").read_text(errors="replace"))
    return found[1] if found else None
