"""Errors as problem documents (RFC 9457): the one table from what went wrong to what HTTP says."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Final

import msgspec

MEDIA_TYPE: Final = "application/problem+json"


class ProblemType(StrEnum):
    """The `type` of a problem; clients may rely on the word."""

    INVALID_PARAMETER = "invalid-parameter"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    POLICY_NOT_FOUND = "policy-not-found"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    BRIDGE_UNAVAILABLE = "bridge-unavailable"
    INVALID_REQUEST = "invalid-request"
    INTERNAL_ERROR = "internal-error"


STATUSES: Final = {
    ProblemType.INVALID_PARAMETER: HTTPStatus.BAD_REQUEST,
    ProblemType.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ProblemType.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ProblemType.POLICY_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ProblemType.BRIDGE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemType.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    ProblemType.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_TITLES: Final = {
    ProblemType.INVALID_PARAMETER: "A parameter is not valid",
    ProblemType.UNAUTHORIZED: "A token is needed",
    ProblemType.FORBIDDEN: "Not allowed",
    ProblemType.POLICY_NOT_FOUND: "No such policy",
    ProblemType.NOT_FOUND: "Nothing at this address",
    ProblemType.METHOD_NOT_ALLOWED: "This address does not take this method",
    ProblemType.BRIDGE_UNAVAILABLE: "There is no reading yet, and none can be had now",
    ProblemType.INVALID_REQUEST: "The request cannot be read",
    ProblemType.INTERNAL_ERROR: "Something went wrong here",
}


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body; `parameter` names the one that is not valid."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None


class ProblemError(Exception):
    """A request ends with this problem."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        *,
        parameter: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Keep what the client is told."""
        super().__init__(detail)
        self.kind = kind
        self.headers = headers
        self.document = ProblemDocument(
            type=kind.value, title=_TITLES[kind], status=STATUSES[kind].value, detail=detail, parameter=parameter
        )

    @property
    def body(self) -> bytes:
        """The document as it is sent."""
        return msgspec.json.encode(self.document)
