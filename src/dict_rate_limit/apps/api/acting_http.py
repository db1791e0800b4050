"""What the addresses of acting have in common: who asks, how an answer looks, what is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

import msgspec
from litestar.response import Response

from dict_rate_limit.apps.api.acting_bodies import named
from dict_rate_limit.apps.api.problem import ProblemError
from dict_rate_limit.apps.api.request_metrics import PRINCIPAL
from dict_rate_limit.domain.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import litestar

    from dict_rate_limit.contract.problems import ProblemType

    Request = litestar.Request[object, object, litestar.datastructures.State]

ROOT: Final = "/api/v1/rate-limit"
_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}


def actor_of(request: Request) -> str:
    """Return the name of the token that the door has let through; nothing in the request can claim another."""
    return cast("str", cast("dict[str, object]", request.scope)[PRINCIPAL])


def document(value: msgspec.Struct, status: int = 200, location: str | None = None) -> Response[bytes]:
    """Answer with a value as JSON."""
    headers = _HEADERS if location is None else {**_HEADERS, "Location": location}
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=dict(headers)
    )


@contextmanager
def acting(missing: ProblemType) -> Iterator[None]:
    """Turn what a use case refuses into problems; `missing` is that of something that is not there."""
    with named():
        try:
            yield
        except NotFoundError as error:
            raise ProblemError(missing, str(error)) from error
