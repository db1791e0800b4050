"""The API, as the command line asks it."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NoReturn

import httpx
import msgspec

from dict_rate_limit.apps.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST_PATH: Final = "/api/v1/rate-limit/policies"
TIMEOUT_SEC: Final = 15.0
"""Longer than the API may need to ask its source for us."""

_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1", re.ASCII)
_STATUSES: Final[dict[int, Exit]] = {
    HTTPStatus.BAD_REQUEST: Exit.USAGE,
    HTTPStatus.UNAUTHORIZED: Exit.NOT_ALLOWED,
    HTTPStatus.FORBIDDEN: Exit.NOT_ALLOWED,
    HTTPStatus.SERVICE_UNAVAILABLE: Exit.UNAVAILABLE,
}


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
class Answer:
    """A list as it came, and whether its header says that it is older than it should be."""

    text: str
    listing: Listing
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whom to ask for what. No participant = the API's first."""

    url: str
    token: str | None = None
    participant: str | None = None

    def __repr__(self) -> str:
        return f"Question({self.url})"


def ask(question: Question) -> Answer:
    """Fetch the list once.

    Raises:
        CommandError: no answer, not allowed, or an answer that is none.
    """
    headers = {"Accept": "application/json", "User-Agent": "dict-rate-limit"}
    if question.token:
        headers["Authorization"] = f"Bearer {question.token}"
    parameters = {} if question.participant is None else {"participant": question.participant}
    with _errors(question.url), httpx.Client(timeout=TIMEOUT_SEC, trust_env=not _is_here(question.url)) as client:
        response = client.get(question.url.rstrip("/") + LIST_PATH, headers=headers, params=parameters)
        if response.status_code != HTTPStatus.OK:
            _refused(response)
        return Answer(
            text=response.content.decode(),
            listing=msgspec.json.decode(response.content, type=Listing),
            stale=response.headers.get("x-cache-status") == "STALE",
        )


def _is_here(url: str) -> bool:
    """Tell whether the URL names this machine: no proxy leads there."""
    return _LOOPBACK.fullmatch(httpx.URL(url).host) is not None


@contextmanager
def _errors(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise CommandError(Exit.USAGE, f"url: {url!r}, expected http://host:port or https://host") from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise CommandError(Exit.UNAVAILABLE, f"no answer from {url}: {reason}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CommandError(Exit.PROTOCOL, f"{url} does not answer as the API does: {error}") from error


def _refused(response: httpx.Response) -> NoReturn:
    detail = response.reason_phrase
    with suppress(msgspec.MsgspecError):
        problem = msgspec.json.decode(response.content, type=_Problem)
        detail = problem.detail or problem.title or detail
    code = _STATUSES.get(response.status_code, Exit.PROTOCOL)
    raise CommandError(code, f"the API answers {response.status_code}: {detail}")


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    title: str = ""
    detail: str = ""
