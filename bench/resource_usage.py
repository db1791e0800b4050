"""Memory and processor time of processes, from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

KIB_PER_MIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUsage:
    """Resident memory now and at its peak, in MiB."""

    now: float
    peak: float


def memory_of(pid: int) -> MemoryUsage:
    """Return the sums of current and of peak memory of a process and its descendants."""
    parts = [memory_of_process(one) for one in (pid, *descendants(pid))]
    return MemoryUsage(now=sum(part.now for part in parts), peak=sum(part.peak for part in parts))


def cpu_seconds(pid: int) -> float:
    """Return user and kernel time of the process and its running descendants."""
    ticks = 0
    for one in (pid, *descendants(pid)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """Return the process ids of all descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *descendants(child))]


def memory_of_process(pid: int) -> MemoryUsage:
    """Return the memory of one process.

    Raises:
        BenchError: the process does not exist.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError as error:
        message = f"the memory of process {pid} cannot be read: {error}"
        raise BenchError(message) from error
    fields = dict(line.partition(":")[::2] for line in lines)
    return MemoryUsage(now=_mib(fields["VmRSS"]), peak=_mib(fields["VmHWM"]))


def _mib(field: str) -> float:
    return int(field.split(maxsplit=1)[0]) / KIB_PER_MIB
