"""A gRPC channel to the Bridge that replaces itself after a failure."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc

from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.serving.reloaded_files import ReloadedFiles

# a list of 29 policies takes about 2 kB
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_BACKOFF_MS: Final = (100, 1_000)
_log = logging.getLogger(__name__)


class CertificateFilesError(Exception):
    """The files cannot be used. The message names the files, never their content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: the client certificate with its chain, its key, and the authorities of the server."""

    cert_file: Path
    key_file: Path
    ca_file: Path

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        return self.cert_file, self.key_file, self.ca_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The content of the files, read at one moment."""

    cert: bytes
    key: bytes = field(repr=False)
    ca: bytes


def load_certificates(files: TlsFiles) -> Certificates:
    """Read the three files and make sure that they fit.

    Raises:
        CertificateFilesError: one is missing, half-written or no PEM, or certificate and key are no pair.
    """
    before = _read(files)
    _require_fit(files)
    if _read(files) != before:
        message = "the certificate files are being written"
        raise CertificateFilesError(message)
    return before


def _read(files: TlsFiles) -> Certificates:
    try:
        return Certificates(
            cert=files.cert_file.read_bytes(), key=files.key_file.read_bytes(), ca=files.ca_file.read_bytes()
        )
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        raise CertificateFilesError(message) from error


def _require_fit(files: TlsFiles) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        # the empty password rejects an encrypted key, for which OpenSSL would prompt
        context.load_cert_chain(files.cert_file, files.key_file, password="")
    except (ssl.SSLError, OSError) as error:
        message = f"{files.cert_file} and {files.key_file} are no pair of certificate and key: {_reason(error)}"
        raise CertificateFilesError(message) from error
    try:
        context.load_verify_locations(files.ca_file)
    except (ssl.SSLError, OSError) as error:
        message = f"{files.ca_file} holds no certificate: {_reason(error)}"
        raise CertificateFilesError(message) from error


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error.strerror or "not readable")


def log_problem(problem: str) -> None:
    """Log what an operator should know though the call continues."""
    _log.warning("bridge.problem", extra={"problem": problem})


@dataclass(slots=True, eq=False)
class OpenChannel:
    """A channel and the number of its running calls."""

    channel: grpc.aio.Channel
    running: int = 0


class ManagedChannel:
    """Opens the channel, and replaces it when the certificates change or a call exceeds its deadline.

    grpc itself reconnects after a restart of the server, with a bounded back-off and without pings while idle. A
    replaced channel is closed once its calls have ended.
    """

    def __init__(self, address: str, *, tls: TlsFiles | None, deadline: float, monotonic: Callable[[], float]) -> None:
        self._address = address
        self._tls = tls
        self._deadline = deadline
        self._active: OpenChannel | None = None
        self._certificates: Certificates | None = None
        # checked at every call: a replaced certificate must not be used once more
        self._files = ReloadedFiles(*(() if tls is None else tls.paths), monotonic=monotonic, every=0)
        self._problem = ""
        self._retired: list[OpenChannel] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    @contextmanager
    def acquire(self) -> Iterator[grpc.aio.Channel]:
        """Yield the channel for one call.

        Raises:
            SourceError: UNAUTHENTICATED while no usable certificate files have been read; UNAVAILABLE after `close`.
        """
        opened = self.current()
        opened.running += 1
        try:
            yield opened.channel
        except SourceError as error:
            # silence may mean a dead connection that was never reset
            if error.outcome is Outcome.DEADLINE_EXCEEDED and opened is self._active:
                self._retire()
            raise
        finally:
            opened.running -= 1
            self._sweep()

    def current(self) -> OpenChannel:
        """Return the channel of the next call. Raises the errors of `acquire`."""
        if self._closed:
            raise SourceError(Outcome.UNAVAILABLE, "the connection is closed")
        if self._tls is not None:
            self._refresh(self._tls)
        if self._active is None:
            self._active = OpenChannel(self._open())
        return self._active

    async def close(self) -> None:
        """End running calls and close all channels; may be called twice."""
        self._closed = True
        self._retire()
        retired, self._retired = self._retired, []
        for opened in retired:
            await opened.channel.close()
        await asyncio.gather(*self._closing)

    def _refresh(self, files: TlsFiles) -> None:
        if self._files.changed():
            self._reload(files)
        if self._certificates is None:
            raise SourceError(Outcome.UNAUTHENTICATED, self._problem)

    def _reload(self, files: TlsFiles) -> None:
        try:
            certificates = load_certificates(files)
        except CertificateFilesError as error:
            self._problem = str(error)
            log_problem(self._problem)
            return
        if certificates != self._certificates:
            self._certificates = certificates
            self._retire()

    def _retire(self) -> None:
        if self._active is not None:
            self._retired.append(self._active)
            self._active = None

    def _sweep(self) -> None:
        for opened in [opened for opened in self._retired if opened.running == 0]:
            self._retired.remove(opened)
            task = asyncio.get_running_loop().create_task(opened.channel.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _open(self) -> grpc.aio.Channel:
        least, most = _BACKOFF_MS
        options = (
            ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
            ("grpc.initial_reconnect_backoff_ms", least),
            ("grpc.max_reconnect_backoff_ms", most),
            # how long one attempt to connect may take: longer than any call waits, so that silence is a deadline
            ("grpc.min_reconnect_backoff_ms", int(self._deadline * 1_000) + 1_000),
            ("grpc.enable_retries", 0),  # a hidden retry would spend a token
            ("grpc.use_local_subchannel_pool", 1),  # a replaced channel must not inherit the old connection
            ("grpc.enable_http_proxy", 0),  # the environment is read by the settings alone
            ("grpc.service_config_disable_resolution", 1),
        )
        held = self._certificates
        if held is None:
            return grpc.aio.insecure_channel(self._address, options)
        credentials = grpc.ssl_channel_credentials(held.ca, held.key, held.cert)
        return grpc.aio.secure_channel(self._address, credentials, options)
