"""The fake DICT behind the Bridge's gRPC contract."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

import grpc
from google.protobuf.message import DecodeError

from dict_rate_limit.domain.buckets.bucket import RawPolicy
from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.errors import SettingsError
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.proto import methods
from dict_rate_limit.proto.rate_limit_service_pb2 import (
    GetRateLimitPoliciesResponse,
    GetRateLimitPolicyRequest,
    GetRateLimitPolicyResponse,
    RateLimitPolicy,
)
from dict_rate_limit.simulator.fake_dict import FakeDict
from dict_rate_limit.simulator.faults import ErrorStatus, Garbage, Listing, Reply

Context = grpc.aio.ServicerContext[bytes, bytes]

CODES: Final = {
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    410: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
_PARTICIPANT: Final = re.compile(r"[A-Z0-9]{8}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """PEM files of the server; with `client_ca_file` every client must show a certificate of that authority."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


@asynccontextmanager
async def serve_bridge(
    fake: FakeDict, virtual_clock: VirtualClock, *, host: str = "127.0.0.1", port: int = 0, tls: ServerTls | None = None
) -> AsyncIterator[str]:
    """Serve until the block ends; yields `host:port` (port 0 = any free port).

    Raises:
        SettingsError: the port is taken, or the TLS files cannot be used.
    """
    # Without so_reuseport=0 a second server would share the port without an error.
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((_handlers(_Servicer(fake, virtual_clock)),))
    address = _bind(server, f"[{host}]" if ":" in host else host, port, tls)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(grace=None)


def _bind(server: grpc.aio.Server, host: str, port: int, tls: ServerTls | None) -> str:
    wanted = f"{host}:{port}"
    try:
        bound = server.add_insecure_port(wanted) if tls is None else server.add_secure_port(wanted, _credentials(tls))
    except (RuntimeError, OSError) as error:
        message = f"simulator: cannot listen on {wanted} ({error}); choose another port, or check the TLS files"
        raise SettingsError((message,)) from error
    return f"{host}:{bound}"


def _credentials(tls: ServerTls) -> grpc.ServerCredentials:
    client_ca = None if tls.client_ca_file is None else tls.client_ca_file.read_bytes()
    return grpc.ssl_server_credentials(
        [(tls.key_file.read_bytes(), tls.cert_file.read_bytes())],
        root_certificates=client_ca,
        require_client_auth=client_ca is not None,
    )


def _handlers(servicer: _Servicer) -> grpc.GenericRpcHandler:
    # Bytes in, bytes out: a message type could not carry a garbage answer.
    return grpc.method_handlers_generic_handler(
        methods.SERVICE,
        {
            methods.LIST_METHOD: grpc.unary_unary_rpc_method_handler(servicer.list_policies),
            methods.READ_METHOD: grpc.unary_unary_rpc_method_handler(servicer.get_policy),
        },
    )


class _Servicer:
    def __init__(self, fake: FakeDict, virtual_clock: VirtualClock) -> None:
        self._fake = fake
        self._virtual_clock = virtual_clock

    async def list_policies(self, _request: bytes, context: Context) -> bytes:
        participant = await self._participant(context)
        listing = await _delivered(self._fake.list_policies(participant, self._virtual_clock.now()), context)
        if isinstance(listing, Garbage):
            return listing.body
        answer = GetRateLimitPoliciesResponse(
            response_time=listing.response_time,
            category=listing.category,
            policies=[_message(policy) for policy in listing.policies],
        )
        return answer.SerializeToString()

    async def get_policy(self, request: bytes, context: Context) -> bytes:
        participant = await self._participant(context)
        try:
            name = GetRateLimitPolicyRequest.FromString(request).policy_name
        except DecodeError:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "the request cannot be read")
        reply = self._fake.get_policy(participant, name, self._virtual_clock.now())
        listing = await _delivered(reply, context)
        if isinstance(listing, Garbage):
            return listing.body
        answer = GetRateLimitPolicyResponse(
            response_time=listing.response_time,
            category=listing.category,
            policy=_message(listing.policies[0]) if listing.policies else None,
        )
        return answer.SerializeToString()

    async def _participant(self, context: Context) -> str:
        metadata = context.invocation_metadata() or ()
        named = [str(value) for key, value in metadata if key == methods.PARTICIPANT_KEY]
        if not named and DEFAULT_PARTICIPANT in self._fake.participants:
            return DEFAULT_PARTICIPANT
        if len(named) != 1 or not _PARTICIPANT.fullmatch(named[0]):
            wanted = f"{methods.PARTICIPANT_KEY}: {named}, expected one of 8 digits or capital letters"
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, wanted)
        return named[0]


async def _delivered(reply: Reply, context: Context) -> Listing | Garbage:
    """Wait for the reply's delay and return its body; an error status ends the call."""
    if reply.delay_sec:
        await asyncio.sleep(reply.delay_sec)
    trailing: tuple[tuple[str, str], ...] = ((methods.CORRELATION_KEY, reply.correlation_id),)
    if isinstance(reply.answer, ErrorStatus):
        if reply.answer.retry_after_sec is not None:
            trailing = (*trailing, (methods.RETRY_AFTER_KEY, str(reply.answer.retry_after_sec)))
        await _abort(context, CODES[reply.answer.status], reply.answer.detail, trailing)
    context.set_trailing_metadata(trailing)
    return reply.answer


async def _abort(
    context: Context, code: grpc.StatusCode, detail: str, trailing: tuple[tuple[str, str], ...] = ()
) -> NoReturn:
    await context.abort(code, detail, trailing)


def _message(policy: RawPolicy) -> RateLimitPolicy:
    return RateLimitPolicy(**asdict(policy))


class VirtualClock:
    """Time that starts when this is made and runs `speed` times as fast as the clock."""

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed
        self._began = clock.monotonic()
        self.start = clock.now()

    def now(self) -> datetime:
        """Return the virtual moment; it never runs backwards."""
        return self.start + timedelta(seconds=(self._clock.monotonic() - self._began) * self._speed)
