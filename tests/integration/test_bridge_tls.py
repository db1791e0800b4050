from __future__ import annotations

import asyncio
import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization

from bridge_server import Authority, OddBridge, bridge_source, fake_bridge, port_of, problems
from dict_rate_limit.adapters.bridge import channel
from dict_rate_limit.adapters.bridge.channel import TlsFiles
from dict_rate_limit.domain.errors import Outcome, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from dict_rate_limit.adapters.bridge.source import BridgeSource
    from dict_rate_limit.domain.buckets.reading import Snapshot

US = "default"
PATIENCE = 20.0
"""Seconds after which a test gives up."""


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours", name="ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "theirs", name="theirs")


def put(source: TlsFiles, target: TlsFiles, *parts: str) -> None:
    """Replace files in one move each, as a careful operator does."""
    for part in parts or ("cert_file", "key_file", "ca_file"):
        fresh = getattr(target, part).with_suffix(".new")
        shutil.copy(getattr(source, part), fresh)
        fresh.replace(getattr(target, part))


async def read_soon(source: BridgeSource) -> Snapshot:
    """Read, allowing for the moment a restarted server takes."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await source.list_policies(US)
            except SourceError:
                await asyncio.sleep(0.05)


async def refusal(source: BridgeSource) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await source.list_policies(US)
    return caught.value


async def test_both_sides_present_certificates(ours: Authority) -> None:
    async with fake_bridge(tls=ours.server()) as (_, address), bridge_source(address, tls=ours.client()) as source:
        snapshot = await source.list_policies(US)

    assert snapshot.outcome is Outcome.OK


async def test_a_client_without_tls_is_rejected(ours: Authority) -> None:
    async with fake_bridge(tls=ours.server()) as (_, address), bridge_source(address) as source:
        assert (await refusal(source)).outcome is Outcome.UNAVAILABLE


async def test_a_client_of_another_authority_is_rejected(ours: Authority, theirs: Authority) -> None:
    files, foreign = ours.client(), theirs.client()
    files = TlsFiles(cert_file=foreign.cert_file, key_file=foreign.key_file, ca_file=files.ca_file)
    async with fake_bridge(tls=ours.server()) as (_, address), bridge_source(address, tls=files) as source:
        assert (await refusal(source)).outcome is Outcome.UNAVAILABLE


async def test_a_server_of_another_authority_is_rejected(ours: Authority, theirs: Authority) -> None:
    async with fake_bridge(tls=theirs.server()) as (_, address), bridge_source(address, tls=ours.client()) as source:
        error = await refusal(source)

    assert error.outcome is Outcome.UNAVAILABLE
    assert "CERTIFICATE_VERIFY_FAILED" in error.detail


async def test_a_server_of_another_name_is_rejected(ours: Authority) -> None:
    tls = ours.server(host="elsewhere.example.com")
    async with fake_bridge(tls=tls) as (_, address), bridge_source(address, tls=ours.client()) as source:
        error = await refusal(source)

    assert error.outcome is Outcome.UNAVAILABLE
    assert "Hostname Verification Check failed" in error.detail


async def test_a_server_with_an_expired_certificate_is_rejected(ours: Authority) -> None:
    tls = ours.server(not_after=datetime(2020, 1, 1, tzinfo=UTC))
    async with fake_bridge(tls=tls) as (_, address), bridge_source(address, tls=ours.client()) as source:
        error = await refusal(source)

    assert error.outcome is Outcome.UNAVAILABLE
    assert "CERTIFICATE_VERIFY_FAILED: certificate has expired" in error.detail


async def test_a_new_authority_needs_new_files_and_no_restart(ours: Authority, theirs: Authority) -> None:
    files = ours.client()
    async with fake_bridge(tls=ours.server()) as (_, address):
        source_context = bridge_source(address, tls=files)
        source = await source_context.__aenter__()
        await source.list_policies(US)
    async with fake_bridge(tls=theirs.server(), port=port_of(address)):
        with_old_files = await refusal(source)

        put(theirs.client(), files)

        snapshot = await read_soon(source)
        await source_context.__aexit__(None, None, None)

    assert with_old_files.outcome is Outcome.UNAVAILABLE
    assert snapshot.outcome is Outcome.OK


async def test_a_renewed_certificate_is_used_for_the_next_call(ours: Authority) -> None:
    files = ours.client()
    async with fake_bridge(tls=ours.server()) as (_, address), bridge_source(address, tls=files) as source:
        await source.list_policies(US)
        before = source._channel.current()

        put(ours.client("renewed"), files)
        snapshot = await source.list_policies(US)

        assert source._channel.current() is not before
        assert snapshot.outcome is Outcome.OK


async def test_a_switched_symbolic_link_is_detected(ours: Authority, tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        made = ours.client(version)
        (tmp_path / version).mkdir()
        for path, name in zip(made.paths, ("tls.crt", "tls.key", "ca.crt"), strict=True):
            shutil.copy(path, tmp_path / version / name)
    link = tmp_path / "..data"
    link.symlink_to("v1")
    files = TlsFiles(cert_file=link / "tls.crt", key_file=link / "tls.key", ca_file=link / "ca.crt")
    async with fake_bridge(tls=ours.server()) as (_, address), bridge_source(address, tls=files) as source:
        await source.list_policies(US)
        before = source._channel.current()

        (tmp_path / "..next").symlink_to("v2")
        (tmp_path / "..next").replace(link)

        assert source._channel.current() is not before


async def test_rewritten_files_with_the_same_content_change_nothing(ours: Authority) -> None:
    files = ours.client()
    async with fake_bridge(tls=ours.server()) as (_, address), bridge_source(address, tls=files) as source:
        await source.list_policies(US)
        before = source._channel.current()

        for path in files.paths:
            os.utime(path, (1, 1))

        assert source._channel.current() is before


async def two_calls_on_two_certificates(
    bridge: OddBridge, source: BridgeSource, ours: Authority, files: TlsFiles
) -> list[asyncio.Task[Snapshot]]:
    """Start a call, renew the files, start another; both wait at the Bridge."""
    calls = []
    for version in ("first", "second"):
        put(ours.client(version), files)
        calls.append(asyncio.create_task(source.list_policies(US)))
        async with asyncio.timeout(PATIENCE):
            while len(bridge.peers) < len(calls):  # noqa: ASYNC110 - the Bridge has no event for it
                await asyncio.sleep(0.01)
    return calls


async def test_a_running_call_completes_on_the_old_certificate(ours: Authority) -> None:
    files, bridge = ours.client(), OddBridge(gate=asyncio.Event())
    async with bridge.serve(ours.server()) as address, bridge_source(address, tls=files) as source:
        calls = await two_calls_on_two_certificates(bridge, source, ours, files)

        assert bridge.gate is not None
        bridge.gate.set()

        assert [snapshot.outcome for snapshot in await asyncio.gather(*calls)] == [Outcome.EMPTY] * 2


async def test_closing_does_not_wait_for_calls_on_old_certificates(ours: Authority) -> None:
    files, bridge = ours.client(), OddBridge(gate=asyncio.Event())
    async with (
        bridge.serve(ours.server()) as address,
        bridge_source(address, tls=files, deadline=600) as source,
        asyncio.timeout(PATIENCE),
    ):
        calls = await two_calls_on_two_certificates(bridge, source, ours, files)

        await source.close()

        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert [str(error) for error in ended] == ["UNAVAILABLE: the connection was closed during the call"] * 2


async def test_files_that_change_while_they_are_read_are_not_used(
    ours: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ours.client()
    monkeypatch.setattr(channel, "_require_fit", lambda files: files.key_file.write_bytes(b"being written"))

    with pytest.raises(channel.CertificateFilesError, match="being written"):
        channel.load_certificates(files)


async def test_a_mismatched_pair_keeps_the_old_one_and_is_logged_once(
    ours: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    files, renewed = ours.client(), ours.client("renewed")
    async with (
        fake_bridge(tls=ours.server()) as (_, address),
        bridge_source(address, tls=files) as source,
    ):
        await source.list_policies(US)
        before = source._channel.current()
        put(renewed, files, "cert_file")
        snapshots = [await source.list_policies(US), await source.list_policies(US)]
        kept = source._channel.current()

        put(renewed, files, "key_file")
        after = source._channel.current()

    assert [snapshot.outcome for snapshot in snapshots] == [Outcome.OK, Outcome.OK]
    assert kept is before
    assert after is not before
    assert len(problems(caplog)) == 1
    assert "no pair" in problems(caplog)[0]


@pytest.mark.parametrize("part", ["cert_file", "key_file", "ca_file"])
@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB", b"\xff\x00"])
async def test_a_partial_file_keeps_the_valid_certificate(
    ours: Authority, part: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    files = ours.client()
    async with (
        fake_bridge(tls=ours.server()) as (_, address),
        bridge_source(address, tls=files) as source,
    ):
        await source.list_policies(US)

        getattr(files, part).write_bytes(content)
        snapshot = await source.list_policies(US)

    assert snapshot.outcome is Outcome.OK
    assert len(problems(caplog)) == 1
    assert str(getattr(files, part)) in problems(caplog)[0]


async def test_deleted_files_keep_the_valid_certificate(ours: Authority, caplog: pytest.LogCaptureFixture) -> None:
    files = ours.client()
    async with (
        fake_bridge(tls=ours.server()) as (_, address),
        bridge_source(address, tls=files) as source,
    ):
        await source.list_policies(US)

        files.cert_file.unlink()
        snapshot = await source.list_policies(US)

    assert snapshot.outcome is Outcome.OK
    assert problems(caplog) == [f"{files.cert_file}: No such file or directory"]


async def test_files_created_later_are_loaded(ours: Authority) -> None:
    ready = ours.client()
    files = TlsFiles(cert_file=ready.cert_file, key_file=ready.key_file, ca_file=ready.ca_file.with_name("late.crt"))
    async with fake_bridge(tls=ours.server()) as (_, address), bridge_source(address, tls=files) as source:
        errors = [await refusal(source), await refusal(source)]

        shutil.copy(ready.ca_file, files.ca_file)
        snapshot = await source.list_policies(US)

    assert [error.outcome for error in errors] == [Outcome.UNAUTHENTICATED] * 2
    assert {error.detail for error in errors} == {f"{files.ca_file}: No such file or directory"}
    assert snapshot.outcome is Outcome.OK


async def test_an_encrypted_key_is_rejected_without_a_prompt(ours: Authority) -> None:
    files = ours.client()
    key = serialization.load_pem_private_key(files.key_file.read_bytes(), password=None)
    files.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    async with bridge_source("127.0.0.1:1", tls=files) as source:
        error = await refusal(source)

    assert error.outcome is Outcome.UNAUTHENTICATED
    assert str(files.key_file) in error.detail


async def test_no_message_and_no_repr_contains_the_key(ours: Authority, theirs: Authority) -> None:
    files = ours.client()
    put(theirs.client(), files, "cert_file")
    async with bridge_source("127.0.0.1:1", tls=files) as source:
        error = await refusal(source)

    lines = [line for line in files.key_file.read_text().splitlines() if "-----" not in line]
    held = repr(channel.load_certificates(ours.client("another")))
    assert [line for line in lines if line in str(error) or line in repr(error)] == []
    assert "PRIVATE KEY" not in str(error)
    assert "PRIVATE KEY" not in held
