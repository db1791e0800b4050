"""What may go wrong while measuring."""

from __future__ import annotations


class BenchError(Exception):
    """A measurement that did not come about; one line that says why."""


class MissingToolError(BenchError):
    """A program that this machine does not have."""
