"""The exception that ends a request with a problem document."""

from __future__ import annotations

import msgspec

from dict_rate_limit.contract.problems import STATUSES, TITLES, ProblemDocument, ProblemType


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
            type=kind.value, title=TITLES[kind], status=STATUSES[kind].value, detail=detail, parameter=parameter
        )

    @property
    def body(self) -> bytes:
        """The document as it is sent."""
        return msgspec.json.encode(self.document)
