"""Run a fake DICT until a signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from dict_rate_limit.domain.buckets.reading import DEFAULT_PARTICIPANT
from dict_rate_limit.domain.errors import SettingsError
from dict_rate_limit.ports.clock import Clock
from dict_rate_limit.simulator.bridge import ServerTls, VirtualClock, serve_bridge
from dict_rate_limit.simulator.bucket import Refill
from dict_rate_limit.simulator.fake_dict import FakeDict, World
from dict_rate_limit.simulator.faults import Fault
from dict_rate_limit.simulator.scenario import DEFAULT_SCENARIO, scenario_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What to simulate and where: `port` 0 = any free port, `speed` 10 = ten seconds of virtual time in one.

    `faults` are active all the time, besides those of the scenario.
    """

    host: str = "127.0.0.1"
    port: int = 0
    scenario: str = DEFAULT_SCENARIO
    participants: Sequence[str] = (DEFAULT_PARTICIPANT,)
    seed: int = 1
    speed: float = 1.0
    refill: Refill = Refill.PRO_RATA
    faults: Sequence[str] = ()
    tls: ServerTls | None = None


@asynccontextmanager
async def simulated_bridge(simulation: Simulation, clock: Clock) -> AsyncIterator[str]:
    """Serve the simulation until the block ends; yields `host:port`.

    Raises:
        SettingsError: an unknown scenario or fault, a speed out of range, a port in use.
    """
    faults = _faults(simulation.faults)
    if not 0 < simulation.speed <= 1_000:  # noqa: PLR2004 - the bounds are said in the message
        raise SettingsError((f"speed: {simulation.speed:g}, expected more than 0 and at most 1000",))
    virtual_clock = VirtualClock(clock, simulation.speed)
    world = World(
        scenario=scenario_named(simulation.scenario),
        start=virtual_clock.start,
        participants=simulation.participants,
        seed=simulation.seed,
        refill=simulation.refill,
    )
    fake = FakeDict(world)
    fake.inject(*faults)
    async with serve_bridge(
        fake, virtual_clock, host=simulation.host, port=simulation.port, tls=simulation.tls
    ) as address:
        yield address


async def run(simulation: Simulation, clock: Clock, report: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `report` gets the lines for the terminal."""
    async with simulated_bridge(simulation, clock) as address:
        chosen = scenario_named(simulation.scenario)
        report(f"simulated DICT on {address}: {chosen.name} - {chosen.summary}")
        await stop.wait()


def simulate(simulation: Simulation, clock: Clock, report: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Raises SettingsError as `simulated_bridge` does."""
    asyncio.run(_until_signal(simulation, clock, report))


async def _until_signal(simulation: Simulation, clock: Clock, report: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(simulation, clock, report, stop)


def _faults(names: Sequence[str]) -> tuple[Fault, ...]:
    known = {fault.value: fault for fault in Fault}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(tuple(f"fault: {name!r}, expected one of {', '.join(known)}" for name in unknown))
    return tuple(known[name] for name in names)
