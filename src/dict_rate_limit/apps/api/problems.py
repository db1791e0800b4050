"""Errors become problem documents. Internal details stay in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException
from litestar.response import Response

from dict_rate_limit.contract.problems import KINDS, MEDIA_TYPE, ProblemType, problem_document
from dict_rate_limit.domain.errors import (
    ConflictError,
    InvalidValueError,
    NoReadingError,
    NotFoundError,
    StoreUnavailableError,
)

if TYPE_CHECKING:
    from litestar.types import ExceptionHandlersMap
    from litestar.typing import FieldDefinition

AnyRequest = Request[object, object, State]

RETRY_AFTER: Final = (("Retry-After", "5"),)
LARGEST_BODY: Final = 16_384

_SHOWN: Final = 40
_log = logging.getLogger(__name__)


class ProblemError(Exception):
    """A request ends with this problem."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str | None = None,
        *,
        parameter: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.kind = kind
        self.headers = headers
        self.document = problem_document(kind, KINDS[kind].detail if detail is None else detail, parameter)
        super().__init__(self.document.detail)

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.document)


def invalid(name: str, reason: str) -> ProblemError:
    """Return the problem of an invalid parameter or body field."""
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
    return ProblemError(ProblemType.INVALID_PARAMETER, f"{shown}: {reason}", parameter=shown)


def quoted(value: str) -> str:
    """Quote a value on one line of ASCII, cut to a readable length."""
    return ascii(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def problem_response(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Return the response for an error."""
    problem = error if isinstance(error, ProblemError) else _problem(request, error)
    headers = dict(problem.headers) | {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(problem.body, status_code=problem.document.status, media_type=MEDIA_TYPE, headers=headers)


HANDLERS: Final[ExceptionHandlersMap] = {
    ProblemError: problem_response,
    HTTPException: problem_response,
    Exception: problem_response,
}


def _problem(request: AnyRequest, error: Exception) -> ProblemError:
    match error:
        case NoReadingError():
            problem = ProblemError(ProblemType.BRIDGE_UNAVAILABLE, headers=RETRY_AFTER)
        case StoreUnavailableError():
            _log.warning("store.unavailable", extra={"path": request.scope["path"][:200], "error": str(error)})
            problem = ProblemError(ProblemType.STORE_UNAVAILABLE, headers=RETRY_AFTER)
        case ConflictError():
            problem = ProblemError(ProblemType.CONFLICT, str(error))
        case NotFoundError():
            # The message begins with the kind of thing that is missing: "alert: 7f0c..., expected ...".
            problem = ProblemError(ProblemType(f"{str(error).partition(':')[0]}-not-found"), str(error))
        # Without a body there is no input that the domain could reject, so on a GET this is an internal error.
        case InvalidValueError() if request.method == "POST":
            field, _, reason = str(error).partition(": ")
            problem = invalid(field, reason)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = _client_error(request, error)
        case _:
            _log.error("request.broke", extra={"path": request.scope["path"][:200]}, exc_info=error)
            problem = ProblemError(ProblemType.INTERNAL_ERROR)
    return problem


def _client_error(request: AnyRequest, error: HTTPException) -> ProblemError:
    match error:
        case NotFoundException():
            return ProblemError(ProblemType.NOT_FOUND)
        case MethodNotAllowedException():
            allowed = (error.headers or {}).get("Allow", "GET")
            return ProblemError(ProblemType.METHOD_NOT_ALLOWED, f"Allowed: {allowed}.", headers=(("Allow", allowed),))
        case ValidationException() if isinstance(error.extra, list) and error.extra:
            return _invalid_parameter(request, error.extra[0]["key"], error.extra[0]["message"])
        case HTTPException(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
            return ProblemError(ProblemType.BODY_TOO_LARGE, f"At most {LARGEST_BODY} bytes.")
        case _:
            return ProblemError(ProblemType.INVALID_REQUEST, "See /schema for the requests of this API.")


def _invalid_parameter(request: AnyRequest, argument: str, message: str) -> ProblemError:
    if argument == "data":
        return ProblemError(ProblemType.INVALID_REQUEST, "The body is not JSON.")
    parameter = request.route_handler.parsed_fn_signature.parameters[argument]
    name = getattr(parameter.kwarg_definition, "name", None) or argument
    value = str(request.path_params.get(name) or request.query_params.get(name, "")).removeprefix("/")
    words = [str(word) for choice in (parameter, *parameter.inner_types) for word in _words(choice) if word is not None]
    expected = f"expected {', '.join(words)}" if words else message
    return invalid(name, f"{quoted(value)}, {expected}")


def _words(parameter: FieldDefinition) -> Iterable[object]:
    if parameter.is_literal:
        return parameter.args
    return parameter.annotation if parameter.is_subclass_of(Enum) else ()
