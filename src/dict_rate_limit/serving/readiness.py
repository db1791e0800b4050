"""Whether a process is ready for requests, and the state of the services it uses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from dict_rate_limit.domain.errors import DictRateLimitError, SchemaError

Check = Callable[[], Awaitable[str]]

CHECK_TIMEOUT_SEC: Final = 1.0
REPORT_TTL_SEC: Final = 1.0


class Readiness:
    """The answer of `/ready`. A service that is down is reported but does not make the process unready.

    A check returns one word ("ok") or raises. Only SchemaError makes the process unready: this code cannot use that
    database.
    """

    def __init__(self, checks: Mapping[str, Check], monotonic: Callable[[], float]) -> None:
        self._checks = checks
        self._monotonic = monotonic
        self._phase = "starting"
        self._report: tuple[bool, dict[str, str]] = (False, {})
        self._expires_at = float("-inf")
        self._lock = asyncio.Lock()

    def start(self) -> None:
        self._enter("ready")

    def drain(self) -> None:
        """Enter the phase "draining": the process is about to end."""
        self._enter("draining")

    async def report(self) -> tuple[bool, Mapping[str, str]]:
        """Return whether the process is ready, and the result of each check by name."""
        # One round of checks a second serves all callers: probes must not load the services they ask about.
        async with self._lock:
            if self._monotonic() >= self._expires_at:
                self._expires_at = self._monotonic() + REPORT_TTL_SEC
                self._report = await self._run_checks()
            return self._report

    def _enter(self, phase: str) -> None:
        self._phase = phase
        self._expires_at = float("-inf")

    async def _run_checks(self) -> tuple[bool, dict[str, str]]:
        phase = self._phase
        results = await asyncio.gather(*(_result(check) for check in self._checks.values()))
        unusable = any(isinstance(result, SchemaError) for result in results)
        status = "schema" if unusable and phase == "ready" else phase
        services = {name: str(result) for name, result in zip(self._checks, results, strict=True)}
        return status == "ready", {"status": status, **services}


async def _result(check: Check) -> str | SchemaError:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SEC):
            return await check()
    except SchemaError as error:
        return error
    except (DictRateLimitError, TimeoutError):
        return "unavailable"
