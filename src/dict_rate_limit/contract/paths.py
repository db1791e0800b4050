"""The paths of the API."""

from __future__ import annotations

from typing import Final

ROOT: Final = "/api/v1/rate-limit"
POLICIES: Final = ROOT + "/policies"
ALERTS: Final = ROOT + "/alerts"
SILENCES: Final = ROOT + "/silences"
EXPLAIN: Final = ROOT + "/explain"
DRILLS: Final = ROOT + "/drills"
AUDIT: Final = ROOT + "/audit"
