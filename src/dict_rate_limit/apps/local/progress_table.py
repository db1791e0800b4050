"""The progress table in the terminal while the components start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

FRAMES_PER_SEC: Final = 10


class ComponentState(StrEnum):
    """State of one component."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    EXTERNAL = "external"  # not started here, configured by its variable


STYLES: Final = {
    ComponentState.WAITING: "dim",
    ComponentState.STARTING: "yellow",
    ComponentState.READY: "green",
    ComponentState.EXTERNAL: "cyan",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One component. `since` and `until` are monotonic seconds, None = not yet."""

    state: ComponentState = ComponentState.WAITING
    where: str = ""
    since: float | None = None
    until: float | None = None

    def seconds(self, now: float) -> str:
        """Return how long the start took, or has taken so far."""
        if self.since is None:
            return ""
        return f"{(now if self.until is None else self.until) - self.since:.1f} s"


class ProgressTable:
    """The state of every component. A terminal shows a live table; other outputs get one line per change."""

    def __init__(self, console: Console, monotonic: Callable[[], float], components: Sequence[str]) -> None:
        self._console = console
        self._monotonic = monotonic
        self._rows = dict.fromkeys(components, Row())
        self._live = Live(get_renderable=self.table, console=console, refresh_per_second=FRAMES_PER_SEC)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop updating the table. Repeated calls do nothing."""
        self._live.stop()

    def begin(self, component: str) -> None:
        """Record that the component starts now."""
        self._rows[component] = Row(state=ComponentState.STARTING, since=self._monotonic())

    def show_waiting(self, component: str, arguments: str) -> None:
        """Show what a starting component waits for."""
        row = self._rows[component]
        if row.where != arguments:
            self._set(component, replace(row, where=arguments))

    def ready(self, component: str, where: str) -> None:
        row = replace(self._rows[component], state=ComponentState.READY, where=where, until=self._monotonic())
        self._set(component, row)

    def external(self, component: str, where: str) -> None:
        """Record that the component is external and is not started here."""
        self._set(component, Row(state=ComponentState.EXTERNAL, where=where))

    def table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for title in ("component", "state", "time"):
            table.add_column(title, no_wrap=True)
        table.add_column("address", overflow="fold")
        for component, row in self._rows.items():
            state = Text(row.state, style=STYLES[row.state])
            table.add_row(component, state, row.seconds(self._monotonic()), Text(row.where))
        return table

    def _set(self, component: str, row: Row) -> None:
        self._rows[component] = row
        if not self._console.is_terminal:
            arguments = (f"{component}:", row.state, row.seconds(self._monotonic()), row.where)
            self._console.print(Text(" ".join(word for word in arguments if word)), soft_wrap=True)
