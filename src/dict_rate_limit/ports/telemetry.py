"""Steps that adapters take on the way, told to whoever watches: today traces. The adapter knows nothing of them."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    Attributes = Mapping[str, str | int]

PARTICIPANT: Final = "dict_rate_limit.participant"
"""The fact of whose data it is about."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Component(StrEnum):
    """Who is asked by a step."""

    SOURCE = "SOURCE"  # DICT, over the Bridge
    STORE = "STORE"  # PostgreSQL
    CACHE = "CACHE"  # Redis
    BROKER = "BROKER"  # Pulsar
    CHANNEL = "CHANNEL"  # people and programs


class Span(Protocol):
    """What was begun.

    As a context manager it ends with its block, and steps begun inside belong to it; else `end` ends it, from whatever
    thread. What ends it first counts.
    """

    @property
    def trace_headers(self) -> Mapping[str, str]:
        """What the other side is to be sent (W3C Trace Context) so that its own steps belong to this one."""

    def end(self, failure: str | None = None) -> None:
        """End it; `failure` is a word for what went wrong, never a text that may hold more."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracer(Protocol):
    """Where adapters begin steps. Never raises, never waits."""

    def begin(self, part: Component, name: str, facts: Attributes = NOTHING) -> Span:
        """Begin a step. Its name and its facts hold no secrets and no values of a participant's data.

        Names are few, as for metrics; facts are called as in OpenTelemetry's semantic conventions.
        """


class _NullSpan:
    """Nobody watches."""

    trace_headers: Mapping[str, str] = NOTHING

    def end(self, failure: str | None = None) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""


class _NullTracer:
    """Nobody watches."""

    def begin(self, _part: Component, _name: str, _facts: Attributes = NOTHING) -> Span:
        """Return the step that does nothing."""
        return _NULL_SPAN


_NULL_SPAN: Final = _NullSpan()
NULL_TRACER: Final[Tracer] = _NullTracer()
"""For whoever is not watched."""


class WorkerMetrics(Protocol):
    """Is told of finished work. Never raises, never waits."""

    def attempted(self, activity: str, seconds: float, *, failed: bool) -> None:
        """Take one attempt of an activity; one that was cancelled has failed."""

    def cycle_ended(self, seconds: float, *, good: bool) -> None:
        """Take a monitoring cycle that is published; `good`: there were new readings, and all was told."""


class _Nobody:
    """Counts nothing."""

    def attempted(self, activity: str, seconds: float, *, failed: bool) -> None:
        """Do nothing."""

    def cycle_ended(self, seconds: float, *, good: bool) -> None:
        """Do nothing."""


NULL_METRICS: Final[WorkerMetrics] = _Nobody()
"""For work that is not counted."""
