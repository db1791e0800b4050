"""Configuration: one pure function from environment variables to a frozen object."""

from __future__ import annotations

from dict_rate_limit.settings.definition import Program, Provenance, SettingOrigin
from dict_rate_limit.settings.fields import Settings
from dict_rate_limit.settings.loader import load, required

__all__ = ["Program", "Provenance", "SettingOrigin", "Settings", "load", "required"]
