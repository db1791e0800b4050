"""Write docs/events/core-event.schema.json from the type of the event; with --check only compare them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from dict_rate_limit.contract.events import CoreEvent

FILE: Final = Path(__file__).parents[1] / "docs" / "events" / "core-event.schema.json"
HEAD: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:dict-rate-limit:core-event",
    "title": "Transition of a rate-limit alert",
}


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("scripts/event-schema: expected --check or nothing\n")
        return 64
    schema = json.dumps(core_event_schema(), indent=2, ensure_ascii=False) + "\n"
    if not arguments:
        FILE.write_text(schema, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != schema:
        sys.stderr.write("docs/events/core-event.schema.json is out of date: run scripts/event-schema\n")
        return 1
    return 0


def core_event_schema() -> dict[str, Any]:
    """Return the schema of the event in one piece."""
    schema = msgspec.json.schema(CoreEvent)
    return HEAD | {name: value for name, value in _inlined(schema, schema["$defs"]).items() if name not in HEAD}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Return a schema with its references replaced by what they refer to."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if (reference := node.get("$ref")) is not None:
        node = definitions[reference.rpartition("/")[2]] | {name: node[name] for name in node if name != "$ref"}
        node.pop("title", None)
    node = _nullable({name: _inlined(value, definitions) for name, value in node.items() if name != "$defs"})
    if len(words := node.get("enum", ())) == 1:
        (node["const"],) = words
        del node["enum"]
    return node


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    """Write "a type or null" as one type, whose other constraints say nothing about null."""
    if isinstance(choices := node.get("anyOf"), list):
        other, null = sorted(choices, key=lambda choice: choice == {"type": "null"})
        if null == {"type": "null"} and isinstance(other.get("type"), str):
            del node["anyOf"]
            return node | other | {"type": [other["type"], "null"]}
    return node


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
