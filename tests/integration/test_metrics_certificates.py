"""The end dates of certificates in the metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from dict_rate_limit.adapters.telemetry.prometheus.certificates import CertificateExpiry

if TYPE_CHECKING:
    from pathlib import Path

SOON, LATER = datetime(2031, 5, 1, 12, tzinfo=UTC), datetime(2032, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def issued(authority: trustme.CA, end: datetime) -> bytes:
    leaf = authority.issue_cert("dict-rate-limit@example.com", not_after=end)
    return b"".join(blob.bytes() for blob in leaf.cert_chain_pems)


def ends(files: CertificateExpiry) -> dict[str, float]:
    (family,) = files.collect()
    return {sample.labels["certificate"]: sample.value for sample in family.samples}


def test_the_expiry_of_a_certificate_is_exported(tmp_path: Path, authority: trustme.CA) -> None:
    path = tmp_path / "client.crt"
    path.write_bytes(issued(authority, SOON))

    assert ends(CertificateExpiry({"bridge_client": path})) == {"bridge_client": SOON.timestamp()}


def test_the_first_certificate_of_a_chain_counts(tmp_path: Path, authority: trustme.CA) -> None:
    path = tmp_path / "chain.crt"
    path.write_bytes(issued(authority, LATER) + issued(authority, SOON))

    assert ends(CertificateExpiry({"bridge_client": path})) == {"bridge_client": LATER.timestamp()}


def test_a_key_before_the_certificate_does_not_hide_it(tmp_path: Path, authority: trustme.CA) -> None:
    path = tmp_path / "both.pem"
    leaf = authority.issue_cert("dict-rate-limit@example.com", not_after=SOON)
    path.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())

    assert ends(CertificateExpiry({"temporal_client": path})) == {"temporal_client": SOON.timestamp()}


def test_a_renewed_file_is_reloaded(tmp_path: Path, authority: trustme.CA) -> None:
    path = tmp_path / "client.crt"
    path.write_bytes(issued(authority, SOON))
    files = CertificateExpiry({"bridge_client": path})
    before = ends(files)
    path.write_bytes(issued(authority, LATER))

    assert (before, ends(files)) == ({"bridge_client": SOON.timestamp()}, {"bridge_client": LATER.timestamp()})


def test_an_unreadable_file_has_no_series_and_the_others_remain(tmp_path: Path, authority: trustme.CA) -> None:
    good, bad = tmp_path / "good.crt", tmp_path / "bad.crt"
    good.write_bytes(issued(authority, SOON))
    bad.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    files = {"bridge_ca": bad, "pulsar_ca": tmp_path / "absent.crt", "bridge_client": good}

    assert ends(CertificateExpiry(files)) == {"bridge_client": SOON.timestamp()}


def test_an_expired_certificate_is_still_exported(tmp_path: Path, authority: trustme.CA) -> None:
    path, past = tmp_path / "old.crt", datetime(2001, 1, 1, tzinfo=UTC)
    path.write_bytes(issued(authority, past))

    assert ends(CertificateExpiry({"bridge_client": path})) == {"bridge_client": past.timestamp()}
