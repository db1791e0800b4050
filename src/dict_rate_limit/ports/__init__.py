"""What the use cases need from outside, in their own words. Every port has a memory adapter and a real one.

Adapters translate their library's errors into `domain.errors` at the edge; nothing else of a library leaves them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta

    from dict_rate_limit.domain.alerts.alert import Alert, Kind, Severity, TransitionKind
    from dict_rate_limit.domain.alerts.state import Evaluation, ParticipantState, PolicyOverride
    from dict_rate_limit.domain.buckets.consumption import Consumption
    from dict_rate_limit.domain.buckets.reading import Poll, Snapshot
    from dict_rate_limit.domain.errors import Outcome
