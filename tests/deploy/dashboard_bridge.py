"""A Bridge that plays every scenario at once, each for a participant of its own.

`python dashboard_bridge.py '<json of Orders>'`
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.simulator.bridge import ServerTls, VirtualClock, serve_bridge
from dict_rate_limit.simulator.fake_dict import FakeDict, World
from dict_rate_limit.simulator.faults import Fault
from dict_rate_limit.simulator.scenario import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dict_rate_limit.simulator.faults import Reply

THROTTLED = "THROTTLE"
"""A participant without a scenario. All its calls are answered 429."""
PLAYERS = {
    name: f"{position:02}{name.replace('-', '').upper():X<6.6}" for position, name in enumerate(sorted(SCENARIOS))
}
"""The participant of each scenario."""
PARTICIPANTS = (*PLAYERS.values(), THROTTLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Port, TLS files, and virtual seconds per second."""

    port: int
    speed: float
    cert_file: str
    key_file: str
    client_ca_file: str

    def text(self) -> str:
        """Format the options as an argument."""
        return json.dumps(asdict(self))


class ManyDicts(FakeDict):
    """One DICT for each participant, all at one address."""

    def __init__(self, dicts: Mapping[str, FakeDict]) -> None:
        self._dicts = dicts

    @property
    def participants(self) -> Sequence[str]:
        """Known participants."""
        return tuple(self._dicts)

    def list_policies(self, participant: str, at: datetime) -> Reply:
        """Return the list of the participant's DICT."""
        return self._dicts[participant].list_policies(participant, at)

    def get_policy(self, participant: str, policy_name: str, at: datetime) -> Reply:
        """Return one policy of the participant's DICT."""
        return self._dicts[participant].get_policy(participant, policy_name, at)


class FirstCallTimeline(VirtualClock):
    """Virtual time that begins with the first call."""

    def __init__(self, clock: SystemClock, speed: float) -> None:
        """Create a stopped clock."""
        super().__init__(clock, speed)
        self._begin = partial(VirtualClock, clock, speed)
        self._life: VirtualClock | None = None

    def now(self) -> datetime:
        """Return the virtual time."""
        self._life = self._life or self._begin()
        return self.start + (self._life.now() - self._life.start)


def every_dict(start: datetime) -> ManyDicts:
    """Create a DICT for each participant."""
    dicts = {
        participant: FakeDict(World(scenario=SCENARIOS[name], start=start, participants=(participant,)))
        for name, participant in PLAYERS.items()
    }
    throttled = FakeDict(World(scenario=SCENARIOS["still"], start=start, participants=(THROTTLED,)))
    throttled.inject(Fault.RATE_LIMITED)
    return ManyDicts({**dicts, THROTTLED: throttled})


async def main(orders: Orders) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    timeline = FirstCallTimeline(SystemClock(), orders.speed)
    tls = ServerTls(
        cert_file=Path(orders.cert_file), key_file=Path(orders.key_file), client_ca_file=Path(orders.client_ca_file)
    )
    async with serve_bridge(every_dict(timeline.start), timeline, port=orders.port, tls=tls):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(Orders(**json.loads(sys.argv[1]))))
