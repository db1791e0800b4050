"""The OpenAPI document: what Litestar derives from the handlers, with every response and an example of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Example, SecurityScheme

from dict_rate_limit.contract.problems import KINDS, MEDIA_TYPE, ProblemDocument, ProblemType, problem_document

SCHEMA_MEDIA_TYPE: Final = "application/vnd.oai.openapi+json"

_ALWAYS: Final = (
    ProblemType.INVALID_PARAMETER,
    ProblemType.UNAUTHORIZED,
    ProblemType.FORBIDDEN,
    ProblemType.INTERNAL_ERROR,
)
WRITE: Final = (ProblemType.BODY_TOO_LARGE, ProblemType.UNSUPPORTED_MEDIA_TYPE)
"""The problems of every request with a body."""

_LOCATION: Final = {
    "Location": {
        "description": "The path of the new resource.",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}
_CACHE_HEADERS: Final = {
    "X-Cache-Status": {
        "description": "HIT: within the cache TTL. MISS: read for this response. STALE: older than the cache TTL.",
        "schema": {"type": "string", "enum": ["HIT", "MISS", "STALE"]},
    },
    "X-Cache-TTL": {
        "description": "Seconds left of the cache TTL; 0 = stale.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {"description": "Weak, over the snapshot.", "schema": {"type": "string"}},
}
_HEADER: Final = {"required": False, "deprecated": False}


def responses(
    model: type[msgspec.Struct],
    description: str,
    example: Mapping[str, object],
    *problems: ProblemType,
    status: int = 200,
) -> dict[int, ResponseSpec]:
    """Return a handler's response and its problems, each with an example."""
    # As bytes, because Litestar leaves nulls out of examples that it can read.
    shown = Example(id="answer", summary=description, value=msgspec.Raw(msgspec.json.encode(example)))
    success = ResponseSpec(model, generate_examples=False, description=description, examples=[shown])
    return {status: success, **{KINDS[kind].status.value: _problem_spec(kind) for kind in (*_ALWAYS, *problems)}}


def not_modified() -> ResponseSpec:
    """Return the 304 of a response with an ETag."""
    return ResponseSpec(None, generate_examples=False, description="The snapshot of If-None-Match is still current")


def _problem_spec(kind: ProblemType) -> ResponseSpec:
    parameter = "min_utilization" if kind is ProblemType.INVALID_PARAMETER else None
    example = msgspec.to_builtins(problem_document(kind, KINDS[kind].detail, parameter))
    description = KINDS[kind].description
    return ResponseSpec(
        ProblemDocument,
        generate_examples=False,
        description=description,
        media_type=MEDIA_TYPE,
        examples=[Example(id=kind.value, summary=description, value=example)],
    )


def openapi_document(version: str, api: Router) -> bytes:
    # An application of its own: Litestar's route for the document would also serve pages that load foreign scripts.
    described = Litestar(
        [api],
        dependencies={"deps": Provide(lambda: None, sync_to_thread=False)},
        openapi_config=_config(version),
        logging_config=None,
    )
    document = described.openapi_schema.to_schema()
    schemas = document["components"]["schemas"]
    for handler in _handlers(described):
        if (data := handler.parsed_data_field) is not None:
            # Litestar's schema of a body lacks the constraints and the ban of unknown fields.
            _, exact = msgspec.json.schema_components([data.annotation], ref_template="#/components/schemas/{name}")
            schemas.update(exact)
    for item in document["paths"].values():
        for operation in item.values():
            _complete(operation, schemas)
    # Clients may have generated code from the name that this type had before.
    return msgspec.json.encode(document).replace(b"AuditAction", b"Act")


def _handlers(app: Litestar) -> Iterator[Any]:
    for route in app.routes:
        yield from getattr(route, "route_handlers", ())


def _complete(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Correct an operation in place where Litestar's description is not exact."""
    operation.setdefault("parameters", [])
    for parameter in operation["parameters"]:
        parameter["schema"] = _of_parameter(parameter["schema"], schemas)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        (example,) = content["schema"]["examples"]
        (content["schema"],) = content["schema"]["allOf"]
        content["examples"] = {"body": {"value": example}}
    for status, response in operation["responses"].items():
        for media in response.get("content", {}).values():
            for example in media.get("examples", {}).values():
                # Litestar repeats the key of an example in it, where OpenAPI has no such field.
                example.pop("id", None)
        if status in {"201", "202"}:
            response["headers"] = {name: header | _HEADER for name, header in _LOCATION.items()}
        elif status == "304" or (status == "200" and "304" in operation["responses"]):
            response["headers"] = {name: header | _HEADER for name, header in _CACHE_HEADERS.items()}
        else:
            response.pop("headers", None)


def _of_parameter(schema: dict[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a value in a URL, which can be absent but not null."""
    choices = [choice for choice in schema.pop("oneOf", ()) if choice != {"type": "null"}]
    merged = {**(choices[0] if choices else {}), **schema}
    if (reference := merged.pop("$ref", None)) is not None:
        words = schemas[reference.rpartition("/")[2]]
        merged |= {"type": words["type"], "enum": words["enum"]}
    if isinstance(merged.get("type"), list):
        merged |= {"type": "string", "enum": [word for word in merged["enum"] if word is not None]}
    merged.pop("description", None)
    return merged


def _config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="dict-rate-limit",
        version=version,
        description="The token buckets of BACEN's Pix key directory (DICT), as last read, and their alerts.",
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin()],
        security=[{"bearer": []}],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="A token of API_TOKENS_FILE. On a loopback address reads need no token by default.",
                )
            }
        ),
    )
