"""Write the tables of docs/metrics.md from the catalogue. With --check, only report whether they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from dict_rate_limit.adapters.telemetry.prometheus.catalog import CATALOG, MetricOrigin, MetricSpec, Type

PAGE: Final = Path(__file__).parents[1] / "docs" / "metrics.md"
MARK: Final = "<!-- From here on written by scripts/metrics. -->\n"
HEADS: Final = {
    MetricOrigin.STORED: (
        "Stored state",
        "Read from the database at each scrape. Available right after a restart, and equal on every replica.",
    ),
    MetricOrigin.PROCESS: ("This process", "Counted since the process started. Sum them over replicas."),
    MetricOrigin.SETTINGS: ("Settings and files", "From the settings, the files and the version of the process."),
}


def main(arguments: list[str]) -> int:
    """Write or compare the page; return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("scripts/metrics: expected --check or nothing\n")
        return 64
    head, mark, tables = PAGE.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        sys.stderr.write(f"docs/metrics.md: expected the line {MARK}")
        return 1
    if not arguments:
        PAGE.write_text(head + mark + reference(), encoding="utf-8")
    elif tables != reference():
        sys.stderr.write("docs/metrics.md differs from the catalogue: run scripts/metrics\n")
        return 1
    return 0


def reference() -> str:
    """Return one table for each origin."""
    return "".join(_section(origin) for origin in MetricOrigin)


def _section(origin: MetricOrigin) -> str:
    title, words = HEADS[origin]
    rows = "".join(_row(metric) for metric in CATALOG.values() if metric.origin is origin)
    return f"\n## {title}\n\n{words}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n{rows}"


def _row(metric: MetricSpec) -> str:
    name = f"{metric.family}_total" if metric.type is Type.COUNTER else metric.family
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{name}` | {metric.type} | {labels} | {metric.text} |\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
