"""What went wrong, as the client is told: nothing of the inside leaves with it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.response import Response

from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.contract.problems import MEDIA_TYPE, ProblemType
from dict_rate_limit.domain.errors import ConflictError, NoReadingError, StoreUnavailableError

if TYPE_CHECKING:
    from litestar import Request
    from litestar.datastructures import State
    from litestar.types import ExceptionHandlersMap

    AnyRequest = Request[object, object, State]

RETRY_AFTER: Final = "5"
LARGEST_BODY: Final = 16_384

_log = logging.getLogger(__name__)


def problem_response(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer with the problem document of an error."""
    problem = error if isinstance(error, ProblemError) else _problem(request, error)
    headers = dict(problem.headers) | {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(problem.body, status_code=problem.document.status, media_type=MEDIA_TYPE, headers=headers)


HANDLERS: Final[ExceptionHandlersMap] = {
    ProblemError: problem_response,
    HTTPException: problem_response,
    Exception: problem_response,
}


def _problem(request: AnyRequest, error: Exception) -> ProblemError:
    if isinstance(error, NoReadingError):
        detail = "The source has given no reading yet; the monitor keeps trying."
        return ProblemError(ProblemType.BRIDGE_UNAVAILABLE, detail, headers=(("Retry-After", RETRY_AFTER),))
    if isinstance(error, ConflictError):
        return ProblemError(ProblemType.CONFLICT, str(error))
    if isinstance(error, StoreUnavailableError):
        _log.warning("store.unavailable", extra={"path": request.scope["path"][:200], "error": str(error)})
        detail = "Alerts, silences and the audit are kept there; try again in a moment."
        return ProblemError(ProblemType.STORE_UNAVAILABLE, detail, headers=(("Retry-After", RETRY_AFTER),))
    if isinstance(error, HTTPException):
        return _of_the_framework(request, error)
    return _mistake(request, error)


def _of_the_framework(request: AnyRequest, error: HTTPException) -> ProblemError:
    if isinstance(error, NotFoundException):
        return ProblemError(ProblemType.NOT_FOUND, "See /schema for what there is.")
    if isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("Allow", "GET")
        return ProblemError(ProblemType.METHOD_NOT_ALLOWED, f"Allowed: {allowed}.", headers=(("Allow", allowed),))
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return ProblemError(ProblemType.BODY_TOO_LARGE, f"At most {LARGEST_BODY} bytes.")
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ProblemError(ProblemType.INVALID_REQUEST, "See /schema for what is expected.")
    return _mistake(request, error)


def _mistake(request: AnyRequest, error: Exception) -> ProblemError:
    _log.error("request.broke", extra={"path": request.scope["path"][:200]}, exc_info=error)
    return ProblemError(ProblemType.INTERNAL_ERROR, "It is in our log, with the time of this answer.")
