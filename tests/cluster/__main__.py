"""Run a control plane while a command runs. scripts/cluster calls it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from cluster.control_plane import PROGRAMS, control_plane
from tool_box import search_path


async def main(command: list[str]) -> int:
    """Run the command; return its exit code."""
    found = {name: shutil.which(name, path=search_path()) for name in PROGRAMS}
    programs = {name: Path(path) for name, path in found.items() if path}
    if missing := found.keys() - programs.keys():
        sys.exit(f"not installed: {', '.join(sorted(missing))}; run scripts/tools first")
    with tempfile.TemporaryDirectory(prefix="drl-") as folder:
        async with control_plane(programs, Path(folder)) as config:
            return await held(config, command)


async def held(config: Path, command: list[str]) -> int:
    if command:
        environment = {**os.environ, "KUBECONFIG": str(config), "PATH": search_path()}  # noqa: TID251 -- handed on, not read
        child = await asyncio.create_subprocess_exec(*command, env=environment)
        return await child.wait()
    sys.stdout.write(f"export KUBECONFIG={config}\nCtrl-C ends it\n")
    sys.stdout.flush()
    await asyncio.Event().wait()
    return 0


with suppress(KeyboardInterrupt):
    sys.exit(asyncio.run(main(sys.argv[1:])))
