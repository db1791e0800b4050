"""`python -m bench [--short] [--strict] [--output table|json] [names…]`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvloop

from bench import api, cycle, delivery, scrape, sql, start
from bench.errors import BenchError, MissingToolError
from bench.figure import Figure, NotMeasured
from bench.report import as_json, machine, print_table
from bench.scale import FULL, SHORT
from dict_rate_limit.domain.errors import DictRateLimitError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.figure import Result
    from bench.scale import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A setup that measures figures of one or more groups."""

    name: str
    groups: tuple[str, ...]
    measure: Callable[[Scale], Awaitable[Sequence[Result]]]


SCENARIOS = (
    Scenario(name="api", groups=("api", "memory"), measure=api.measure),
    Scenario(name="cycle", groups=("cycle", "memory"), measure=cycle.measure),
    Scenario(name="delivery", groups=("delivery",), measure=delivery.measure),
    Scenario(name="scrape", groups=("scrape",), measure=scrape.measure),
    Scenario(name="sql", groups=("sql",), measure=sql.measure),
    Scenario(name="up", groups=("up",), measure=start.measure),
)
GROUPS = ("api", "cycle", "delivery", "scrape", "sql", "memory", "up")


def main() -> int:
    """Measure the chosen groups. Return 1 if a measurement failed, or with --strict if a target was missed."""
    arguments = parse()
    scale = SHORT if arguments.short else FULL
    about = {**machine(), "size": "short: a smoke test, not valid as a measurement" if scale.short else "full"}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the event loop of the product
        results = runner.run(measured(tuple(arguments.names) or GROUPS, scale))
    if arguments.output == "json":
        sys.stdout.write(as_json(results, about) + "\n")
    else:
        print_table(results, about, sys.stdout)
    missed = arguments.strict and any(isinstance(one, Figure) and one.missed for one in results)
    return 1 if missed or any(isinstance(one, NotMeasured) and one.broken for one in results) else 0


def parse() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure the product, each figure with a comparison or a limit."
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"groups to measure, of {', '.join(GROUPS)}; default all"
    )
    parser.add_argument("--short", action="store_true", help="less data, fewer rounds, under a minute: a smoke test")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in GROUPS:
            parser.error(f"{name}: expected some of {', '.join(GROUPS)}")
    return arguments


async def measured(groups: Sequence[str], scale: Scale) -> list[Result]:
    """Run every scenario with figures of these groups. A failure does not stop the others."""
    results: list[Result] = []
    for scenario in SCENARIOS:
        if not set(scenario.groups) & set(groups):
            continue
        began = time.monotonic()
        print(f"{scenario.name} ...", file=sys.stderr, flush=True)
        results += await outcome(scenario, scale)
        print(f"{scenario.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return sorted((one for one in results if one.group in groups), key=lambda one: GROUPS.index(one.group))


async def outcome(scenario: Scenario, scale: Scale) -> Sequence[Result]:
    """Run one scenario, and convert its errors to results."""
    try:
        return await scenario.measure(scale)
    except MissingToolError as error:
        return absent(scenario, error, broken=False)
    except (BenchError, DictRateLimitError) as error:
        return absent(scenario, error, broken=True)
    except Exception as error:
        logging.getLogger(scenario.name).exception("unexpected error in the benchmark or the product")
        return absent(scenario, error, broken=True)


def absent(scenario: Scenario, error: Exception, *, broken: bool) -> Sequence[Result]:
    """Return a result for each group that was not measured."""
    reason = str(error) or type(error).__name__
    return [NotMeasured(group=group, name=scenario.name, reason=reason, broken=broken) for group in scenario.groups]


if __name__ == "__main__":
    sys.exit(main())
