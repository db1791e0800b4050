from __future__ import annotations

import io

from rich.console import Console

from dict_rate_limit.apps.local.progress_table import ProgressTable


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def drawn(progress: ProgressTable) -> list[str]:
    screen = Console(file=io.StringIO(), width=100)
    with screen.capture() as text:
        screen.print(progress.table())
    return [" ".join(line.split()) for line in text.get().splitlines()]


def test_the_table_has_name_address_and_duration() -> None:
    watch = Stopwatch()
    progress = ProgressTable(Console(file=io.StringIO()), watch, ("PostgreSQL", "Temporal", "Valkey", "Worker"))

    progress.begin("PostgreSQL")
    progress.begin("Temporal")
    watch.seconds += 1.25
    progress.ready("Temporal", "127.0.0.1:7233")
    progress.external("Valkey", "cache:6379 (REDIS_ADDR)")
    watch.seconds += 1

    assert drawn(progress) == [
        "component state time address",
        "PostgreSQL starting 2.2 s",
        "Temporal ready 1.2 s 127.0.0.1:7233",
        "Valkey external cache:6379 (REDIS_ADDR)",
        "Worker waiting",
    ]


def test_without_a_terminal_each_ready_component_is_a_line() -> None:
    watch = Stopwatch()
    page = io.StringIO()
    with ProgressTable(Console(file=page, width=20), watch, ("Temporal", "Valkey")) as progress:
        progress.begin("Temporal")
        watch.seconds += 0.5
        progress.ready("Temporal", "127.0.0.1:7233")
        progress.external("Valkey", "[bold]cache:6379")

    assert page.getvalue() == "Temporal: ready 0.5 s 127.0.0.1:7233\nValkey: external [bold]cache:6379\n"


def test_in_a_terminal_the_table_stays_after_the_start() -> None:
    page = io.StringIO()
    console = Console(file=page, force_terminal=True, width=80)
    with ProgressTable(console, Stopwatch(), ("Temporal",)) as progress:
        progress.begin("Temporal")
        progress.ready("Temporal", "127.0.0.1:7233")
        progress.close()
        console.print("up")

    assert page.getvalue().count("up") == 1
    assert "127.0.0.1:7233" in page.getvalue()
