import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetRateLimitPoliciesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRateLimitPoliciesResponse(_message.Message):
    __slots__ = ("response_time", "category", "policies")
    RESPONSE_TIME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    response_time: _timestamp_pb2.Timestamp
    category: str
    policies: _containers.RepeatedCompositeFieldContainer[RateLimitPolicy]
    def __init__(self, response_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping[str, object]]] = ..., category: _Optional[str] = ..., policies: _Optional[_Iterable[_Union[RateLimitPolicy, _Mapping[str, object]]]] = ...) -> None: ...

class GetRateLimitPolicyRequest(_message.Message):
    __slots__ = ("policy_name",)
    POLICY_NAME_FIELD_NUMBER: _ClassVar[int]
    policy_name: str
    def __init__(self, policy_name: _Optional[str] = ...) -> None: ...

class GetRateLimitPolicyResponse(_message.Message):
    __slots__ = ("response_time", "category", "policy")
    RESPONSE_TIME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    response_time: _timestamp_pb2.Timestamp
    category: str
    policy: RateLimitPolicy
    def __init__(self, response_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping[str, object]]] = ..., category: _Optional[str] = ..., policy: _Optional[_Union[RateLimitPolicy, _Mapping[str, object]]] = ...) -> None: ...

class RateLimitPolicy(_message.Message):
    __slots__ = ("name", "available_tokens", "capacity", "refill_tokens", "refill_period_sec", "policy_category")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    REFILL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REFILL_PERIOD_SEC_FIELD_NUMBER: _ClassVar[int]
    POLICY_CATEGORY_FIELD_NUMBER: _ClassVar[int]
    name: str
    available_tokens: int
    capacity: int
    refill_tokens: int
    refill_period_sec: int
    policy_category: str
    def __init__(self, name: _Optional[str] = ..., available_tokens: _Optional[int] = ..., capacity: _Optional[int] = ..., refill_tokens: _Optional[int] = ..., refill_period_sec: _Optional[int] = ..., policy_category: _Optional[str] = ...) -> None: ...
