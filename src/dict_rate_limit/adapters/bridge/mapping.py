"""Convert the Bridge's messages to snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from google.protobuf.message import DecodeError

from dict_rate_limit.domain.buckets.bucket import POLICY_FIELDS, RawPolicy
from dict_rate_limit.domain.buckets.reading import Snapshot, split_valid
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.proto.rate_limit_service_pb2 import (
    GetRateLimitPoliciesResponse,
    GetRateLimitPolicyResponse,
    RateLimitPolicy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseContext:
    """The request of a response; `received_at` is our clock."""

    participant: str
    source: str
    received_at: datetime
    correlation_id: str | None

    def malformed(self, detail: str) -> SourceError:
        return SourceError(Outcome.MALFORMED, detail, correlation_id=self.correlation_id)


def list_snapshot(body: bytes, context: ResponseContext) -> Snapshot:
    """Convert a response to the list; without policies it is an empty snapshot.

    Raises:
        SourceError: MALFORMED, the bytes are not this message.
    """
    try:
        answer = GetRateLimitPoliciesResponse.FromString(body)
    except DecodeError as error:
        raise context.malformed(_unreadable(body)) from error
    return _snapshot(answer, answer.policies, context)


def single_snapshot(body: bytes, policy_name: str, context: ResponseContext) -> Snapshot:
    """Convert a response with one policy, which must be the requested one.

    Raises:
        SourceError: MALFORMED, not this message, no policy, another policy or an invalid one.
    """
    try:
        answer = GetRateLimitPolicyResponse.FromString(body)
    except DecodeError as error:
        raise context.malformed(_unreadable(body)) from error
    if not answer.HasField("policy"):
        detail = "an answer without a policy"
        raise context.malformed(detail)
    if answer.policy.name != policy_name:
        detail = f"asked for {policy_name}, answered for {answer.policy.name[:100]!r}"
        raise context.malformed(detail)
    snapshot = _snapshot(answer, [answer.policy], context)
    if snapshot.rejected:
        raise context.malformed(snapshot.rejected[0].reason)
    return snapshot


def odd_categories(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the categories of policies that differ from the participant's, sorted."""
    named = {bucket.policy_category for bucket in snapshot.buckets} - {"", snapshot.category}
    return tuple(sorted(named))


def _snapshot(
    answer: GetRateLimitPoliciesResponse | GetRateLimitPolicyResponse,
    policies: Sequence[RateLimitPolicy],
    context: ResponseContext,
) -> Snapshot:
    buckets, rejected = split_valid(_raw(policy) for policy in policies)
    return Snapshot(
        participant=context.participant,
        source=context.source,
        response_time=_response_time(answer),
        received_at=context.received_at,
        category=answer.category or _agreed_category(policies),
        correlation_id=context.correlation_id,
        buckets=buckets,
        rejected=rejected,
    )


def _raw(policy: RateLimitPolicy) -> RawPolicy:
    # The contract's message names its fields as the domain does.
    return RawPolicy(**{field: getattr(policy, field) for field in POLICY_FIELDS})


def _agreed_category(policies: Sequence[RateLimitPolicy]) -> str:
    named = {policy.policy_category for policy in policies}
    return named.pop() if len(named) == 1 else ""


def _response_time(answer: GetRateLimitPoliciesResponse | GetRateLimitPolicyResponse) -> datetime | None:
    """Return DICT's time; None without one, or when it is out of range."""
    if not answer.HasField("response_time"):
        return None
    try:
        return answer.response_time.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _unreadable(body: bytes) -> str:
    return f"an answer of {len(body)} bytes that is no message of the contract"
