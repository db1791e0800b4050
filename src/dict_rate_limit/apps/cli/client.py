"""The API, as the command line asks it."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.domain.text import quoted, without_password

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Model = TypeVar("Model")

ROOT: Final = "/api/v1/rate-limit"
LIST_PATH: Final = ROOT + "/policies"
TIMEOUT_SEC: Final = 15.0
"""Longer than the API may need to ask its source for us."""

_EXPECTED_URL: Final = "expected http://host:port or https://host"
_TOKEN: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1", re.ASCII)
_GOOD: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
_STATUSES: Final[dict[int, Exit]] = {
    HTTPStatus.BAD_REQUEST: Exit.USAGE,
    HTTPStatus.UNAUTHORIZED: Exit.NOT_ALLOWED,
    HTTPStatus.FORBIDDEN: Exit.NOT_ALLOWED,
    HTTPStatus.CONFLICT: Exit.DATA,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Exit.USAGE,
    HTTPStatus.SERVICE_UNAVAILABLE: Exit.UNAVAILABLE,
}
_NO_SUCH_THING: Final = "-not-found"  # alert-not-found; a plain not-found is no address of the API


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the table shows of one policy."""

    policy_name: str
    capacity_max: int
    available_tokens: int
    utilization_pct: float | None
    status: str
    exhausted: bool = False
    enabled: bool = True


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What the table shows of the list document."""

    policies: tuple[PolicyRow, ...]
    participant: str = ""
    category: str | None = None
    age_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """A list as it came, and whether its header says that it is older than it should be."""

    text: str
    listing: Listing
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whom to ask for what. No participant = the API's first."""

    url: str
    token: str | None = field(default=None, repr=False)
    participant: str | None = None


def ask(question: Question) -> ListAnswer:
    """Fetch the list once.

    Raises:
        CommandError: no answer, not allowed, or an answer that is none.
    """
    asked = Call(path=LIST_PATH, params={} if question.participant is None else {"participant": question.participant})
    with _errors(question.url):
        response = _sent(question.url, question.token, asked)
        return ListAnswer(
            text=response.content.decode(),
            listing=msgspec.json.decode(response.content, type=Listing),
            stale=response.headers.get("x-cache-status") == "STALE",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; with a body it is a POST."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A running API, and who asks it."""

    url: str
    token: str | None = field(default=None, repr=False)

    def call(self, call: Call, model: type[Model]) -> tuple[str, Model]:
        """Send one request; return the answer as it came, and what is shown of it.

        Raises:
            CommandError: no answer, not allowed, refused, or an answer that is none.
        """
        with _errors(self.url):
            response = _sent(self.url, self.token, call)
            return response.content.decode(), msgspec.json.decode(response.content, type=model)


def _sent(url: str, token: str | None, call: Call) -> httpx.Response:
    here = _is_here(url)
    with httpx.Client(timeout=TIMEOUT_SEC, trust_env=not here) as client:
        response = client.request(
            "GET" if call.body is None else "POST",
            url.rstrip("/") + call.path,
            headers=_headers(token),
            params=call.params,
            json=call.body,
        )
    if response.status_code not in _GOOD:
        _refused(response)
    return response


def _is_here(url: str) -> bool:
    """Tell whether the URL names this machine, to which no proxy leads; refuse what is no URL."""
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


def _refused(response: httpx.Response) -> NoReturn:
    problem = _Problem()
    with suppress(msgspec.MsgspecError):
        problem = msgspec.json.decode(response.content, type=_Problem)
    detail = problem.detail or problem.title or response.reason_phrase
    code = _STATUSES.get(response.status_code, Exit.PROTOCOL)
    if response.status_code == HTTPStatus.NOT_FOUND and problem.type.endswith(_NO_SUCH_THING):
        code = Exit.USAGE
    raise CommandError(code, f"the API answers {response.status_code}: {detail}")


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    title: str = ""
    detail: str = ""
