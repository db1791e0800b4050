"""One participant of the fake DICT: its category and buckets, advanced on demand."""

from __future__ import annotations

from dict_rate_limit.domain.buckets.bucket import RawPolicy
from dict_rate_limit.domain.buckets.catalog import BY_CATEGORY, CATEGORY_LIMITS, FIXED_LIMITS, PSP_POLICIES
from dict_rate_limit.simulator.answer import Listing
from dict_rate_limit.simulator.bucket import SECOND, Refill, TokenBucket
from dict_rate_limit.simulator.scenario import CategoryChange, Scenario
from dict_rate_limit.simulator.traffic import PolicyTraffic, first_tokens, seeded


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
