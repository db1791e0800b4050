"""Output of figures as a table or as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bench.figure import Figure, NotMeasured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from bench.figure import Comparison, Result, Target

WIDTH = 170


def machine() -> dict[str, object]:
    """Describe this machine in general terms."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def as_json(results: Sequence[Result], about: dict[str, object]) -> str:
    """Return all results as one JSON document."""
    document = {
        **about,
        "figures": [asdict(one) | {"missed": one.missed} for one in results if isinstance(one, Figure)],
        "absent": [asdict(one) for one in results if isinstance(one, NotMeasured)],
    }
    return json.dumps(document, indent=2)


def print_table(results: Sequence[Result], about: dict[str, object], out: TextIO) -> None:
    """Print one line per figure."""
    table = Table(title=", ".join(f"{name} {value}" for name, value in about.items()), title_justify="left")
    for heading in ("", "figure", "measured", "target", "met", "compared with, in the same run", "notes"):
        table.add_column(heading, justify="right" if heading in {"measured", "target"} else "left")
    for result in results:
        table.add_row(*(_line(result) if isinstance(result, Figure) else _absent(result)))
    Console(file=out, width=WIDTH, highlight=False).print(table)


def _line(figure: Figure) -> tuple[str, ...]:
    met = "" if figure.target is None else "no" if figure.missed else "yes"
    return (
        figure.group,
        figure.name,
        _value(figure.value, figure.unit),
        _limit(figure.target, figure.unit),
        met,
        "; ".join(map(_comparison, figure.comparisons)),
        figure.note,
    )


def _absent(absent: NotMeasured) -> tuple[str, ...]:
    return absent.group, absent.name, "failed" if absent.broken else "skipped", "", "", "", absent.reason


def _limit(target: Target | None, unit: str) -> str:
    return "" if target is None else f"{'≥' if target.at_least else '≤'} {_value(target.limit, unit)}"


def _comparison(peer: Comparison) -> str:
    return f"{peer.name} {_value(peer.value, peer.unit)}"


def _value(value: float, unit: str) -> str:
    hundred = 100
    text = f"{value:,.0f}" if abs(value) >= hundred else f"{value:.3g}"
    return f"{text} {unit}".strip()
