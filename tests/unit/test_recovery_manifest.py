from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dict_rate_limit.contract.backup_manifest import decode_manifest, encode_manifest
from dict_rate_limit.domain.errors import InvalidValueError
from samples.manifest import manifest

DOCUMENT = json.loads(encode_manifest(manifest()))


def test_a_manifest_survives_a_round_trip() -> None:
    assert decode_manifest(encode_manifest(manifest())) == manifest()


def test_an_empty_database_has_no_newest_row() -> None:
    empty = replace(manifest(), contents=replace(manifest().contents, newest_at=None))

    assert decode_manifest(encode_manifest(empty)) == empty


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not readable"),
        ("[1]", "manifest: list, expected dict"),
        ("{}", "format: None, expected 'dict-rate-limit backup 1'"),
        (json.dumps({**DOCUMENT, "format": "other 1"}), "format: 'other 1'"),
        (json.dumps({name: DOCUMENT[name] for name in DOCUMENT if name != "waiting"}), "waiting: missing"),
        (json.dumps({**DOCUMENT, "waiting": -1}), "waiting: -1, expected a whole number"),
        (json.dumps({**DOCUMENT, "waiting": True}), "waiting: True, expected a whole number"),
        (json.dumps({**DOCUMENT, "waiting": "1"}), "waiting: '1', expected a whole number"),
        (json.dumps({**DOCUMENT, "taken_at": "yesterday"}), "not readable"),
        (json.dumps({**DOCUMENT, "taken_at": "2026-11-23T12:00:00"}), "expected a time with a time zone"),
        (json.dumps({**DOCUMENT, "database": 1}), "database: int, expected str"),
        (json.dumps({**DOCUMENT, "server_version": "new"}), "server_version: 'new'"),
        (json.dumps({**DOCUMENT, "dump": {"size": 1, "sha256": "abc"}}), "sha256: 'abc'"),
        (json.dumps({**DOCUMENT, "tables": {"a": []}}), "a: list, expected dict"),
    ],
)
def test_an_invalid_manifest_is_rejected_with_the_field(text: str, problem: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        decode_manifest(text)

    assert problem in str(refusal.value)
