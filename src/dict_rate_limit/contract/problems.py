"""Errors as problem documents (RFC 9457), with the status and the title of each type."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

MEDIA_TYPE: Final = "application/problem+json"


class ProblemType(StrEnum):
    """The `type` of a problem. Clients may rely on these values."""

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


class _Kind(NamedTuple):
    status: HTTPStatus
    title: str
    """The `title` of the document."""
    description: str
    """When it is the response, for the OpenAPI document."""
    detail: str
    """An example of the `detail`."""


KINDS: Final = {
    ProblemType.INVALID_PARAMETER: _Kind(
        HTTPStatus.BAD_REQUEST,
        "A parameter or field is invalid",
        "A parameter or field is unknown, missing, repeated or invalid",
        "min_utilization: 'nan', expected a number from 0 to 100, at most six decimals",
    ),
    ProblemType.UNAUTHORIZED: _Kind(
        HTTPStatus.UNAUTHORIZED,
        "A valid token is required",
        "The token is missing, unknown or expired",
        "Send the header Authorization: Bearer <token>.",
    ),
    ProblemType.FORBIDDEN: _Kind(
        HTTPStatus.FORBIDDEN,
        "Not allowed",
        "The role is not sufficient, or the Host header names another machine",
        "This needs the role operator.",
    ),
    ProblemType.POLICY_NOT_FOUND: _Kind(
        HTTPStatus.NOT_FOUND,
        "No such policy",
        "The last reading has no such policy",
        "CLAIMS_WRITE is not in the last reading of 12345678.",
    ),
    ProblemType.ALERT_NOT_FOUND: _Kind(
        HTTPStatus.NOT_FOUND,
        "No such alert",
        "No alert has this id",
        "alert: 7f0c1f2e-58a1-5c0b-9d55-0a4f0b6f3c11, expected the id of an alert",
    ),
    ProblemType.SILENCE_NOT_FOUND: _Kind(
        HTTPStatus.NOT_FOUND,
        "No such silence",
        "No silence has this id, or it has ended",
        "silence: 3b1a5f0e-2c7d-4a52-8f5d-6f1e2d3c4b5a, expected one that has not ended",
    ),
    ProblemType.DRILL_NOT_FOUND: _Kind(
        HTTPStatus.NOT_FOUND,
        "No such test alert",
        "No test alert has this id",
        "drill: c1d2e3f4-0a1b-5c2d-9e3f-4a5b6c7d8e9f, expected the id of a test alert",
    ),
    ProblemType.NOT_FOUND: _Kind(
        HTTPStatus.NOT_FOUND, "No such path", "The path does not exist", "See /schema for the paths of this API."
    ),
    ProblemType.METHOD_NOT_ALLOWED: _Kind(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The path does not accept this method",
        "Allowed: GET, OPTIONS.",
    ),
    ProblemType.CONFLICT: _Kind(
        HTTPStatus.CONFLICT,
        "Conflict with the current state",
        "The alert is resolved, has changed since the client read it, or is acknowledged by another actor",
        "sequence: 2, expected 3: the alert has changed, read it again",
    ),
    ProblemType.BODY_TOO_LARGE: _Kind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is too large",
        "The body is larger than 16 kB",
        "At most 16384 bytes.",
    ),
    ProblemType.UNSUPPORTED_MEDIA_TYPE: _Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body must be JSON",
        "The Content-Type header is not application/json",
        "Send the header Content-Type: application/json.",
    ),
    ProblemType.BRIDGE_UNAVAILABLE: _Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "No reading is available",
        "The source has not returned a reading yet",
        "The source has not returned a reading yet; the monitor retries.",
    ),
    ProblemType.STORE_UNAVAILABLE: _Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database is unavailable",
        "The database is unavailable",
        "Alerts, silences and the audit log are stored there; try again later.",
    ),
    ProblemType.INVALID_REQUEST: _Kind(
        HTTPStatus.BAD_REQUEST, "The request cannot be read", "The request cannot be read", "The body is not JSON."
    ),
    ProblemType.INTERNAL_ERROR: _Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "Internal error",
        "The server's log has the details, at the time of this response.",
    ),
}


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an error response. `parameter` names the invalid parameter or field."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None


def problem_document(kind: ProblemType, detail: str, parameter: str | None = None) -> ProblemDocument:
    """Return the document of a problem."""
    status, title, *_ = KINDS[kind]
    return ProblemDocument(type=kind.value, title=title, status=status.value, detail=detail, parameter=parameter)
