"""Request bodies: strict JSON of the type that the handler declares. An error names the field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import litestar
import msgspec

from dict_rate_limit.apps.api.problems import ProblemError, invalid
from dict_rate_limit.contract.fields import EXPECTED
from dict_rate_limit.contract.problems import ProblemType

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.datastructures import State
    from litestar.handlers import BaseRouteHandler

_WHERE: Final = " - at `$"
_INDEX: Final = re.compile(r"\[[^]]*\]")
_NAMED: Final = re.compile(r"field `(?P<name>[^`]*)`")


class ApiRequest(litestar.Request[Any, Any, Any]):
    """A request whose body is decoded at once into the type of the handler's `data`.

    Litestar would convert it in lax mode, where "5" is a number and 5 is a time.
    """

    async def json(self) -> Any:  # noqa: ANN401 -- the type of Litestar's method
        """Return the body.

        Raises:
            ProblemError: naming the field.
            HTTPException: 413, the body is too large.
        """
        declared = self.route_handler.parsed_data_field
        try:
            return msgspec.json.decode(await self.body(), type=Any if declared is None else declared.annotation)
        except msgspec.ValidationError as error:
            raise _invalid_field(str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProblemError(ProblemType.INVALID_REQUEST, "The body is not JSON.") from error


def require_json(connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler) -> None:
    """Reject a body that is not declared as JSON; a guard.

    Raises:
        ProblemError: the Content-Type header is missing or another one.
    """
    # A form on another site's page can send a request with the user's access, but not with this media type.
    if handler.parsed_data_field is not None and _media_type(connection) != "application/json":
        raise ProblemError(ProblemType.UNSUPPORTED_MEDIA_TYPE)


def _media_type(connection: ASGIConnection[Any, Any, Any, State]) -> str:
    return connection.headers.get("content-type", "").partition(";")[0].strip().lower()


def _invalid_field(text: str) -> ProblemError:
    said, _, path = text.partition(_WHERE)
    path = path.removesuffix("`").removeprefix(".")
    inner = _NAMED.search(said)
    if inner is not None:
        path = f"{path}.{inner['name']}" if path else inner["name"]
        said = "missing" if said.startswith("Object missing") else "unknown"
    if not path:
        return ProblemError(ProblemType.INVALID_REQUEST, "The body is JSON, but not an object.")
    expected = EXPECTED.get(_INDEX.sub("", path))
    reason = f"{said[:1].lower()}{said[1:]}"
    return invalid(path, reason if expected is None else f"{reason}: expected {expected}")
