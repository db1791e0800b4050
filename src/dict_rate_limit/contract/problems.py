"""Errors as problem documents (RFC 9457), with the status and the title of each type."""

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
    ALERT_NOT_FOUND = "alert-not-found"
    SILENCE_NOT_FOUND = "silence-not-found"
    DRILL_NOT_FOUND = "drill-not-found"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    CONFLICT = "conflict"
    BODY_TOO_LARGE = "body-too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    BRIDGE_UNAVAILABLE = "bridge-unavailable"
    STORE_UNAVAILABLE = "store-unavailable"
    INVALID_REQUEST = "invalid-request"
    INTERNAL_ERROR = "internal-error"


STATUSES: Final = {
    ProblemType.INVALID_PARAMETER: HTTPStatus.BAD_REQUEST,
    ProblemType.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ProblemType.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ProblemType.POLICY_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.ALERT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.SILENCE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.DRILL_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ProblemType.CONFLICT: HTTPStatus.CONFLICT,
    ProblemType.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ProblemType.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ProblemType.BRIDGE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemType.STORE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemType.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    ProblemType.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
}

TITLES: Final = {
    ProblemType.INVALID_PARAMETER: "A parameter is not valid",
    ProblemType.UNAUTHORIZED: "A token is needed",
    ProblemType.FORBIDDEN: "Not allowed",
    ProblemType.POLICY_NOT_FOUND: "No such policy",
    ProblemType.ALERT_NOT_FOUND: "No such alert",
    ProblemType.SILENCE_NOT_FOUND: "No such silence",
    ProblemType.DRILL_NOT_FOUND: "No such test alert",
    ProblemType.NOT_FOUND: "Nothing at this address",
    ProblemType.METHOD_NOT_ALLOWED: "This address does not take this method",
    ProblemType.CONFLICT: "It is not as you saw it",
    ProblemType.BODY_TOO_LARGE: "The body is too large",
    ProblemType.UNSUPPORTED_MEDIA_TYPE: "The body must be JSON",
    ProblemType.BRIDGE_UNAVAILABLE: "There is no reading yet, and none can be had now",
    ProblemType.STORE_UNAVAILABLE: "The database does not answer now",
    ProblemType.INVALID_REQUEST: "The request cannot be read",
    ProblemType.INTERNAL_ERROR: "Something went wrong here",
}


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body; `parameter` names the parameter or field that is not valid."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
