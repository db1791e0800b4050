"""The programs of the test cluster: what scripts/tools installed, else what is on the PATH."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl")
CLIENTS = ("kubectl", "helm")


def tools_folder() -> Path:
    """Return where scripts/tools puts programs."""
    where = subprocess.run(
        [str(REPOSITORY / "scripts" / "tools"), "--where"], check=True, capture_output=True, text=True
    )
    return Path(where.stdout.strip())


def found(names: tuple[str, ...]) -> dict[str, Path]:
    """Return those of the programs that are there, by name."""
    folder = tools_folder()
    paths = {name: shutil.which(name, path=str(folder)) or shutil.which(name) for name in names}
    return {name: Path(path) for name, path in paths.items() if path}
