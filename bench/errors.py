"""Errors of a measurement."""

from __future__ import annotations


class BenchError(Exception):
    """A measurement failed. The text is one line."""


class MissingToolError(BenchError):
    """A program is not installed."""
