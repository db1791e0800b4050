"""What the product is told from outside: one pure function from a mapping of texts to a frozen object."""

from __future__ import annotations

from dict_rate_limit.settings.definition import Program, Provenance, ValueOrigin
from dict_rate_limit.settings.fields import Settings
from dict_rate_limit.settings.loader import load, required

__all__ = ["Origin", "Program", "Provenance", "Settings", "load", "required"]
