"""Parameters of paths and queries. Input that is not understood is rejected, never ignored."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Final, Self
from urllib.parse import parse_qsl
from uuid import UUID

from litestar.params import PathParameter, QueryParameter

from dict_rate_limit.apps.api.problems import ProblemError, invalid
from dict_rate_limit.contract.problems import ProblemType
from dict_rate_limit.domain.buckets.bucket import POLICY_NAME, is_policy_name

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.datastructures import State
    from litestar.handlers import BaseRouteHandler

LONGEST_QUERY: Final = 1_000
MILLIONTHS: Final = 1_000_000

_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,6}))?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,6}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


# Litestar's own conversions are lax: for it, 1e2 and 5.0 are integers and a UUID needs no hyphens.
class _Count(int):
    @classmethod
    def parse(cls, text: str) -> Self:
        if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
            message = f"expected a whole number from 1 to {MAX_LIMIT}"
            raise ValueError(message)
        return cls(text)


class _Millionths(int):
    @classmethod
    def parse(cls, text: str) -> Self:
        match = _PERCENT.fullmatch(text)
        value = int(match[1]) * MILLIONTHS + int((match[2] or "").ljust(6, "0")) if match else -1
        if not 0 <= value <= 100 * MILLIONTHS:
            message = "expected a number from 0 to 100, at most six decimals"
            raise ValueError(message)
        return cls(value)


class _Identifier(UUID):
    @classmethod
    def parse(cls, text: str) -> Self:
        if not _UUID.fullmatch(text):
            message = "expected a UUID such as 0190c2b8-7a55-5d0e-9d43-3f1b7a0c5d11"
            raise ValueError(message)
        return cls(text)


class _PolicyName(str):
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        # Litestar leaves the slash before the rest of a path in it.
        name = text.removeprefix("/")
        if not is_policy_name(name):
            message = "expected 1 to 100 of A-Z, 0-9 and _"
            raise ValueError(message)
        return cls(name)


_TYPES: Final = (_Count, _Millionths, _Identifier, _PolicyName)
DECODERS: Final = [(lambda kind: kind in _TYPES, lambda kind, text: kind.parse(str(text)))]

MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = _Count(100)
ALL: Final = _Count(MAX_LIMIT)


def _limit(default: int) -> QueryParameter:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": int(default)}
    return QueryParameter(description="The maximum number of items.", schema_extra=schema)


Limit = Annotated[_Count, _limit(DEFAULT_LIMIT)]
LimitOfAll = Annotated[_Count, _limit(ALL)]
Identifier = Annotated[_Identifier, PathParameter(schema_extra={"type": "string", "format": "uuid"})]
Percent = _Millionths
PolicyName = Annotated[
    _PolicyName,
    PathParameter(
        description="Name of the policy, for example CLAIMS_READ.",
        schema_extra={"type": "string", "pattern": f"^{POLICY_NAME.pattern}$"},
    ),
]
Participant = Annotated[
    str | None, QueryParameter(description="ISPB of a configured participant; by default the first one.")
]


def strict_query(connection: ASGIConnection[object, object, object, State], handler: BaseRouteHandler) -> None:
    """Reject a query that the handler's signature does not describe; a guard.

    Raises:
        ProblemError: naming the parameter.
    """
    # OPTIONS is answered by Litestar's own handler, which has no parameters.
    if connection.scope.get("method") != "OPTIONS":
        signature = handler.parsed_fn_signature.parameters.items()
        names = {
            parameter.kwarg_definition.name or name: None
            for name, parameter in signature
            if isinstance(parameter.kwarg_definition, QueryParameter)
        }
        parse_query(connection.scope["query_string"], names)


def parse_query(raw: bytes, allowed: Collection[str]) -> Mapping[str, str]:
    """Read a query string in which each of the allowed names occurs at most once, with a value.

    Raises:
        ProblemError: anything else, naming the parameter.
    """
    if len(raw) > LONGEST_QUERY:
        raise ProblemError(ProblemType.INVALID_PARAMETER, f"query: longer than {LONGEST_QUERY} bytes")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ProblemError(ProblemType.INVALID_PARAMETER, "query: not UTF-8 in percent-encoding") from error
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in allowed:
            raise invalid(name, f"unknown, expected {', '.join(allowed) or 'none'}")
        if name in values:
            raise invalid(name, "given more than once")
        values[name] = value
    return values
