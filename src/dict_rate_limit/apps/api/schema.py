"""What the OpenAPI document says beyond the code: parameters, headers, an example for every response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    Example,
    OpenAPIHeader,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Schema,
    SecurityScheme,
)

from dict_rate_limit.apps.api import examples
from dict_rate_limit.apps.api.query import CATEGORIES
from dict_rate_limit.contract.policies import PolicyDetail, PolicyList
from dict_rate_limit.contract.problems import MEDIA_TYPE, ProblemDocument, ProblemType
from dict_rate_limit.domain.buckets.bucket import POLICY_NAME
from dict_rate_limit.domain.buckets.level import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.handlers import HTTPRouteHandler

_TEXT: Final = OpenAPIType.STRING


def problem_spec(kind: ProblemType, text: str) -> ResponseSpec:
    """Describe an answer that is a problem."""
    return ResponseSpec(
        ProblemDocument,
        generate_examples=False,
        description=text,
        media_type=MEDIA_TYPE,
        examples=[Example(id=kind.value, summary=text, value=examples.problem(kind))],
    )


def answer_spec(model: type, text: str, value: dict[str, Any]) -> ResponseSpec:
    """Describe an answer by its type and an example. As bytes, for Litestar leaves nulls out of values it can read."""
    shown = msgspec.Raw(msgspec.json.encode(value))
    return ResponseSpec(
        model, generate_examples=False, description=text, examples=[Example(id="answer", summary=text, value=shown)]
    )


_COMMON: Final = {
    304: ResponseSpec(None, generate_examples=False, description="The snapshot named by If-None-Match still stands"),
    400: problem_spec(ProblemType.INVALID_PARAMETER, "A parameter is unknown, repeated or not valid"),
    401: problem_spec(ProblemType.UNAUTHORIZED, "No token, or one that does not hold"),
    403: problem_spec(ProblemType.FORBIDDEN, "The role is not enough, or the Host header is another machine's"),
    500: problem_spec(ProblemType.INTERNAL_ERROR, "A mistake of ours"),
    503: problem_spec(ProblemType.BRIDGE_UNAVAILABLE, "There has never been a reading"),
}

LIST_RESPONSES: Final = {200: answer_spec(PolicyList, "The list", examples.POLICY_LIST), **_COMMON}
POLICY_RESPONSES: Final = {
    200: answer_spec(PolicyDetail, "The policy", examples.POLICY_DETAIL),
    404: problem_spec(ProblemType.POLICY_NOT_FOUND, "The last reading has no such policy"),
    **_COMMON,
}

PARTICIPANT: Final = Parameter(
    name="participant",
    param_in="query",
    schema=Schema(type=_TEXT),
    description="ISPB of a participant that is watched here; without it the first configured one.",
)
POLICY: Final = Parameter(
    name="policy",
    param_in="path",
    required=True,
    schema=Schema(type=_TEXT, pattern=f"^{POLICY_NAME.pattern}$"),
    description="Name of the policy, for instance CLAIMS_READ.",
)
_FILTERS: Final = (
    Parameter(
        name="category",
        param_in="query",
        schema=Schema(type=_TEXT, enum=list(CATEGORIES)),
        description="Only if the participant is in this category.",
    ),
    Parameter(
        name="min_utilization",
        param_in="query",
        schema=Schema(type=OpenAPIType.NUMBER, minimum=0, maximum=100),
        description="Only buckets used to at least this many percent; those without a capacity are left out.",
    ),
    Parameter(
        name="status",
        param_in="query",
        schema=Schema(type=_TEXT, enum=[level.value for level in Level]),
        description="Only buckets at this level.",
    ),
    PARTICIPANT,
)
_HEADERS: Final = {
    "X-Cache-Status": OpenAPIHeader(
        schema=Schema(type=_TEXT, enum=["HIT", "MISS", "STALE"]),
        description="HIT: younger than the cache life. MISS: read for this answer. STALE: older than the cache life.",
    ),
    "X-Cache-TTL": OpenAPIHeader(
        schema=Schema(type=OpenAPIType.INTEGER, minimum=0), description="Seconds of cache life left; 0 = stale."
    ),
    "ETag": OpenAPIHeader(schema=Schema(type=_TEXT), description="Weak, over the snapshot."),
}


@dataclass
class _Described(Operation):
    def __post_init__(self) -> None:
        for status in ("200", "304"):
            response = (self.responses or {}).get(status)
            if isinstance(response, OpenAPIResponse):
                response.headers = dict(_HEADERS)


@dataclass
class ListOperation(_Described):
    """The list, with its filters."""

    def __post_init__(self) -> None:
        """Add what the handler reads from the raw query."""
        super().__post_init__()
        self.parameters = list(_FILTERS)


@dataclass
class PolicyOperation(_Described):
    """One policy."""

    def __post_init__(self) -> None:
        """Say what the path holds: Litestar knows only that it is a path."""
        super().__post_init__()
        self.parameters = [POLICY, PARTICIPANT]


def openapi_document(
    version: str, handlers: Sequence[HTTPRouteHandler], bodies: Sequence[type[msgspec.Struct]] = ()
) -> bytes:
    """Return the document as JSON; `bodies` are what requests refer to.

    Litestar's own address for it brings pages along that load things from elsewhere.
    """
    described = Litestar(handlers, openapi_config=_config(version), logging_config=None)
    document = described.openapi_schema.to_schema()
    _drop_example_ids(document)
    _, schemas = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    document["components"]["schemas"].update(schemas)
    return msgspec.json.encode(document)


def _drop_example_ids(node: object) -> None:
    """Litestar writes the key of an example into it as well, where OpenAPI has no such field."""
    if isinstance(node, dict):
        for example in node.get("examples", {}).values() if isinstance(node.get("examples"), dict) else ():
            example.pop("id", None)
        for child in node.values():
            _drop_example_ids(child)


def _config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="dict-rate-limit",
        version=version,
        description="The token buckets that BACEN puts on the Pix key directory (DICT), as last read.",
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin()],
        security=[{"bearer": []}],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="A token of API_TOKENS_FILE. Bound to loopback, reading needs none by default.",
                )
            }
        ),
    )
