"""One kept channel to the Bridge that heals by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import grpc

from dict_rate_limit.adapters.bridge.certificates import CertificateFilesError, load, stamp
from dict_rate_limit.domain.errors import Outcome, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dict_rate_limit.adapters.bridge.certificates import Certificates, Stamp, TlsFiles

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""A list of 29 policies takes about 2 kB."""
_BACKOFF_MS: Final = (100, 1_000)


class KeptChannel:
    """Hands out the channel; a new one takes its place when the certificates change or the old one fell silent.

    The library itself reconnects after a restart of the server, with a bounded back-off and without pings while idle.
    An old channel is closed once its calls have ended.
    """

    def __init__(
        self, address: str, *, tls: TlsFiles | None, deadline: float, on_problem: Callable[[str], None]
    ) -> None:
        """Keep what is needed; nothing is opened or read yet."""
        self._address = address
        self._tls = tls
        self._deadline = deadline
        self._on_problem = on_problem
        self._channel: grpc.aio.Channel | None = None
        self._certificates: Certificates | None = None
        self._stamp: Stamp | None = None
        self._problem = ""
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    def current(self) -> grpc.aio.Channel:
        """Return the channel for the next call.

        Raises:
            SourceError: UNAUTHENTICATED when there has never been a usable set of certificate files; UNAVAILABLE
                after `close`.
        """
        if self._closed:
            raise SourceError(Outcome.UNAVAILABLE, "the connection is closed")
        if self._tls is not None:
            self._refresh(self._tls)
        if self._channel is None:
            self._channel = self._open()
        return self._channel

    def distrust(self, channel: grpc.aio.Channel) -> None:
        """Replace a channel that kept silent: its connection may be dead without anybody having said so."""
        if channel is self._channel:
            self._retire()

    async def close(self) -> None:
        """End running calls and give everything back; may be called twice."""
        self._closed = True
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()
        await asyncio.gather(*self._closing)

    def _refresh(self, files: TlsFiles) -> None:
        seen = stamp(files)
        if seen != self._stamp:
            self._stamp = seen
            self._reload(files)
        if self._certificates is None:
            raise SourceError(Outcome.UNAUTHENTICATED, self._problem)

    def _reload(self, files: TlsFiles) -> None:
        try:
            certificates = load(files)
        except CertificateFilesError as error:
            self._problem = str(error)
            self._on_problem(self._problem)
            return
        if certificates != self._certificates:
            self._certificates = certificates
            self._retire()

    def _retire(self) -> None:
        if self._channel is not None:
            task = asyncio.get_running_loop().create_task(self._channel.close(grace=self._deadline + 1))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._channel = None

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
