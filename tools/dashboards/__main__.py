"""Write the dashboards. With --check, only report whether the committed files are up to date.

The chart reads helm/dashboards, because Helm reads no files outside the chart. configs/grafana has the same files for
a Grafana elsewhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from tools.dashboards import overview, performance, policy, poller

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("helm/dashboards", "configs/grafana/dashboards")
BOARDS: Final = (overview.board, policy.board, poller.board, performance.board)


def main(arguments: list[str]) -> int:
    """Write or compare the files; return the exit code."""
    made = {f"{board.name}.json": _text(board.json()) for board in (make() for make in BOARDS)}
    if arguments == ["--check"]:
        differences = [difference for folder in FOLDERS for difference in _differences(ROOT / folder, made)]
        sys.stderr.writelines(f"{difference}: run scripts/dashboards\n" for difference in differences)
        return 1 if differences else 0
    if arguments:
        sys.stderr.write("scripts/dashboards: expected --check or nothing\n")
        return 64
    for folder in FOLDERS:
        _write(ROOT / folder, made)
    return 0


def _text(dashboard: dict[str, object]) -> str:
    return json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n"


def _write(folder: Path, made: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stray in set(folder.glob("*.json")) - {folder / name for name in made}:
        stray.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def _differences(folder: Path, made: dict[str, str]) -> list[str]:
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    shown = folder.relative_to(ROOT)
    return [
        f"{shown}/{name} differs from the output of tools/dashboards"
        for name in sorted(made.keys() | found.keys())
        if made.get(name) != found.get(name)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
