"""The simulated DICT behind the Bridge contract, in a process of its own. `dict_server PORT PARTICIPANT...`."""

from __future__ import annotations

import sys

from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.simulator.main import Simulation, simulate

SCENARIO = "calm-day"

if __name__ == "__main__":
    simulation = Simulation(port=int(sys.argv[1]), participants=sys.argv[2:], scenario=SCENARIO)
    simulate(simulation, SystemClock(), print)
