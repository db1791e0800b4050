"""Virtual time: the real clock at another speed."""

from __future__ import annotations

from datetime import datetime, timedelta

from dict_rate_limit.ports.clock import Clock


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
