"""The client of the API and the options that commands need for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, reduce
from http import HTTPStatus
from operator import or_
from pathlib import Path
from types import GenericAlias, UnionType
from typing import Annotated, Any, Final, Generic, NoReturn, TypeVar, cast, get_args, get_origin
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import typer

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.domain.text import quoted, without_password

Document = TypeVar("Document")

DEFAULT_URL: Final = "http://127.0.0.1:8080"

# Longer than the API's own timeout for a call to its source.
TIMEOUT_SEC: Final = 15.0

Url = Annotated[str, typer.Option(envvar="DICT_RATE_LIMIT_URL", help="URL of the API.")]
Token = Annotated[
    str | None,
    typer.Option(
        envvar="DICT_RATE_LIMIT_TOKEN", help="Bearer token. Other users can see it here: prefer --token-file."
    ),
]
TokenFile = Annotated[str | None, typer.Option(help="File with the bearer token.")]
Reason = Annotated[str, typer.Option(help="The reason, for the audit log.")]

_EXPECTED_URL: Final = "expected http://host:port or https://host"
_TOKEN: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1", re.ASCII)
_STATUSES: Final[dict[int, Exit]] = {
    HTTPStatus.BAD_REQUEST: Exit.USAGE,
    HTTPStatus.UNAUTHORIZED: Exit.NOT_ALLOWED,
    HTTPStatus.FORBIDDEN: Exit.NOT_ALLOWED,
    HTTPStatus.CONFLICT: Exit.DATA,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Exit.USAGE,
    HTTPStatus.SERVICE_UNAVAILABLE: Exit.UNAVAILABLE,
}
_SUCCESS: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
_MISSING_RESOURCE: Final = "-not-found"  # alert-not-found; a plain not-found means that the URL is not an API


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse(Generic[Document]):
    """A response: its text, its document, and whether the reading in it is older than the cache TTL."""

    text: str
    document: Document
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """A client of a running API. Every call raises CommandError: no answer, not allowed, rejected, or not the API."""

    url: str
    token: str | None = field(default=None, repr=False)

    def get(self, path: str, document: type[Document], **parameters: str | int | None) -> ApiResponse[Document]:
        """Fetch a document; parameters without a value are left out."""
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        return self._call("GET", path, document, parameters=given)

    def post(self, path: str, document: type[Document], body: Mapping[str, object]) -> ApiResponse[Document]:
        """Send a body, without its None values, and return the answer."""
        given = {name: value for name, value in body.items() if value is not None}
        return self._call("POST", path, document, body=given)

    def _call(
        self,
        method: str,
        path: str,
        document: type[Document],
        *,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> ApiResponse[Document]:
        with _errors(self.url):
            # No proxy leads to this machine.
            url = self.url.rstrip("/") + path
            with httpx.Client(timeout=TIMEOUT_SEC, trust_env=not _is_local(self.url)) as client:
                response = client.request(method, url, headers=_headers(self.token), params=parameters, json=body)
            if response.status_code not in _SUCCESS:
                _rejected(response)
            return ApiResponse(
                text=response.content.decode(),
                document=cast("Document", msgspec.json.decode(response.content, type=_tolerant(cast("Any", document)))),
                stale=response.headers.get("x-cache-status") == "STALE",
            )


def api_at(url: str, token: str | None, token_file: str | None) -> ApiClient:
    """Return the client that the options describe.

    Raises:
        CommandError: the token file cannot be read.
    """
    if token or token_file is None:
        return ApiClient(url=url, token=token)
    try:
        return ApiClient(url=url, token=Path(token_file).read_text(encoding="utf-8").strip())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read as text"
        raise CommandError(Exit.USAGE, f"token file: {token_file!r}, expected a readable file: {reason}") from error


def segment(text: str) -> str:
    """Return a text as one segment of a path.

    Raises:
        CommandError: it contains a slash.
    """
    if "/" in text:
        raise CommandError(Exit.USAGE, f"{quoted(text)}: expected a name or an id, without /")
    return quote(text, safe="")


@cache
def _tolerant(kind: Any) -> Any:  # noqa: ANN401 -- any type expression
    """Return the same type with text in place of enumerations: a newer API may have words that this code lacks."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = [
            (one.name, _tolerant(one.type), msgspec.field(default=one.default, name=one.encode_name))
            for one in msgspec.structs.fields(kind)
        ]
        return msgspec.defstruct(kind.__name__, fields, frozen=True, kw_only=True)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return GenericAlias(tuple, (_tolerant(arguments[0]), ...))
    if origin is UnionType:
        return reduce(or_, (_tolerant(one) for one in arguments))
    return kind


def _is_local(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
            return _LOOPBACK.fullmatch(parts.hostname) is not None
    except ValueError as error:
        raise CommandError(Exit.USAGE, f"url: {quoted(url)}, {_EXPECTED_URL}") from error
    raise CommandError(Exit.USAGE, f"url: {quoted(url)}, {_EXPECTED_URL}")


def _headers(token: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "dict-rate-limit"}
    if not token:
        return headers
    if not _TOKEN.fullmatch(token):
        raise CommandError(Exit.USAGE, "token: (hidden), expected one line of letters, digits and signs")
    return headers | {"Authorization": f"Bearer {token}"}


@contextmanager
def _errors(url: str) -> Iterator[None]:
    shown = without_password(url)
    try:
        yield
    except httpx.InvalidURL as error:
        raise CommandError(Exit.USAGE, f"url: {quoted(url)}, {_EXPECTED_URL}") from error
    except httpx.HTTPError as error:
        raise CommandError(Exit.UNAVAILABLE, f"no answer from {shown}: {str(error) or type(error).__name__}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CommandError(Exit.PROTOCOL, f"{shown} does not answer as the API does: {error}") from error


def _rejected(response: httpx.Response) -> NoReturn:
    problem = _Problem()
    with suppress(msgspec.MsgspecError):
        problem = msgspec.json.decode(response.content, type=_Problem)
    detail = problem.detail or problem.title or response.reason_phrase
    code = _STATUSES.get(response.status_code, Exit.PROTOCOL)
    if response.status_code == HTTPStatus.NOT_FOUND and problem.type.endswith(_MISSING_RESOURCE):
        code = Exit.USAGE
    raise CommandError(code, f"the API answers {response.status_code}: {detail}")


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    # Not the contract's document: a proxy's error page may lack any of these.
    type: str = ""
    title: str = ""
    detail: str = ""
