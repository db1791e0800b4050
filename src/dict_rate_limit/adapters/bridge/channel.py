"""A gRPC channel to the Bridge that replaces itself after a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import grpc

from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.serving.reloaded_files import ReloadedFiles
from dict_rate_limit.serving.tls_files import CertificateFilesError, Certificates, TlsFiles, load

# a list of 29 policies takes about 2 kB
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_BACKOFF_MS: Final = (100, 1_000)

_log = logging.getLogger(__name__)


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
            certificates = load(files)
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
