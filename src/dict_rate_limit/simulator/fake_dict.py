"""The fake DICT: answers the two operations as the real one would, from its buckets.

Pure and deterministic: the same seed and the same calls at the same moments give the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dict_rate_limit.domain.buckets.bucket import RawPolicy
from dict_rate_limit.domain.buckets.catalog import (
    BY_CATEGORY,
    CATEGORY_LIMITS,
    FIXED_LIMITS,
    POLICIES_LIST,
    POLICIES_READ,
    PSP_POLICIES,
)
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.timestamps import require_timezone
from dict_rate_limit.simulator.bucket import SECOND, PolicyTraffic, Refill, TokenBucket, first_tokens, seeded
from dict_rate_limit.simulator.faults import ERRORS, Answer, ErrorStatus, Fault, Listing, Reply, corrupt
from dict_rate_limit.simulator.scenario import CategoryChange, Scenario

FIRST_CATEGORY: Final = "C"
"""Category of the first participant; the seed gives the others theirs."""
NEVER_SEC: Final = 86_400.0
_INTERNAL: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What an answer depends on besides the calls. `slow_sec` is the delay of a slow answer, in real seconds."""

    scenario: Scenario
    start: datetime
    participants: Sequence[str] = (DEFAULT_PARTICIPANT,)
    seed: int = 1
    refill: Refill = Refill.PRO_RATA
    slow_sec: float = 2.0

    def __post_init__(self) -> None:
        require_timezone("start", self.start)


class FakeDict:
    """DICT for the participants of one world. Each is created on its first request."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._positions = {name: position for position, name in enumerate(world.participants)}
        self._by_name: dict[str, SimulatedParticipant] = {}
        self._injected: frozenset[Fault] = frozenset()
        self._elapsed = 0

    @property
    def participants(self) -> Sequence[str]:
        """The participants that may be requested."""
        return self._world.participants

    def inject(self, *faults: Fault) -> None:
        """Show these faults, besides those of the scenario, until `clear` or the next call."""
        self._injected = frozenset(faults)

    def clear(self) -> None:
        self.inject()

    def list_policies(self, participant: str, at: datetime) -> Reply:
        """Answer the list; charged to POLICIES_LIST."""
        return self._call(participant, None, at)

    def get_policy(self, participant: str, policy_name: str, at: datetime) -> Reply:
        """Answer for one policy; charged to POLICIES_READ."""
        return self._call(participant, policy_name, at)

    def spend(self, participant: str, policy_name: str, requests: int, at: datetime) -> int:
        """Let the participant make requests of its own; return how many were admitted."""
        bucket = self._advanced(participant, at).bucket(policy_name)
        return 0 if bucket is None else bucket.spend(requests)

    def change_category(self, participant: str, category: str, at: datetime) -> None:
        self._advanced(participant, at).change_category(category)

    def _advanced(self, participant: str, at: datetime) -> SimulatedParticipant:
        if participant not in self._by_name:
            world, position = self._world, self._positions[participant]
            letters = tuple(CATEGORY_LIMITS)
            category = FIRST_CATEGORY if position == 0 else letters[seeded(world.seed, position) % len(letters)]
            self._by_name[participant] = SimulatedParticipant(
                world.scenario, position, category, world.seed, world.refill
            )
        simulated = self._by_name[participant]
        # A call that a later one overtook gets the later time: buckets cannot go backwards.
        self._elapsed = max(self._elapsed, (at - self._world.start) // timedelta(microseconds=1))
        simulated.catch_up(self._elapsed)
        return simulated

    def _call(self, participant: str, policy_name: str | None, at: datetime) -> Reply:
        if participant not in self._positions:
            error = ErrorStatus(status=403, detail=f"participant {participant} is not one of yours")
            return Reply(answer=error, correlation_id=self._correlation_id(participant, 0))
        simulated = self._advanced(participant, at)
        simulated.calls += 1
        faults = self._faults(at)
        return Reply(
            answer=self._answer(simulated, policy_name, at, faults),
            correlation_id=self._correlation_id(participant, simulated.calls),
            delay_sec=NEVER_SEC if Fault.SILENT in faults else self._world.slow_sec * (Fault.SLOW in faults),
        )

    def _answer(
        self, simulated: SimulatedParticipant, policy_name: str | None, at: datetime, faults: frozenset[Fault]
    ) -> Answer:
        if Fault.RATE_LIMITED in faults:
            return ERRORS[Fault.RATE_LIMITED]
        broken = next((error for fault, error in ERRORS.items() if fault in faults), None)
        charge = POLICIES_LIST if policy_name is None else POLICIES_READ
        # DICT charges every status but 500.
        free = broken is not None and broken.status == _INTERNAL
        error = (None if free else _charge(simulated, charge)) or broken
        if error is not None:
            return error
        if policy_name is None:
            return _listed(simulated, at, faults)
        if simulated.bucket(policy_name) is None:
            return _not_found(policy_name)
        return corrupt(_listing(simulated, (simulated.policy(policy_name),), at), faults, single=True)

    def _faults(self, at: datetime) -> frozenset[Fault]:
        elapsed = (at - self._world.start).total_seconds()
        shown = {window.fault for window in self._world.scenario.faults if window.covers(elapsed)}
        return self._injected | shown

    def _correlation_id(self, participant: str, call: int) -> str:
        return f"sim-{seeded(self._world.seed, participant, call):016x}"


def _listed(simulated: SimulatedParticipant, at: datetime, faults: frozenset[Fault]) -> Answer:
    if Fault.REPEATED_TIME in faults and simulated.last_listing is not None:
        return corrupt(simulated.last_listing, faults, single=False)
    simulated.last_listing = _listing(simulated, simulated.policies(), at)
    return corrupt(simulated.last_listing, faults, single=False)


def _listing(simulated: SimulatedParticipant, policies: tuple[RawPolicy, ...], at: datetime) -> Listing:
    return Listing(response_time=at, category=simulated.category, policies=policies)


def _charge(simulated: SimulatedParticipant, policy_name: str) -> ErrorStatus | None:
    """Consume one token, as every status but 500 does; return 429 from an empty bucket, which stays as it is."""
    bucket = simulated.bucket(policy_name)
    if bucket is None or bucket.spend(1):
        return None
    wait = bucket.seconds_to_admission()
    return ErrorStatus(status=429, detail=f"{policy_name} is empty", retry_after_sec=wait)


def _not_found(policy_name: str) -> ErrorStatus:
    return ErrorStatus(status=404, detail=f"there is no policy {policy_name[:100]}")


class SimulatedParticipant:
    """The buckets of one participant. `calls` counts its requests, `last_listing` is the last response to the list."""

    def __init__(self, scenario: Scenario, position: int, category: str, seed: int, refill: Refill) -> None:
        self.category = category
        self.calls = 0
        self.last_listing: Listing | None = None
        self._pending: list[CategoryChange] = list(scenario.changes) if scenario.affects(position) else []
        self._traffic = {
            name: _new_traffic(name, scenario, position, category, (seed, refill)) for name in PSP_POLICIES
        }

    def catch_up(self, at: int) -> None:
        """Advance to `at` microseconds, with the changes of category in between."""
        # Traffic before a change of category meets the limits before it.
        while self._pending and self._pending[0].after_sec * SECOND <= at:
            change = self._pending.pop(0)
            self._run_until(change.after_sec * SECOND)
            self.change_category(change.category)
        self._run_until(at)

    def change_category(self, category: str) -> None:
        """Apply the limits of another category. Tokens stay; limits too where the category is unknown."""
        self.category = category
        if category in CATEGORY_LIMITS:
            for name in BY_CATEGORY:
                self._traffic[name].bucket.change_limits(CATEGORY_LIMITS[category])

    def bucket(self, policy_name: str) -> TokenBucket | None:
        """Return one bucket; None without a policy of this name."""
        traffic = self._traffic.get(policy_name)
        return None if traffic is None else traffic.bucket

    def policies(self) -> tuple[RawPolicy, ...]:
        """Return all buckets as DICT shows them, in the order of the catalog."""
        return tuple(self.policy(name) for name in self._traffic)

    def policy(self, name: str) -> RawPolicy:
        """Return one bucket as DICT shows it; the name must be there."""
        bucket = self._traffic[name].bucket
        return RawPolicy(
            name=name,
            available_tokens=bucket.tokens,
            capacity=bucket.limits.capacity,
            refill_tokens=bucket.limits.refill_tokens,
            refill_period_sec=bucket.limits.refill_period_sec,
            policy_category=self.category,
        )

    def _run_until(self, at: int) -> None:
        for traffic in self._traffic.values():
            traffic.run_until(at)


def _new_traffic(
    name: str, scenario: Scenario, position: int, category: str, chance: tuple[int, Refill]
) -> PolicyTraffic:
    seed, refill = chance
    limits = FIXED_LIMITS.get(name) or CATEGORY_LIMITS[category]
    profile = scenario.profile(name, position)
    policy_seed = seeded(seed, position, name)
    bucket = TokenBucket(limits, tokens=first_tokens(limits, profile, policy_seed), refill=refill)
    return PolicyTraffic(name, bucket, profile, policy_seed)
