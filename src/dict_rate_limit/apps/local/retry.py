"""Another go for a server whose port was taken between our look and its own bind."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from dict_rate_limit.apps.local.process import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

ATTEMPTS: Final = 3
COMPLAINTS: Final = ("address already in use", "failed listening")
"""What servers say of a port that is taken, in lower case."""


@asynccontextmanager
async def on_free_ports(start: Callable[[], AbstractAsyncContextManager[str]]) -> AsyncIterator[str]:
    """Enter what `start` gives, which chooses its ports anew each time; gives its value.

    Raises:
        EmbeddedError: it failed for another reason, or its ports were taken three times.
    """
    async with AsyncExitStack() as scope:
        yield await _entered(scope, start)


async def _entered(scope: AsyncExitStack, start: Callable[[], AbstractAsyncContextManager[str]]) -> str:
    for _ in range(ATTEMPTS - 1):
        try:
            return await scope.enter_async_context(start())
        except EmbeddedError as error:
            if not any(complaint in str(error).lower() for complaint in COMPLAINTS):
                raise
    return await scope.enter_async_context(start())
