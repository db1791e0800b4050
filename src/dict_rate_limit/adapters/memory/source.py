"""DICT replayed from stored polls, for trials and tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from dict_rate_limit.domain.buckets.reading import FailedPoll, Poll, Snapshot
from dict_rate_limit.domain.errors import Outcome, SourceError


class MemorySource:
    """Answers each list with the participant's next poll, failures included; the last one is repeated.

    A read of one policy uses the poll of the last list, or the first poll before any list.
    """

    name: Final = "memory"

    def __init__(self, polls: Iterable[Poll]) -> None:
        self._polls: dict[str, list[Poll]] = {}
        self._turn: dict[str, int] = {}
        for poll in polls:
            self._polls.setdefault(poll.participant, []).append(poll)

    async def list_policies(self, participant: str) -> Snapshot:
        self._turn[participant] = self._turn.get(participant, -1) + 1
        return self._current(participant)

    async def get_policy(self, participant: str, policy_name: str) -> Snapshot:
        snapshot = self._current(participant)
        for bucket in snapshot.buckets:
            if bucket.name == policy_name:
                return replace(snapshot, buckets=(bucket,), rejected=())
        raise SourceError(Outcome.NOT_FOUND, f"there is no policy {policy_name[:100]}")

    def _current(self, participant: str) -> Snapshot:
        polls = self._polls.get(participant)
        if polls is None:
            raise SourceError(Outcome.PERMISSION_DENIED, f"participant {participant[:20]} is not one of yours")
        poll = polls[min(self._turn.get(participant, 0), len(polls) - 1)]
        if isinstance(poll, FailedPoll):
            raise SourceError(
                poll.outcome, poll.detail, retry_after_sec=poll.retry_after_sec, correlation_id=poll.correlation_id
            )
        return poll
