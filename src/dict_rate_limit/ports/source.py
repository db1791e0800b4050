"""Where policies are read."""

from __future__ import annotations

from typing import Protocol

from dict_rate_limit.domain.buckets.reading import Snapshot


class PolicySource(Protocol):
    """DICT. Each call spends one token of the participant's POLICIES_LIST or POLICIES_READ."""

    @property
    def name(self) -> str:
        """The connection, as in `Snapshot.source`: "bridge" for the Bridge."""

    async def list_policies(self, participant: str) -> Snapshot:
        """Read all buckets of a participant.

        Raises:
            SourceError: with the Outcome; never another error.
        """

    async def get_policy(self, participant: str, policy_name: str) -> Snapshot:
        """Read one bucket; the snapshot holds exactly that one.

        Raises:
            SourceError: as above; MALFORMED where the answer names another policy.
        """
