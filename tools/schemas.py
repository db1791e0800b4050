"""Convert Kubernetes' definitions to strict schema files for kubeconform, so that an unknown key is an error.

schemas.py swagger SWAGGER_JSON FOLDER
schemas.py crds CRD_FOLDER FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

KINDS = "x-kubernetes-group-version-kind"
REFERENCE = "#/definitions/"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
OPEN = "x-kubernetes-preserve-unknown-fields"


def strict(part: object) -> object:
    """Reject unknown keys in every object of a schema that lists its properties."""
    if isinstance(part, list):
        return [strict(item) for item in part]
    return strict_schema(part) if isinstance(part, dict) else part


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Reject unknown keys in one schema. int-or-string accepts both types, as the API does."""
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    closed = {key: strict(part) for key, part in schema.items() if key not in {"description", "properties", KINDS}}
    if "$ref" in schema:
        closed["$ref"] = schema["$ref"].replace(REFERENCE, f"_definitions.json{REFERENCE}")
    if "properties" in schema:
        closed["properties"] = {key: strict(part) for key, part in schema["properties"].items()}
        if not schema.get(OPEN):
            closed.setdefault("additionalProperties", False)
    return closed


def file_name(group: str, version: str, kind: str) -> str:
    """Return the file name that kubeconform expects: {{ .ResourceKind }}{{ .KindSuffix }}.json."""
    return "-".join(part for part in (kind.lower(), group.partition(".")[0], version) if part) + ".json"


def from_swagger(swagger: Path, folder: Path) -> None:
    """Write one file per kind, and one with all definitions that the kinds refer to."""
    definitions = json.loads(swagger.read_text(encoding="utf-8"))["definitions"]
    closed_definitions = {name: strict_schema(part) for name, part in definitions.items()}
    closed_definitions[QUANTITY] = {"oneOf": [{"type": "string"}, {"type": "number"}]}
    write(folder / "_definitions.json", {"definitions": closed_definitions})
    for schema in definitions.values():
        for kind in schema.get(KINDS, []):
            closed = strict_schema(schema)
            names = {"apiVersion": "/".join(filter(None, (kind["group"], kind["version"]))), "kind": kind["kind"]}
            for key in names.keys() & closed.get("properties", {}).keys():
                closed["properties"][key] = {"type": "string", "enum": [names[key]]}
            write(folder / file_name(kind["group"], kind["version"], kind["kind"]), closed)


def from_crds(crds: Path, folder: Path) -> None:
    """Write one file per version of each definition."""
    for path in sorted(crds.glob("*.yaml")):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        for version in spec["versions"]:
            closed = strict_schema(version["schema"]["openAPIV3Schema"])
            closed["properties"]["metadata"] = {"type": "object"}
            write(folder / file_name(spec["group"], version["name"], spec["names"]["kind"]), closed)


def write(path: Path, schema: object) -> None:
    """Write JSON, and create the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    _, command, source, target = sys.argv
    {"swagger": from_swagger, "crds": from_crds}[command](Path(source), Path(target))
