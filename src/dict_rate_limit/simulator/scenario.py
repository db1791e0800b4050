"""Named scenarios of traffic and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from dict_rate_limit.domain.buckets.catalog import ANTISCAN, POLICIES_LIST, POLICIES_READ
from dict_rate_limit.domain.errors import SettingsError
from dict_rate_limit.simulator.bucket import CALM, SILENT, Phase, TrafficProfile
from dict_rate_limit.simulator.faults import Fault, FaultWindow

DEFAULT_SCENARIO: Final = "lively"


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChange:
    """BACEN moves a participant to another category."""

    after_sec: int
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens, in seconds of virtual time since the start.

    `profiles` (traffic by policy) and `changes` concern the first `affected` participants (None: all). The others, and
    policies without a profile, have `background` traffic. Fault windows concern all participants.
    """

    name: str
    summary: str
    profiles: Mapping[str, TrafficProfile] = field(default_factory=lambda: MappingProxyType({}))
    changes: tuple[CategoryChange, ...] = ()
    faults: tuple[FaultWindow, ...] = ()
    affected: int | None = 1
    background: TrafficProfile = CALM

    def profile(self, policy_name: str, position: int) -> TrafficProfile:
        """Return the traffic of a policy of the participant at this position."""
        if self.affects(position) and policy_name in self.profiles:
            return self.profiles[policy_name]
        return SILENT if policy_name in {POLICIES_LIST, POLICIES_READ} else self.background

    def affects(self, position: int) -> bool:
        """Return whether the participant at this position is affected."""
        return self.affected is None or position < self.affected


def _profile(*phases: tuple[int, int], start_pct: int | None = None) -> TrafficProfile:
    steps = tuple(Phase(seconds=seconds, load_pct=load) for seconds, load in phases)
    return TrafficProfile(phases=steps, start_pct=start_pct, noise_pct=5)


_SCAN: Final = Phase(seconds=240, load_pct=60, missing_pct=95, paid_pct=0)

_SCENARIOS: Final = (
    Scenario(
        name="lively",
        summary="several buckets fall below thresholds and recover, from the first minute on",
        profiles={
            # 40/min of 200: warning at once, back to normal within a minute
            "INFRACTION_REPORTS_LIST_WITH_ROLE": _profile((240, 20), (60, 600), (120, 20), start_pct=18),
            # 10/min of 50: critical at once, then warning, resolved after a minute and a half
            "CLAIMS_LIST_WITHOUT_ROLE": _profile((300, 10), (60, 500), (240, 10), start_pct=6),
            # 70/min of 70: a runaway job empties it within half a minute, for a minute
            "KEYS_CHECK": _profile((15, 60), (60, 450), (165, 30), start_pct=90),
            # 600/min of 600: a batch consumes most of it and ends
            "ENTRIES_UPDATE": _profile((20, 60), (30, 248), (40, 100), (210, 40), start_pct=100),
            # Three minutes of refill: a wave that an operator can watch.
            "PERSONS_STATISTICS_READ": _profile((120, 130), (240, 40), start_pct=70),
            ANTISCAN: TrafficProfile(
                phases=(Phase(seconds=150, load_pct=120), _SCAN, Phase(seconds=330, load_pct=60)), start_pct=85
            ),
        },
        affected=3,
    ),
    Scenario(name="still", summary="no requests: every bucket is full", background=SILENT),
    Scenario(name="calm-day", summary="ordinary traffic: no bucket near a threshold"),
    Scenario(
        name="payday-burst",
        summary="salaries arrive: eight minutes of heavy traffic each hour",
        profiles={
            ANTISCAN: _profile((120, 90), (480, 300), (3000, 60), start_pct=90),
            "ENTRIES_WRITE": _profile((120, 60), (480, 600), (3000, 20), start_pct=90),
            "PERSONS_STATISTICS_READ": _profile((120, 60), (480, 150), (3000, 50), start_pct=90),
            "KEYS_CHECK": _profile((120, 50), (480, 140), (3000, 40), start_pct=100),
        },
        affected=None,
    ),
    Scenario(
        name="404-scan",
        summary="a scan of keys that do not exist: three tokens each, no payment orders",
        profiles={
            ANTISCAN: TrafficProfile(
                phases=(Phase(seconds=60, load_pct=70), _SCAN, Phase(seconds=600, load_pct=60)), start_pct=95
            )
        },
    ),
    Scenario(
        name="runaway-job",
        summary="a job in a loop keeps two small buckets empty for ten minutes",
        profiles={
            "KEYS_CHECK": _profile((60, 50), (600, 500), (600, 30), start_pct=100),
            "CLAIMS_LIST_WITHOUT_ROLE": _profile((60, 30), (600, 400), (600, 10), start_pct=100),
        },
    ),
    Scenario(
        name="category-downgrade",
        summary="after two minutes BACEN halves the category's buckets; the traffic stays",
        profiles={ANTISCAN: _profile((3600, 150), start_pct=95), "ENTRIES_STATISTICS_READ": _profile((3600, 40))},
        changes=(CategoryChange(after_sec=120, category="D"),),
    ),
    Scenario(
        name="outage",
        summary="DICT answers 503 for five minutes of every fifteen",
        faults=(FaultWindow(fault=Fault.UNAVAILABLE, from_sec=120, to_sec=420, every_sec=900),),
    ),
    Scenario(
        name="clock-repeat",
        summary="a proxy repeats old answers, then DICT's clock runs ten minutes behind",
        faults=(
            FaultWindow(fault=Fault.REPEATED_TIME, from_sec=60, to_sec=240, every_sec=600),
            FaultWindow(fault=Fault.BACKWARDS_TIME, from_sec=300, to_sec=360, every_sec=600),
        ),
    ),
)

SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType({scenario.name: scenario for scenario in _SCENARIOS})
"""Every scenario by the name the command line takes."""


def scenario_named(name: str) -> Scenario:
    """Return the scenario.

    Raises:
        SettingsError: there is no scenario of this name; the message lists the names.
    """
    if name not in SCENARIOS:
        raise SettingsError((f"scenario: {name!r}, expected one of {', '.join(SCENARIOS)}",))
    return SCENARIOS[name]
